import { expect } from "chai";
import { resetEntry } from "../../src/crypto/account-key.ts";
import { generateSigningKeyPair, sign, type SigningKeyPair } from "../../src/crypto/signing-key.ts";
import {
  decodeDeviceListEntry,
  deviceListEntrySignedBytes,
  encodeDeviceListEntry,
  type DeviceListEntry,
} from "../../src/identity/device-list.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { newId, type DeviceId } from "../../src/protocol/ids.ts";
import type { ReplyOf } from "../../src/protocol/requests.ts";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { twoTalking, watch, type Side } from "../support/two-talking.ts";

type ListedUser = ReplyOf<"devices:read">["users"][number];
type Head = Pick<Parameters<typeof resetEntry>[1], "accountKey" | "version" | "head">;

describe("attack 23: the server says that a user has started over", () => {
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

  /** Where bob's list stands. */
  async function bobsHead(): Promise<Head> {
    const [list] = await node.inner.store.readDeviceLists([{ user: bob.client.user, after: 0 }]);
    return { accountKey: list!.accountKey!, version: list!.version, head: list!.head! };
  }

  /** An entry with which bob would start over, signed by `signer`. */
  function forge(head: Head, keys: SigningKeyPair, change: Partial<DeviceListEntry> = {}, signer = keys): Uint8Array {
    const device = { user: bob.client.user, device: newId<DeviceId>(), deviceKey: new Uint8Array(32).fill(7), at: 1 };
    const { entry } = decodeDeviceListEntry(resetEntry(keys.secretKey, head, device));
    const changed = { ...entry, ...change };
    return encodeDeviceListEntry(changed, sign(signer.secretKey, deviceListEntrySignedBytes(changed)));
  }

  function tellAlice(about: (one: ListedUser) => ListedUser): void {
    node.answer("devices:read", async ({ user, forward }) => {
      const { users } = dataOf(await forward());
      if (user !== alice.client.user) return ok<"devices:read">({ users });
      return ok<"devices:read">({ users: users.map((one) => (one.user === bob.client.user ? about(one) : one)) });
    });
  }
  const claim = (accountKey: Uint8Array, entries: Uint8Array[]): void =>
    tellAlice(({ user }) => ({ user, accountKey: toBase64(accountKey), entries: entries.map(toBase64) }));
  const hint = (): void => node.push(alice.client.user, "devices:changed", { user: bob.client.user, version: 9 });

  /** The key is refused, and alice is told so; the number stays, and so does the conversation with the true bob. */
  async function isRefused(): Promise<void> {
    const before = (await alice.client.verification(bob.client.user)).safetyNumber;
    const changes: unknown[] = [];
    alice.client.on("identity-changed", (change) => changes.push(change));
    hint();
    await eventually(() => expect(changes).to.deep.include({ user: bob.client.user }));
    expect(changes).to.not.deep.include({ user: bob.client.user, reason: "started-over" });
    expect((await alice.client.verification(bob.client.user)).safetyNumber).to.equal(before);
    node.behave();
    await alice.chat.send("still to bob").reached("delivered", { timeout: 5000 });
    expect(bob.texts).to.include("still to bob");
    expect(alice.chat.members).to.have.length(2);
  }

  it("(23) with a reset that the new key has not signed", async () => {
    const [head, keys, other] = [await bobsHead(), generateSigningKeyPair(), generateSigningKeyPair()];
    claim(keys.publicKey, [forge(head, keys, {}, other)]);
    await isRefused();
  });

  it("(23) with a reset of another key than the one that is known", async () => {
    const [head, keys] = [await bobsHead(), generateSigningKeyPair()];
    claim(keys.publicKey, [forge({ ...head, accountKey: generateSigningKeyPair().publicKey }, keys)]);
    await isRefused();
  });

  it("(23) with a reset that does not go on from what was seen, or that another key stands behind", async () => {
    const [head, keys] = [await bobsHead(), generateSigningKeyPair()];
    claim(keys.publicKey, [forge({ ...head, head: new Uint8Array(32) }, keys)]);
    await isRefused();
    claim(keys.publicKey, [forge({ ...head, version: head.version + 1 }, keys)]);
    await isRefused();
    claim(generateSigningKeyPair().publicKey, [forge(head, keys)]);
    await isRefused();
  });

  it("(23) by a new key alone, without a reset", async () => {
    claim(generateSigningKeyPair().publicKey, []);
    await isRefused();
  });

  /** Bob really starts over, as often as is said; alice has seen it. */
  async function startOver(): Promise<void> {
    await bob.client.close();
    people.forget(bob.client);
    const fresh = await people.open(bob.client.user);
    const { store, faults } = bob;
    bob = { ...watch(fresh, store), faults };
    await fresh.startOver();
    await fresh.sync();
    await eventually(() => expect(fresh.conversation(alice.chat.id)?.isJoined).to.equal(true), 10_000);
    bob.chat = fresh.conversation(alice.chat.id)!;
    await alice.chat.send("hello again").reached("delivered", { timeout: 5000 });
  }

  it("(23) with a reset from before, to who has seen the next", async () => {
    const first = await bobsHead();
    await startOver();
    const old = await bobsHead();
    await startOver();
    const [list] = await node.inner.store.readDeviceLists([{ user: bob.client.user, after: first.version }]);
    claim(old.accountKey, [list!.entries[0]!]);
    await isRefused();
    claim(old.accountKey, []);
    await isRefused();
    claim(first.accountKey, []);
    await isRefused();
  });

  it("(1, 23) with a key of its own and a true reset: it cannot be told from bob, and alice is told, who had compared, and seals nothing", async () => {
    await (await alice.client.verification(bob.client.user)).confirm();
    const before = (await alice.client.verification(bob.client.user)).safetyNumber;
    const [head, keys] = [await bobsHead(), generateSigningKeyPair()];
    const entry = forge(head, keys);
    const { device, deviceKey } = decodeDeviceListEntry(entry).entry;
    await node.inner.store.appendDeviceEntry({
      user: bob.client.user,
      accountKey: head.accountKey,
      version: head.version + 1,
      previousHead: head.head,
      head: new Uint8Array(32).fill(1),
      entry,
      change: { operation: "reset", device, deviceKey, nextAccountKey: keys.publicKey },
    });
    const changes: unknown[] = [];
    alice.client.on("identity-changed", (change) => changes.push(change));
    hint();
    await eventually(() => expect(changes).to.deep.equal([{ user: bob.client.user, reason: "started-over" }]));
    const message = alice.chat.send("for bob alone");
    await eventually(() => expect(alice.chat.waitingFor).to.equal("identity-changed"));
    await alice.client.sync();
    expect(message.state).to.equal("queued");
    expect(alice.chat.members.map((member) => member.device)).to.not.include(device);
    expect((await alice.client.verification(bob.client.user)).safetyNumber).to.not.equal(before);
  });
});
