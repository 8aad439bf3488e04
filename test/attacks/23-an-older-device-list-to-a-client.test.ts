import { expect } from "chai";
import { toBase64 } from "../../src/protocol/base64.ts";
import type { ReplyOf } from "../../src/protocol/requests.ts";
import { AccountWithDevices } from "../support/account-with-devices.ts";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { newSide, twoTalking, type Side } from "../support/two-talking.ts";

type ListedUser = ReplyOf<"devices:read">["users"][number];

describe("attack 23: the server shows a client an older or another device list", () => {
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

  /** What alice is answered about a user. */
  function tellAliceOf(about: () => string, change: (true_: ListedUser, after: number) => ListedUser): void {
    node.answer("devices:read", async ({ user, request, forward }) => {
      const reply = dataOf(await forward());
      if (user !== alice.client.user) return ok<"devices:read">(reply);
      const changed = reply.users.map((one, index) =>
        one.user === about() ? change(one, request.users[index]!.after) : one,
      );
      return ok<"devices:read">({ users: changed });
    });
  }
  const version = 9;
  const hint = (): void => node.push(alice.client.user, "devices:changed", { user: bob.client.user, version } as never);

  /** Alice is told of bob, by both events where the identity is another one, and goes on with the device that she knows. */
  async function isReported(code: "untrusted-list" | "identity-changed"): Promise<void> {
    const changed: string[] = [];
    alice.client.on("identity-changed", ({ user }) => changed.push(user));
    hint();
    await eventually(() => expect(alice.faults).to.deep.include({ code, user: bob.client.user }));
    if (code === "identity-changed") expect(changed).to.include(bob.client.user);
    expect(alice.chat.members).to.have.length(2);
    node.behave();
    await alice.chat.send("still to bob").reached("delivered", { timeout: 60_000 });
    expect(bob.texts).to.include("still to bob");
    expect((await alice.client.verification(bob.client.user)).safetyNumber).to.equal(
      (await bob.client.verification(alice.client.user)).safetyNumber,
    );
  }

  it("(23) none at all, where one was seen before", async () => {
    tellAliceOf(
      () => bob.client.user,
      ({ user }) => ({ user, accountKey: null, entries: [] }),
    );
    await isReported("untrusted-list");
  });

  it("(23) the entries from the beginning again, as if they were new", async () => {
    const { users } = dataOf(
      await node.linesOf(bob.client.user)[0]!.ask("devices:read", { users: [{ user: bob.client.user, after: 0 }] }),
    );
    tellAliceOf(
      () => bob.client.user,
      () => users[0]!,
    );
    await isReported("untrusted-list");
  });

  it("(23) a device that another account key signed", async () => {
    const false_ = await AccountWithDevices.of(bob.client.user);
    false_.addDevice();
    false_.addDevice();
    tellAliceOf(
      () => bob.client.user,
      (one) => ({ ...one, entries: [toBase64(false_.entries[1]!)] }),
    );
    await isReported("untrusted-list");
  });

  it("(23) another account key: the identity has changed", async () => {
    const false_ = await AccountWithDevices.of(bob.client.user);
    false_.addDevice();
    tellAliceOf(
      () => bob.client.user,
      ({ user }) => ({
        user,
        accountKey: toBase64(false_.accountKeys.publicKey),
        entries: false_.entries.map(toBase64),
      }),
    );
    await isReported("identity-changed");
  });

  it("(23) withheld: a message names a newer version than the server shows", async () => {
    tellAliceOf(
      () => bob.client.user,
      (one, after) => ({ ...one, entries: after === 0 ? one.entries : [] }),
    );
    await people.linked(bob.client);
    await bob.chat.send("I have a tablet").reached("delivered", { timeout: 60_000 });
    await eventually(() => expect(alice.codes()).to.include("untrusted-list"));
    expect(alice.faults.find(({ code }) => code === "untrusted-list")?.user).to.equal(bob.client.user);
  });

  it("(23, 3) another user's list, at first sight: no conversation is founded on it, and the user is told", async () => {
    const carol = await newSide(people, "carol");
    tellAliceOf(
      () => carol.client.user,
      ({ user }) => ({ user, ...bobsList }),
    );
    const { users } = dataOf(
      await node.linesOf(bob.client.user)[0]!.ask("devices:read", { users: [{ user: bob.client.user, after: 0 }] }),
    );
    const bobsList = { accountKey: users[0]!.accountKey, entries: users[0]!.entries };
    const chat = await alice.client.direct(carol.client.user);
    const message = chat.send("for carol");
    const fault = { code: "untrusted-list", user: carol.client.user };
    await eventually(() => expect(alice.faults).to.deep.include(fault));
    expect(message.state).to.equal("queued");
    node.behave();
    await alice.client.sync();
    await message.reached("delivered", { timeout: 60_000 });
    expect(carol.texts).to.deep.equal(["for carol"]);
  });

  it("(23) one's own account, with a device that one did not add: it gets nothing, and the user is told", async () => {
    const false_ = await AccountWithDevices.of(alice.client.user);
    false_.addDevice();
    tellAliceOf(
      () => alice.client.user,
      ({ user }) => ({
        user,
        accountKey: toBase64(false_.accountKeys.publicKey),
        entries: false_.entries.map(toBase64),
      }),
    );
    await alice.client.sync().catch(() => undefined);
    expect(alice.faults).to.deep.include({ code: "identity-changed", user: alice.client.user });
    expect(alice.chat.members).to.have.length(2);
  });

  it("(23) one's own account at first sight", async () => {
    const node2 = await MaliciousNode.start();
    const people2 = new People(() => node2.url);
    const false_ = await AccountWithDevices.of("dora");
    false_.addDevice();
    node2.answer("devices:read", ({ request }) =>
      ok<"devices:read">({
        users: request.users.map(({ user }) => ({
          user,
          accountKey: toBase64(false_.accountKeys.publicKey),
          entries: false_.entries.map(toBase64),
        })),
      }),
    );
    const dora = await people2.open("dora");
    await dora.connect();
    await eventually(() => expect(people2.faults).to.include("dora: identity-changed"));
    await people2.close();
    await node2.close();
  });
});
