import type { Role } from "../../src/identity/group-policy.ts";
import { requireAllowedByPolicy } from "../../src/identity/policy-rules.ts";
import type { DeviceInGroup, GroupChange } from "../../src/identity/policy-rules.ts";
import { newId, userId } from "../../src/protocol/ids.ts";
import { refusal } from "../support/refusal.ts";
import { policyOf } from "../support/role-group.ts";
import { expect } from "chai";

let nextKey = 1;
const device = (name: string): DeviceInGroup => ({
  user: userId.parse(name),
  device: newId(),
  deviceKey: new Uint8Array(32).fill(nextKey++),
});

/** Olga and otto own the group, anna and ben are admins, max and mia are members; each has two devices. */
const names = ["olga", "otto", "anna", "ben", "max", "mia"] as const;
type Name = (typeof names)[number];
const devices = Object.fromEntries(names.map((name) => [name, [device(name), device(name)]])) as unknown as Record<
  Name,
  readonly [DeviceInGroup, DeviceInGroup]
>;
const members = names.flatMap((name) => devices[name]);
const roles: Record<string, Role> = { olga: "owner", otto: "owner", anna: "admin", ben: "admin" };
const policy = policyOf(roles);
const stranger = device("zoe");

type Change = Partial<Omit<GroupChange, "committer" | "leavers" | "replaced">> & {
  leavers?: Name[];
  replaced?: Name[];
};
function judge(committer: Name, { leavers = [], replaced = [], ...change }: Change): void {
  requireAllowedByPolicy({
    policy,
    suite: 84,
    members,
    committer: userId.parse(committer),
    adds: [],
    removes: [],
    newPolicy: undefined,
    leavers: leavers.map((name) => userId.parse(name)),
    replaced: replaced.map((name) => userId.parse(name)),
    ...change,
  });
}
const allows = (committer: Name, change: Change) => expect(() => judge(committer, change)).to.not.throw();
async function refuses(committer: Name, change: Change, rule: string): Promise<void> {
  const { message } = await refusal(() => judge(committer, change), "commit-invalid");
  expect(message).to.equal(rule);
}
const becomes = (changed: Record<string, Role | "member">): Change => {
  const next = Object.entries({ ...roles, ...changed }).filter(([, role]) => role !== "member");
  return { newPolicy: policyOf(Object.fromEntries(next) as Record<string, Role>) };
};

describe("who may add to a group", () => {
  it("owners and admins add users", async () => {
    for (const committer of ["olga", "anna"] as const) allows(committer, { adds: [stranger, device("yan")] });
    await refuses("max", { adds: [stranger] }, "owners and admins add users");
  });

  it("everybody adds a further device of a user who is a member, but not of one who has left", async () => {
    allows("max", { adds: [device("mia"), device("max"), device("olga")] });
    const rule = "who has left is removed before it is added";
    for (const committer of ["max", "olga"] as const) {
      await refuses(committer, { adds: [device("mia")], leavers: ["mia"] }, rule);
      await refuses(committer, { adds: [device("mia")], removes: devices.mia, leavers: ["mia"] }, rule);
    }
  });

  it("everybody adds a device again under the key it had", async () => {
    const [lost] = devices.olga;
    allows("max", { adds: [lost], removes: [lost] });
    const rule = "a device that is added again has the key it had";
    const otherKey = { ...lost, deviceKey: new Uint8Array(32).fill(99) };
    await refuses("olga", { adds: [otherKey], removes: [lost] }, rule);
    await refuses("olga", { adds: [{ ...lost, user: devices.mia[0].user }], removes: [lost] }, rule);
    const theirs = "a role is taken away before its user is removed";
    await refuses("anna", { adds: [otherKey], removes: [lost] }, theirs);
  });

  it("a group is full at 256 devices in the default suite, at 1,000 in the large one", async () => {
    for (const [suite, bound] of [
      [84, 256],
      [3, 1000],
    ] as const) {
      // prettier-ignore
      const others = Array.from({ length: bound - members.length - 1 }, () => device("mia"));
      const almost = { suite, members: [...members, ...others] };
      allows("olga", { ...almost, adds: [stranger] });
      await refusal(() => judge("olga", { ...almost, adds: [stranger, device("yan")] }), "group-full");
      const full = { suite, members: [...members, ...others, device("mia")] };
      await refusal(() => judge("mia", { ...full, adds: [device("mia")] }), "group-full");
      allows("olga", { ...full, adds: [devices.max[0]], removes: [devices.max[0]] });
      allows("mia", { ...full, removes: [devices.mia[0]] });
      allows("mia", full);
      // However it came to be, a group past its bound can still shrink and renew its keys.
      allows("mia", { suite, members: [...full.members, stranger] });
    }
  });
});

