import { expect } from "chai";
import {
  foundersOf,
  policyOfGeneration,
  requireGenerationAllowed,
  type GenerationBefore,
} from "../../src/identity/generation-rules.ts";
import type { Role } from "../../src/identity/group-policy.ts";
import type { DeviceId, UserId } from "../../src/protocol/ids.ts";
import { policyOf } from "../support/role-group.ts";

const deviceOf = (user: string) => ({ user: user as UserId, device: `${user}-1` as DeviceId });

/** Users by leaf; of those in `dead` no device is live. */
function groupOf(users: string[], roles?: Record<string, Role>, dead: string[] = []): GenerationBefore {
  const members = users.map((user) => ({ ...deviceOf(user), isLive: !dead.includes(user) }));
  return { members, policy: roles && policyOf(roles) };
}

function isAllowed(before: GenerationBefore, founder: string, users: string[]): boolean {
  try {
    requireGenerationAllowed({ before, founder: founder as UserId, roster: users.map(deviceOf) });
    return true;
  } catch {
    return false;
  }
}

describe("who founds the next generation", () => {
  it("is either side of a direct", () => {
    expect(foundersOf(groupOf(["alice", "bob"]))).to.deep.equal(["alice", "bob"]);
    expect(isAllowed(groupOf(["alice", "bob"]), "bob", ["alice", "bob"])).to.equal(true);
  });

  it("holds a role in a group; where nobody who does has a live device, it is the first live leaf's", () => {
    const roles = { alice: "owner", bob: "admin" } as const;
    const users = ["carol", "alice", "bob", "dave"];
    expect(foundersOf(groupOf(users, roles))).to.deep.equal(["alice", "bob"]);
    expect(foundersOf(groupOf(users, roles, ["alice"]))).to.deep.equal(["bob"]);
    expect(foundersOf(groupOf(users, roles, ["alice", "bob"]))).to.deep.equal(["carol"]);
    expect(isAllowed(groupOf(users, roles), "carol", users)).to.equal(false);
    expect(isAllowed(groupOf(users, roles), "bob", users)).to.equal(true);
  });
});

describe("the roster of the next generation", () => {
  const users = ["alice", "bob", "carol"];
  const roles = { alice: "owner", bob: "admin" } as const;

  it("has nobody who was not in the group", () => {
    expect(isAllowed(groupOf(users, roles), "alice", [...users, "mallory"])).to.equal(false);
  });

  it("lacks nobody but whom its founder may remove, or who has no live device", () => {
    expect(isAllowed(groupOf(users, roles), "alice", ["alice", "bob"])).to.equal(true);
    expect(isAllowed(groupOf(users, roles), "bob", ["bob", "carol"])).to.equal(false);
    expect(isAllowed(groupOf(users, roles, ["alice"]), "bob", ["bob", "carol"])).to.equal(true);
    expect(isAllowed(groupOf(users, roles, ["alice", "bob"]), "carol", ["carol"])).to.equal(true);
    expect(isAllowed(groupOf(["alice", "bob"]), "alice", ["alice"])).to.equal(false);
  });

  it("may lack some for a while where the commit is full", () => {
    const many = Array.from({ length: 60 }, (_, index) => `user-${index}`);
    const before = groupOf(many, { "user-0": "owner" });
    expect(isAllowed(before, "user-0", many.slice(0, 51))).to.equal(true);
    const byAdmin = groupOf(many, { "user-0": "admin", "user-59": "owner" });
    expect(isAllowed(byAdmin, "user-0", many.slice(0, 51))).to.equal(true);
    expect(isAllowed(byAdmin, "user-0", many.slice(0, 50))).to.equal(false);
  });
});

describe("the policy of the next generation", () => {
  const roles = { alice: "owner", bob: "admin" } as const;
  const policyFor = (founder: string, users: string[]) =>
    policyOfGeneration({
      before: groupOf(["alice", "bob", "carol"], roles),
      founder: founder as UserId,
      roster: users.map(deviceOf),
    });

  it("is the one before, of those who are there", () => {
    expect(policyFor("alice", ["alice", "bob", "carol"])).to.deep.equal(policyOf(roles));
    expect(policyFor("alice", ["alice", "carol"])).to.deep.equal(policyOf({ alice: "owner" }));
  });

  it("has its founder as the owner where no other is left", () => {
    expect(policyFor("carol", ["bob", "carol"])).to.deep.equal(policyOf({ bob: "admin", carol: "owner" }));
    expect(policyFor("bob", ["bob", "carol"])).to.deep.equal(policyOf({ bob: "owner" }));
    const direct = { before: groupOf(["alice", "bob"]), founder: "bob" as UserId, roster: [deviceOf("bob")] };
    expect(policyOfGeneration(direct)).to.equal(undefined);
  });
});
