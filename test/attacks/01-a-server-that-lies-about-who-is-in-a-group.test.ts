import { expect } from "chai";
import type { Proposal } from "ts-mls/proposal.js";
import { decodeKeyPackage } from "../../src/crypto/key-package.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { extensionsOfPolicy } from "../../src/identity/group-policy.ts";
import { fromBase64, toBase64 } from "../../src/protocol/base64.ts";
import type { InboxEntry } from "../../src/protocol/requests.ts";
import { AccountWithDevices } from "../support/account-with-devices.ts";
import { DeceivedGroup, falseEntry, isTold, soon, usersOf } from "../support/deceived-group.ts";
import { eventually } from "../support/eventually.ts";
import { forgeCommit } from "../support/forged-commit.ts";
import type { GroupSide } from "../support/group-sides.ts";
import { heldGroup } from "../support/held-state.ts";
import { MaliciousNode, dataOf, ok, refused } from "../support/malicious-node.ts";
import { policyOf } from "../support/role-group.ts";
import { newName, newSide } from "../support/two-talking.ts";

const patienceMs = 20_000;

/** The rows of "What a server can try on a group" in `docs/threat-model.md` that are about who is in it, in their order. */
describe("a server that lies about who is in a group", function () {
  this.timeout(120_000);
  let node: MaliciousNode;
  let group: DeceivedGroup;
  let alice: GroupSide;
  let bob: GroupSide;
  let carol: GroupSide;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(async () => {
    group = await DeceivedGroup.at(node);
    ({ alice, bob, carol } = group);
  });
  afterEach(async () => {
    node.behave();
    await group.people.close();
  });

  it("(15) hands out a key package of its own for who is to be added: not added, and the adder is told", async () => {
    const dave = await newSide(group.people, "dave");
    const false_ = await AccountWithDevices.of(dave.client.user);
    node.answer("keypackages:claim", async ({ forward }) => {
      const { packages } = dataOf(await forward());
      const swapped = packages.map(async (one) => {
        const pair = await engine.createKeyPackage(false_.addDevice(one.device), 84);
        return { ...one, keyPackage: toBase64(pair.publicBytes) };
      });
      return ok<"keypackages:claim">({ packages: await Promise.all(swapped) });
    });
    expect(await alice.chat.add(dave.client.user)).to.equal("invited");
    await isTold(alice, "key-package-invalid");
    expect(usersOf(alice)).to.have.members(group.names());
    node.behave();
    expect(await alice.chat.add(dave.client.user)).to.equal("added");
    await alice.chat.send("with the true dave").reached("delivered", soon);
    expect(dave.texts).to.deep.equal(["with the true dave"]);
  });

  it("(23) another account key of somebody known: nobody is added, and the adder is told", async () => {
    const dave = await newSide(group.people, "dave");
    await alice.client.verification(dave.client.user).catch(() => undefined);
    await (await alice.client.direct(dave.client.user)).send("first").reached("delivered", soon);
    const false_ = await AccountWithDevices.of(dave.client.user);
    false_.addDevice();
    node.answer("devices:read", async ({ user, forward }) => {
      const reply = dataOf(await forward());
      if (user !== alice.client.user) return ok<"devices:read">(reply);
      const entries = false_.entries.map(toBase64);
      const accountKey = toBase64(false_.accountKeys.publicKey);
      const users = reply.users.map((one) => (one.user === dave.client.user ? { ...one, accountKey, entries } : one));
      return ok<"devices:read">({ users });
    });
    await alice.chat.add(dave.client.user).catch(() => undefined);
    await eventually(() => expect(alice.codes()).to.include("identity-changed"), patienceMs);
    expect(usersOf(alice)).to.have.members(group.names());
  });

  for (const change of ["an Add", "a Remove"]) {
    it(`(1) forges ${change} in a member's name: nobody comes or goes, and who is shown it is told`, async () => {
      const place = { conversation: alice.chat.id, generation: 1, suite: 84 };
      const false_ = await AccountWithDevices.of(alice.client.user);
      const policy = policyOf({ [alice.client.user]: "owner" });
      const alone = await engine.createGroup(false_.addDevice(alice.client.device), place, policy);
      const ghost = async () =>
        (await engine.createKeyPackage((await AccountWithDevices.of(newName("ghost"))).addDevice(), 84)).publicBytes;
      const { next } = await engine.prepareCommit(alone, { add: [await ghost(), await ghost()] });
      const { commit } = await engine.prepareCommit(
        next,
        change === "an Add" ? { add: [await ghost()] } : { remove: [2] },
      );
      group.show(bob, falseEntry(bob, alice, { kind: "commit", bytes: commit }));
      await isTold(bob, "commit-invalid");
      await group.goesOn();
    });
  }

  /** Carol makes a commit that her role does not allow, and the server, which should refuse it, shows it to the others. */
  async function carolCommits(proposals: Proposal[], withoutPath: boolean): Promise<void> {
    const held = await heldGroup(carol.client, carol.chat.id);
    const commit = await forgeCommit(held, { proposals, withoutPath });
    for (const side of [alice, bob]) group.show(side, falseEntry(side, carol, { kind: "commit", bytes: commit }));
    for (const side of [alice, bob]) {
      await isTold(side, "commit-invalid", carol);
      expect(side.chat.users.find(({ user }) => user === carol.client.user)?.role).to.equal("member");
      expect(usersOf(side)).to.have.members(group.names());
    }
    await group.goesOn();
  }

  it("(5) lets an accomplice without a role add somebody: nobody is added, the others are told by whom", async () => {
    const ghost = (await AccountWithDevices.of(newName("ghost"))).addDevice();
    const pair = await engine.createKeyPackage(ghost, 84);
    await carolCommits([{ proposalType: "add", add: { keyPackage: decodeKeyPackage(pair.publicBytes) } }], false);
  });

  it("(5) lets an accomplice make itself an owner: it stays a member, the others are told by whom", async () => {
    const policy = policyOf({ [alice.client.user]: "owner", [carol.client.user]: "owner" });
    const groupContextExtensions = { extensions: extensionsOfPolicy(policy) };
    await carolCommits([{ proposalType: "group_context_extensions", groupContextExtensions }], true);
  });

  it("(1) brings a Welcome into a false group in the place of one that is held: not taken, and the user is told", async () => {
    const published = node.requests("keypackages:publish", bob.client.user).find(({ suite }) => suite === 84)!;
    const false_ = await AccountWithDevices.of(alice.client.user);
    const place = { conversation: bob.chat.id, generation: 1, suite: 84 };
    const policy = policyOf({ [alice.client.user]: "owner" });
    let falseGroup = await engine.createGroup(false_.addDevice(), place, policy);
    for (let epoch = 0; epoch < 8; epoch += 1) falseGroup = (await engine.prepareCommit(falseGroup, {})).next;
    const add = [fromBase64(published.oneTime.at(-1)!)];
    const { welcome } = await engine.prepareCommit(falseGroup, { add });
    const sequence = 900;
    const entry: InboxEntry = {
      kind: "welcome",
      position: 900,
      conversation: bob.chat.id,
      generation: 1,
      sequence,
      welcome: toBase64(welcome!),
      at: Date.now(),
    };
    let given = false;
    node.answer("inbox:read", ({ user, forward }) => {
      if (user !== bob.client.user || given) return forward();
      given = true;
      return ok<"inbox:read">({ entries: [entry], more: false });
    });
    node.answer("inbox:ack", () => ok<"inbox:ack">({}));
    node.answer("conversation:list", async ({ user, forward }) => {
      const page = dataOf(await forward());
      const conversations = page.conversations.map((one) => ({ ...one, joinedSequence: sequence }));
      return ok<"conversation:list">(user === bob.client.user ? { ...page, conversations } : page);
    });
    node.push(bob.client.user, "inbox:posted", entry);
    await isTold(bob, "identity-changed");
    await group.goesOn();
  });

  it("(23) an older roster in its lists: it is the group that counts, and nothing is to be told", async () => {
    node.answer("conversation:list", async ({ forward }) => {
      const page = dataOf(await forward());
      const conversations = page.conversations.map((one) => ({
        ...one,
        users: one.users.filter((user) => user !== carol.client.user),
        leaves: one.leaves.map((device) => (device === carol.client.device ? null : device)),
      }));
      return ok<"conversation:list">({ ...page, conversations });
    });
    await Promise.all(group.all().map(({ client }) => client.sync()));
    for (const side of group.all()) expect(usersOf(side)).to.have.members(group.names());
    await alice.chat.send("to all").reached("delivered", soon);
    expect(carol.texts).to.deep.equal(["first", "to all"]);
    expect(group.all().flatMap((side) => side.codes())).to.deep.equal([]);
  });

  it("(1) says of a device that it was added anew, or is none of the group's: it sends nothing meanwhile, and the user is told", async () => {
    node.answer("conversation:list", async ({ user, forward }) => {
      const page = dataOf(await forward());
      const conversations = page.conversations.map((one) => ({ ...one, joinedSequence: one.head + 1 }));
      return ok<"conversation:list">(user === bob.client.user ? { ...page, conversations } : page);
    });
    await bob.client.sync();
    await isTold(bob, "state-lost");
    node.behave();
    node.answer("message:send", ({ user, forward }) =>
      user === carol.client.user ? refused("not-a-member") : forward(),
    );
    carol.chat.send("we go on");
    await isTold(carol, "state-lost");
    node.behave();
    await eventually(() => expect(alice.texts).to.include("we go on"), patienceMs);
  });
});