describe("who may remove from a group", () => {
  it("everybody removes the own user's devices, with a role or without", () => {
    for (const committer of names) allows(committer, { removes: [devices[committer][1]] });
  });

  it("owners and admins remove users who have no role", async () => {
    for (const committer of ["olga", "anna"] as const) {
      allows(committer, { removes: [...devices.mia, ...devices.max] });
      const rule = "a role is taken away before its user is removed";
      for (const holder of ["otto", "ben"] as const) await refuses(committer, { removes: devices[holder] }, rule);
      await refuses(committer, { removes: devices.ben, adds: [device("ben")] }, rule);
    }
    await refuses("max", { removes: devices.mia }, "owners and admins remove users, everybody removes who has left");
  });

  it("a user is removed with all devices, none of which is added again", async () => {
    const rule = "a user is removed with all devices";
    const [one, other] = devices.mia;
    await refuses("olga", { removes: [one] }, rule);
    await refuses("olga", { removes: [one, other], adds: [other] }, rule);
    await refuses("max", { removes: [one], leavers: ["mia"] }, rule);
    allows("olga", { removes: [one, other], adds: [device("mia")] });
  });

  it("everybody removes who has left, once the role is given up", async () => {
    allows("max", { removes: devices.mia, leavers: ["mia"] });
    await refuses(
      "max",
      { removes: devices.anna, leavers: ["anna"] },
      "a role is taken away before its user is removed",
    );
  });
});

describe("who may replace a user who has started over", () => {
  it("everybody who is a member, whatever role the user has", () => {
    for (const replaced of ["olga", "ben", "mia"] as const) {
      const change = { removes: devices[replaced], adds: [device(replaced)], replaced: [replaced] };
      for (const committer of names.filter((name) => name !== replaced)) allows(committer, change);
    }
  });

  it("with all devices, and without leave to do anything else", async () => {
    const [one, other] = devices.olga;
    const adds = [device("olga")];
    const rule = "who starts over is replaced with all devices";
    for (const removes of [[], [one]]) await refuses("max", { removes, adds, replaced: ["olga"] }, rule);
    await refuses(
      "max",
      { removes: [one, other, ...devices.mia], adds, replaced: ["olga"] },
      "owners and admins remove users, everybody removes who has left",
    );
    await refuses(
      "max",
      { removes: [one, other], adds: [...adds, stranger], replaced: ["olga"] },
      "owners and admins add users",
    );
  });

  it("but not one who has left", async () => {
    const change: Change = { removes: devices.mia, adds: [device("mia")], replaced: ["mia"], leavers: ["mia"] };
    await refuses("max", change, "who has left is removed before it is added");
  });
});

describe("who may change a group's policy", () => {
  it("owners and admins say how long messages are kept, members do not", async () => {
    const newPolicy = policyOf(roles, { history: "off", retentionDays: 7 });
    for (const committer of ["olga", "anna"] as const) allows(committer, { newPolicy });
    await refuses("max", { newPolicy }, "owners and admins change the policy");
  });

  it("owners make and unmake owners and admins", () => {
    allows("olga", becomes({ mia: "admin" }));
    allows("olga", becomes({ mia: "owner", anna: "owner" }));
    allows("olga", becomes({ otto: "member", ben: "member", olga: "admin", anna: "owner" }));
  });

  it("admins make and unmake nobody, and touch no owner", async () => {
    const rule = "owners make and unmake owners and admins";
    for (const changed of [{ mia: "admin" }, { ben: "member" }, { otto: "member" }, { otto: "admin" }, { anna: "owner" }])
      await refuses("anna", becomes(changed as Record<string, Role>), rule); // prettier-ignore
    await refuses("max", becomes({ max: "admin" }), "owners and admins change the policy");
  });

  it("whoever has a role may give it up", () => {
    allows("anna", becomes({ anna: "member" }));
    allows("olga", becomes({ olga: "admin" }));
    allows("olga", becomes({ olga: "member" }));
  });

  it("nobody who is not a member has a role", async () => {
    await refuses("olga", becomes({ zoe: "admin" }), "who has a role is a member");
  });

  it("a policy is changed by itself", async () => {
    const { newPolicy } = becomes({ mia: "admin" });
    await refuses("olga", { newPolicy, adds: [stranger] }, "a policy is changed by itself");
    await refuses("olga", { newPolicy, removes: devices.max }, "a policy is changed by itself");
  });
});

describe("how a group begins", () => {
  const [founder] = devices.olga;
  const alone = { policy: undefined, members: [founder] };

  it("with a policy in which the founder is the owner, and alone has a role", async () => {
    allows("olga", { ...alone, newPolicy: policyOf({ olga: "owner" }, { history: "off" }) });
    const rule = "the founder is the first owner, and alone holds a role";
    await refuses("olga", { ...alone, newPolicy: policyOf({ otto: "owner" }) }, rule);
    await refuses("olga", { ...alone, newPolicy: policyOf({ olga: "owner", otto: "admin" }) }, rule);
    await refuses("olga", { ...alone, newPolicy: policyOf({ olga: "admin", otto: "owner" }) }, rule);
    await refuses("olga", { policy: undefined, newPolicy: policyOf({ olga: "owner" }) }, rule);
  });

  it("with nothing else", async () => {
    const newPolicy = policyOf({ olga: "owner" });
    await refuses("olga", { ...alone, newPolicy, adds: [stranger] }, "a policy is changed by itself");
    await refuses("olga", { ...alone, newPolicy, removes: [founder] }, "a policy is changed by itself");
    await refuses("olga", { ...alone, adds: [stranger] }, "a group begins with its policy");
    await refuses("olga", alone, "a group begins with its policy");
  });
});
