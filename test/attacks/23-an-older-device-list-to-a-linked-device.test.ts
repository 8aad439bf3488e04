import { expect } from "chai";
import { randomBytes } from "node:crypto";
import { memoryStore, type Client } from "../../src/client/index.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import type { ReplyOf } from "../../src/protocol/requests.ts";
import { coreOf } from "../support/held-state.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

type ListedUser = ReplyOf<"devices:read">["users"][number];

describe("attack 23: the server shows a device that was just linked what its user's other devices would refuse", function () {
  this.timeout(60_000);
  let node: MaliciousNode;
  let people: People;
  let ann: Client;
  let ben: Client;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
    ann = await people.online("ann");
    ben = await people.online("ben");
    await people.linked(ben);
    await ann.direct("ben");
    await coreOf(ann).directory.refresh(ben.user);
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    await node.close();
  });

  /** To whoever asks for his list from the beginning on. */
  const lieAboutBen = (change: (one: ListedUser) => ListedUser): (() => void) =>
    node.answer("devices:read", async ({ request, forward }) => {
      const { users } = dataOf(await forward());
      const lied = users.map((one, index) =>
        one.user === ben.user && request.users[index]!.after === 0 ? change(one) : one,
      );
      return ok<"devices:read">({ users: lied });
    });
  const anotherKey = randomBytes(32);
  const lies: [code: "untrusted-list" | "identity-changed", change: (one: ListedUser) => ListedUser][] = [
    ["untrusted-list", (one) => ({ ...one, entries: one.entries.slice(0, 1) })],
    ["untrusted-list", ({ user }) => ({ user, accountKey: null, entries: [] })],
    ["identity-changed", (one) => ({ ...one, accountKey: toBase64(anotherKey) })],
  ];

  for (const [index, [code, change]] of lies.entries()) {
    const what = ["an older list of a contact", "no list of a contact at all", "another account key of a contact"][
      index
    ];
    it(`(23) ${what}, whom this device has never seen: refused, and after a restart as well`, async () => {
      const behave = lieAboutBen(change);
      const store = memoryStore();
      const tablet = await people.linked(ann, { store });
      await refusal(coreOf(tablet).directory.refresh(ben.user), code);
      await tablet.close();
      people.forget(tablet);
      const again = await people.online("ann", { store });
      await refusal(coreOf(again).directory.refresh(ben.user), code);
      expect(coreOf(again).directory.get(ben.user)).to.equal(undefined);
      behave();
      await coreOf(again).directory.refresh(ben.user);
      expect(coreOf(again).directory.get(ben.user)?.version).to.equal(2);
      expect(new Set(people.faults)).to.deep.equal(new Set([`ann: ${code}`]));
    });
  }

  it("whom a person has compared with stays compared on the device that is linked, and held back who is held back", async () => {
    await (await ann.verification("ben")).confirm();
    const tablet = await people.linked(ann);
    expect(await tablet.verification("ben")).to.include({ confirmed: true, changed: false });
    const behave = node.answer("devices:read", async ({ forward }) => {
      const { users } = dataOf(await forward());
      const lied = users.map((one) => (one.user === ben.user ? { ...one, accountKey: toBase64(anotherKey) } : one));
      return ok<"devices:read">({ users: lied });
    });
    await refusal(coreOf(ann).directory.refresh(ben.user), "identity-changed");
    behave();
    const phone = await people.linked(ann);
    expect(await phone.verification("ben")).to.include({ confirmed: true, changed: true });
    expect(coreOf(phone).directory.isHeldBack(ben.user)).to.equal(true);
  });

  it("(4) a recovery key that was voided, or given up, before the device was linked: it is handed nothing", async () => {
    await ann.recovery.enable();
    const voided = (await node.inner.store.readRecoveryKey(ann.user))!;
    await ann.recovery.enable();
    const show = {
      ...voided,
      granted: [],
      publicKey: toBase64(voided.publicKey!),
      signature: toBase64(voided.signature),
    };
    const { version, publicKey, madeAt, signature, revision, granted } = show;
    node.answer("recovery:read", async ({ forward, user, line }) => {
      const isNew = user === ann.user && line !== node.linesOf(ann.user)[0];
      if (!isNew) return forward();
      return ok<"recovery:read">({ key: { version, publicKey, madeAt, signature, revision, granted } });
    });
    const before = node.requests("recovery:grant", "ann").length;
    const tablet = await people.linked(ann);
    await tablet.sync();
    expect(coreOf(tablet).own.recovery).to.deep.include({ version: 2, isChecked: false });
    await ann.recovery.disable();
    const phone = await people.linked(ann);
    await phone.sync();
    expect(coreOf(phone).own.recovery).to.deep.include({ version: 3, publicKey: null });
    expect(node.requests("recovery:grant", "ann").length).to.equal(before);
    expect(await phone.recovery.status()).to.include({ isEnabled: false });
  });
});
