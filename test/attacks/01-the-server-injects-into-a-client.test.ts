import { expect } from "chai";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { fromBase64, toBase64 } from "../../src/protocol/base64.ts";
import { newId, type ConversationId, type DeviceId } from "../../src/protocol/ids.ts";
import type { LogEntry } from "../../src/protocol/log-entry.ts";
import type { InboxEntry } from "../../src/protocol/requests.ts";
import { AccountWithDevices } from "../support/account-with-devices.ts";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode, dataOf, ok, refused } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { newName, twoTalking, type Side } from "../support/two-talking.ts";

describe("attack 1: the server injects an Add, a Remove or a Welcome into a client", () => {
  let node: MaliciousNode;
  let people: People;
  let alice: Side;
  let bob: Side;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(async () => {
    people = new People(() => node.url);
    ({ alice, bob } = await twoTalking(people));
  });
  afterEach(async () => {
    node.behave();
    await people.close();
  });

  const devicesOf = (side: Side): string[] => side.chat.members.map(({ device }) => device).sort();

  /** A commit of the server's making for alice's group: by an account in her name, with bob's seat or a ghost's in it. */
  async function falseCommit(change: "add" | "remove"): Promise<Uint8Array> {
    const [falseAlice, falseBob] = [
      await AccountWithDevices.of(alice.client.user),
      await AccountWithDevices.of(bob.client.user),
    ];
    const place = { conversation: alice.chat.id, generation: 1, suite: 84 };
    const alone = await engine.createGroup(falseAlice.addDevice(alice.client.device), place);
    const package_ = async (account: AccountWithDevices, device?: DeviceId) =>
      (await engine.createKeyPackage(account.addDevice(device), 84)).publicBytes;
    const founded = await engine.prepareCommit(alone, { add: [await package_(falseBob, bob.client.device)] });
    const changes = change === "add" ? { add: [await package_(falseAlice)] } : { remove: [1] };
    const { commit } = await engine.prepareCommit(founded.next, changes);
    return commit;
  }

  function entryOf(payload: Uint8Array): LogEntry {
    return {
      conversation: bob.chat.id,
      sequence: 3,
      kind: "commit",
      generation: 1,
      epoch: 1,
      sender: { user: alice.client.user, device: alice.client.device },
      id: newId(),
      number: 0,
      payload: toBase64(payload),
      acceptedAt: Date.now(),
    };
  }

  for (const change of ["add", "remove"] as const) {
    it(`(1) a commit with ${change === "add" ? "an Add" : "a Remove"} in a member's name: nobody comes or goes, the user is told`, async () => {
      const before = devicesOf(bob);
      node.push(bob.client.user, "message:posted", entryOf(await falseCommit(change)));
      await eventually(() => expect(bob.codes()).to.include("commit-invalid"));
      expect(devicesOf(bob)).to.deep.equal(before);
      expect(devicesOf(alice)).to.deep.equal(before);
      expect(bob.texts).to.deep.equal(["first"]);
      // The device asks to be added again, as it cannot tell a forged commit from one that it cannot follow.
      await alice.chat.send("to the true members").reached("delivered", { timeout: 60_000 });
      expect(bob.texts).to.deep.equal(["first", "to the true members"]);
      expect(devicesOf(bob)).to.deep.equal(before);
    });
  }

  it("(1) a commit pushed in the place of a message: what stands in the log there is read all the same", async () => {
    node.answer("readd:request", () => refused("rate-limited"));
    node.push(bob.client.user, "message:posted", entryOf(await falseCommit("remove")));
    await eventually(() => expect(bob.codes()).to.include("commit-invalid"));
    await alice.chat.send("the true third").reached("delivered", { timeout: 60_000 });
    expect(bob.texts).to.deep.equal(["first", "the true third"]);
    expect(bob.unopened).to.deep.equal([]);
  });

  it("(1) an entry of another conversation, or a copy of an earlier commit, in the place of the next one", async () => {
    const { entries } = dataOf(
      await node.linesOf(bob.client.user)[0]!.ask("log:read", { conversation: bob.chat.id, after: 0, limit: 1 }),
    );
    const [founding] = entries;
    node.push(bob.client.user, "message:posted", { ...founding!, sequence: 3 });
    await eventually(() => expect(bob.codes()).to.include("commit-invalid"));
    await alice.chat.send("on we go").reached("delivered", { timeout: 60_000 });
    expect(bob.texts).to.deep.equal(["first", "on we go"]);
    expect(devicesOf(bob)).to.have.length(2);
  });

  /** A Welcome by an account of the server's, for a key package that bob published. */
  async function falseWelcome(asUser: string, conversation: ConversationId, generation: number): Promise<InboxEntry> {
    const publishes = node.requests("keypackages:publish", bob.client.user).filter(({ suite }) => suite === 84);
    const keyPackage = fromBase64(publishes[0]!.oneTime.at(-1)!);
    const account = await AccountWithDevices.of(asUser);
    const group = await engine.createGroup(account.addDevice(), { conversation, generation, suite: 84 });
    const { welcome } = await engine.prepareCommit(group, { add: [keyPackage] });
    return {
      kind: "welcome",
      position: 900,
      conversation,
      generation,
      sequence: 900,
      welcome: toBase64(welcome!),
      at: Date.now(),
    };
  }

  /** The inbox that bob reads from now on. */
  async function bobFinds(entry: InboxEntry): Promise<void> {
    let given = false;
    node.answer("inbox:read", ({ user, forward }) => {
      if (user !== bob.client.user || given) return forward();
      given = true;
      return ok<"inbox:read">({ entries: [entry], more: false });
    });
    node.answer("inbox:ack", () => ok<"inbox:ack">({}));
    node.push(bob.client.user, "inbox:posted", entry);
    await eventually(() => expect(given).to.equal(true));
    await bob.client.sync();
  }

  it("(1) a Welcome into a false group of a conversation that is held", async () => {
    const before = devicesOf(bob);
    await bobFinds(await falseWelcome(alice.client.user, bob.chat.id, 1));
    expect(devicesOf(bob)).to.deep.equal(before);
    await bobFinds(await falseWelcome(alice.client.user, bob.chat.id, 2));
    expect(devicesOf(bob)).to.deep.equal(before);
    await bob.chat.send("still ours").reached("delivered", { timeout: 60_000 });
    expect(alice.texts).to.deep.equal(["still ours"]);
  });

  it("(1) a Welcome from a false alice, into a conversation that the server lists: refused, and the user is told", async () => {
    const conversation = newId<ConversationId>();
    const changed: string[] = [];
    bob.client.on("identity-changed", ({ user }) => changed.push(user));
    node.answer("conversation:list", async ({ user, forward }) => {
      const page = dataOf(await forward());
      const [real] = page.conversations;
      if (user !== bob.client.user || !real) return ok<"conversation:list">(page);
      return ok<"conversation:list">({ ...page, conversations: [real, { ...real, conversation }] });
    });
    await bobFinds(await falseWelcome(alice.client.user, conversation, 1));
    expect(bob.client.conversation(conversation)?.members ?? []).to.deep.equal([]);
    expect(changed).to.include(alice.client.user);
  });

  it("(1) a Welcome into a group with somebody whom the conversation is not with", async () => {
    await bobFinds(await falseWelcome(newName("mallory"), bob.chat.id, 1));
    expect(devicesOf(bob)).to.have.members([alice.client.device, bob.client.device]);
    expect(bob.texts).to.deep.equal(["first"]);
  });

  it("(1) a conversation that is listed for others", async () => {
    node.answer("conversation:list", async ({ forward }) => {
      const page = dataOf(await forward());
      const conversations = page.conversations.map((one) => ({
        ...one,
        conversation: newId<ConversationId>(),
        users: ["x", "y"] as never,
      }));
      return ok<"conversation:list">({ ...page, conversations });
    });
    const held = bob.client.conversations().length;
    await bob.client.sync();
    expect(bob.client.conversations()).to.have.length(held);
  });
});
