import { expect } from "chai";
import { addDeviceEntry, signRecoveryStatement } from "../../src/crypto/account-key.ts";
import { newArchiveKey } from "../../src/crypto/archive.ts";
import { xWing } from "../../src/crypto/primitives/kem.ts";
import { grantToRecoveryKey } from "../../src/crypto/recovery-grant.ts";
import { recoveryKeysOf } from "../../src/crypto/recovery-key.ts";
import { sealVault } from "../../src/crypto/recovery-vault.ts";
import { generateSigningKeyPair } from "../../src/crypto/signing-key.ts";
import type { DeviceRecord } from "../../src/client/records.ts";
import { currentArchiveKey } from "../../src/client/device/archive-keys.ts";
import type { Client } from "../../src/client/index.ts";
import { fromBase64, toBase64 } from "../../src/protocol/base64.ts";
import { verifyDeviceList } from "../../src/identity/device-list.ts";
import { newId, userId, type DeviceId } from "../../src/protocol/ids.ts";
import type { SottoError } from "../../src/protocol/errors.ts";
import type { ReplyOf } from "../../src/protocol/requests.ts";
import { eventually } from "../support/eventually.ts";
import { archiveGenerations, coreOf, grantedGenerations } from "../support/held-state.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

type Kept = ReplyOf<"recovery:fetch">;

const flipped = (text: string): string =>
  toBase64(fromBase64(text).map((byte, index) => (index === 30 ? byte ^ 1 : byte)));

describe("attack 4: a vault, a recovery key or an archive key that the server planted", function () {
  this.timeout(60_000);
  let node: MaliciousNode;
  let people: People;
  let ann: Client;
  let words: string;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
    ann = await people.online("ann");
    words = await ann.recovery.enable();
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    await node.close();
  });

  const fetchAs = (change: (kept: Kept) => Kept) =>
    node.answer("recovery:fetch", async ({ forward }) => ok<"recovery:fetch">(change(dataOf(await forward()))));
  /** What restoring ends with, and that the device is not set up by it. */
  async function restoringIsRefused(code: string, phone?: Client): Promise<void> {
    const device = phone ?? (await people.open("ann"));
    await refusal(device.recovery.restore(words), code as SottoError["code"]);
    expect(coreOf(device).own.isCertified).to.equal(false);
    expect(device.connection).to.equal("offline");
  }
  const versionOfList = async (): Promise<number> =>
    (await node.inner.store.readDeviceLists([{ user: ann.user, after: 0 }]))[0]!.version;

  it("(4) a vault of another user, or made up, opens for nobody, and no device is added by it", async () => {
    const eve = await people.online("eve");
    await eve.recovery.enable();
    const hers = (await node.inner.store.fetchRecovery(eve.user))!;
    const planted: [string, (kept: Kept) => Kept][] = [
      ["vault-invalid", (kept) => ({ ...kept, vault: toBase64(hers.vault) })],
      ["vault-invalid", (kept) => ({ ...kept, vault: flipped(kept.vault) })],
      ["vault-invalid", (kept) => ({ ...kept, vault: kept.vault.slice(0, 400) })],
      ["vault-invalid", (kept) => ({ ...kept, signature: flipped(kept.signature) })],
      ["vault-invalid", (kept) => ({ ...kept, madeAt: kept.madeAt + 1 })],
      ["vault-invalid", (kept) => ({ ...kept, vault: toBase64(new Uint8Array(16_424)) })],
      ["recovery-mismatch", (kept) => ({ ...kept, publicKey: toBase64(hers.publicKey), vault: toBase64(hers.vault) })],
    ];
    for (const [code, change] of planted) {
      fetchAs(change);
      await restoringIsRefused(code);
    }
    expect(await versionOfList()).to.equal(1);
    node.behave();
    await (await people.open("ann")).recovery.restore(words);
  });

  it("(4) a vault is of one user, one recovery key and one revision", async () => {
    await ann.sync();
    await people.online("ben");
    await ann.direct("ben");
    await (await ann.verification("ben")).confirm();
    await eventually(async () => {
      await ann.sync();
      expect((await node.inner.store.readRecoveryKey(ann.user))?.revision).to.be.greaterThan(1);
    });
    for (const change of [
      (kept: Kept) => ({ ...kept, revision: kept.revision - 1 }),
      (kept: Kept) => ({ ...kept, revision: kept.revision + 1 }),
      (kept: Kept) => ({ ...kept, version: kept.version + 1 }),
    ]) {
      fetchAs(change);
      await restoringIsRefused("vault-invalid");
    }
  });

  it("(4) one who knows the words of a vault, and not the account key, plants no account key of its own", async () => {
    // The words were found; the server would have the user go on under a key that it knows.
    const account = generateSigningKeyPair();
    const { vaultKey } = recoveryKeysOf(ann.user, words);
    const content = {
      accountSecretKey: account.secretKey,
      listVersion: 1,
      listHead: new Uint8Array(32),
      savedAt: 1,
      pins: [],
    };
    fetchAs((kept) => {
      const { version, revision, publicKey, madeAt } = kept;
      const sealed = sealVault(vaultKey, { user: ann.user, version, revision }, content);
      const statement = { user: ann.user, version, publicKey: fromBase64(publicKey), madeAt };
      const signature = toBase64(signRecoveryStatement(account.secretKey, statement));
      return { ...kept, vault: toBase64(sealed), signature };
    });
    await restoringIsRefused("vault-invalid");
    expect(await versionOfList()).to.equal(1);
  });

  it("(4) an older vault brings no revoked device back, and takes no list that does not go on from it", async () => {
    const before = (await node.inner.store.fetchRecovery(ann.user))!;
    const stolen = await people.linked(ann);
    const listWithStolen = (await node.inner.store.readDeviceLists([{ user: ann.user, after: 0 }]))[0]!;
    await ann.devices.revoke(stolen.device);
    await eventually(async () => {
      await ann.sync();
      expect((await node.inner.store.readRecoveryKey(ann.user))?.revision).to.be.greaterThan(before.revision);
    });
    // The vault of now, and the list of before the revocation.
    const headThen = { version: listWithStolen.version, head: toBase64(listWithStolen.head!) };
    const rollBack = node.answer("devices:head", async ({ forward }) =>
      ok<"devices:head">({ ...dataOf(await forward()), ...headThen }),
    );
    await restoringIsRefused("untrusted-list");
    rollBack();
    const fork = node.answer("devices:head", async ({ forward }) =>
      ok<"devices:head">({ ...dataOf(await forward()), head: toBase64(new Uint8Array(32).fill(7)) }),
    );
    await restoringIsRefused("untrusted-list");
    fork();
    // The list is right before the device is added, and another one after.
    const hide = node.answer("devices:read", async ({ forward }) => {
      const { users } = dataOf(await forward());
      return ok<"devices:read">({ users: users.map((one) => ({ ...one, entries: one.entries.slice(0, -2) })) });
    });
    await restoringIsRefused("untrusted-list");
    hide();
    // An older vault of the same words opens, and the list goes on from it: what was revoked since stays so.
    fetchAs((kept) => ({ ...kept, revision: before.revision, vault: toBase64(before.vault) }));
    const phone = await people.open("ann");
    await phone.recovery.restore(words);
    const listed = await phone.devices.list();
    expect(listed.find(({ id }) => id === stolen.device)?.revokedAt).to.be.instanceOf(Date);
    people.forget(stolen);
    await stolen.close();
  });

  it("(4) another list that the account key has signed, and the server kept back, is not taken in the place of the vault's", async () => {
    await people.linked(ann);
    await ann.sync();
    expect((await node.inner.store.readRecoveryKey(ann.user))?.revision).to.be.greaterThan(1);
    const { accountSecretKey } = Reflect.get(coreOf(ann).own, "record") as DeviceRecord;
    const { accountKey } = coreOf(ann).own.identity();
    const entries = coreOf(ann).directory.entries(ann.user).slice(0, 1);
    for (let version = 2; version <= 3; version += 1) {
      const { publicKey: deviceKey } = generateSigningKeyPair();
      const added = { user: ann.user, device: newId<DeviceId>(), deviceKey, at: 1 };
      entries.push(addDeviceEntry(accountSecretKey!, verifyDeviceList(entries, accountKey), added).entry);
    }
    const { version, head } = verifyDeviceList(entries, accountKey);
    node.answer("devices:head", async ({ forward }) =>
      ok<"devices:head">({ ...dataOf(await forward()), version, head: toBase64(head) }),
    );
    node.answer("session:restore", ({ user, request: { device, entry } }) => {
      entries.push(fromBase64(entry));
      const rest = {
        serverTime: 1,
        listVersion: 4,
        keyPackages: [],
        limits: { messageBytes: 1, historyRetentionDays: 1 },
      };
      return ok<"session:restore">({ user: userId.parse(user), device, ...rest });
    });
    node.answer("devices:read", () => {
      const users = [{ user: ann.user, accountKey: toBase64(accountKey), entries: entries.map(toBase64) }];
      return ok<"devices:read">({ users });
    });
    await restoringIsRefused("untrusted-list");
  });

  it("(4) contacts go on from where the vault knew them to stand", async () => {
    const ben = await people.online("ben");
    await ann.direct("ben");
    await people.linked(ben);
    await coreOf(ann).directory.refresh(ben.user);
    await (await ann.verification("ben")).confirm();
    await eventually(async () => {
      await ann.sync();
      expect((await node.inner.store.readRecoveryKey(ann.user))?.revision).to.be.greaterThan(1);
    });
    const stranger = await people.online("stranger");
    const other = coreOf(stranger).own.accountKey!;
    // An older list of the contact, then another account key for it.
    const phone = await people.open("ann");
    await phone.recovery.restore(words);
    const lie = (change: (one: ReplyOf<"devices:read">["users"][number]) => typeof one) =>
      node.answer("devices:read", async ({ forward }) => {
        const { users } = dataOf(await forward());
        return ok<"devices:read">({ users: users.map((one) => (one.user === ben.user ? change(one) : one)) });
      });
    const { directory } = coreOf(phone);
    directory.on("distrusted", () => undefined);
    const isRead = directory.get(ben.user) !== undefined;
    expect(isRead, "nothing was read of the contact yet").to.equal(false);
    lie((one) => ({ ...one, entries: one.entries.slice(0, 1) }));
    await refusal(directory.refresh(ben.user), "untrusted-list");
    const entries = coreOf(stranger).directory.entries(stranger.user).map(toBase64);
    lie((one) => ({ ...one, accountKey: toBase64(other), entries }));
    await refusal(directory.refresh(ben.user), "identity-changed");
    expect(directory.trustIn(ben.user)).to.deep.equal({ confirmed: true, changed: true });
    expect(directory.isHeldBack(ben.user)).to.equal(true);
    node.behave();
    await directory.refresh(ben.user);
    expect(directory.get(ben.user)?.version).to.equal(2);
  });

  it("(4) a recovery public key that another has signed, or that was voided, is handed nothing", async () => {
    const tablet = await people.linked(ann);
    const granted = () => node.requests("recovery:grant", "ann").length;
    const voided = await node.inner.store.readRecoveryKey(ann.user);
    await ann.recovery.enable();
    await tablet.sync();
    const own = xWing.generateKeyPair();
    const eve = generateSigningKeyPair();
    const readAs = (change: Partial<NonNullable<ReplyOf<"recovery:read">["key"]>>) =>
      node.answer("recovery:read", async ({ forward }) => {
        const { key } = dataOf(await forward());
        return ok<"recovery:read">({ key: { ...key!, granted: [], ...change } });
      });
    const statement = { user: ann.user, version: 9, publicKey: own.publicKey, madeAt: 1 };
    const byEve = toBase64(signRecoveryStatement(eve.secretKey, statement));
    const before = granted();
    const lies = [
      { publicKey: toBase64(own.publicKey) },
      { version: 9, publicKey: toBase64(own.publicKey), madeAt: 1, signature: byEve },
      { version: 9 },
      // What the account key did sign once.
      {
        version: voided!.version,
        publicKey: toBase64(voided!.publicKey!),
        madeAt: voided!.madeAt,
        signature: toBase64(voided!.signature),
      },
    ];
    for (const lie of lies) {
      readAs(lie);
      for (const client of [ann, tablet]) await client.sync();
    }
    expect(granted()).to.equal(before);
    expect(new Set(people.faults)).to.deep.equal(new Set(["ann: recovery-mismatch"]));
  });

  it("(4) archive keys that it made up, moved, or had a revoked device sign are as good as not there", async () => {
    const tablet = await people.linked(ann);
    const stolen = await people.linked(ann);
    await stolen.sync();
    const thief = { ...coreOf(stolen).own.identity() };
    await ann.devices.revoke(stolen.device);
    await eventually(async () => {
      await ann.sync();
      expect(await grantedGenerations(node.inner.store, ann.user)).to.deep.equal([1, 2]);
    });
    const kept = (await node.inner.store.fetchRecovery(ann.user))!;
    const place = { user: ann.user, version: kept.version };
    const { version } = (await node.inner.store.readDeviceLists([{ user: ann.user, after: 0 }]))[0]!;
    const eve = generateSigningKeyPair();
    const wire = async (
      by: { device: typeof ann.device; deviceSecretKey: Uint8Array },
      generation: number,
      at: number,
    ) => {
      const grant = await grantToRecoveryKey(by, place, kept.publicKey, newArchiveKey(generation, at));
      const bytes = { encapsulated: toBase64(grant.encapsulated), sealed: toBase64(grant.sealed) };
      return { ...grant, ...bytes, signature: toBase64(grant.signature) };
    };
    const planted = [
      await wire({ device: ann.device, deviceSecretKey: eve.secretKey }, 5000, version),
      await wire(thief, 5001, version),
      await wire(thief, 5002, version + 50),
      await wire({ device: tablet.device, deviceSecretKey: thief.deviceSecretKey }, 5003, version),
    ];
    fetchAs((given) => {
      const [first, second] = given.grants as [Kept["grants"][number], Kept["grants"][number]];
      const moved = [
        { ...first, generation: 5004 },
        { ...first, listVersion: first.listVersion + 1, generation: 5005 },
        { ...second, sealed: first.sealed, generation: 5006 },
        { ...second, generation: 5007, by: tablet.device },
      ];
      return { ...given, grants: [...planted, ...moved, ...given.grants] };
    });
    const phone = await people.open("ann");
    expect((await phone.recovery.restore(words)).archiveKeys).to.equal(2);
    expect(archiveGenerations(phone)).to.deep.equal([1, 2]);
    await stolen.close();
    people.forget(stolen);
  });

  it("(4) a key of a revoked device that it had while it was trusted opens what was, and seals nothing new", async () => {
    const stolen = await people.linked(ann);
    const thief = coreOf(stolen).own.identity();
    await ann.devices.revoke(stolen.device);
    await eventually(() => expect(archiveGenerations(ann)).to.deep.equal([1, 2]));
    const kept = (await node.inner.store.fetchRecovery(ann.user))!;
    const place = { user: ann.user, version: kept.version };
    const grant = await grantToRecoveryKey(thief, place, kept.publicKey, newArchiveKey(5000, 1));
    const bytes = { encapsulated: toBase64(grant.encapsulated), sealed: toBase64(grant.sealed) };
    fetchAs((given) => ({ ...given, grants: [{ ...grant, ...bytes, signature: toBase64(grant.signature) }] }));
    const phone = await people.open("ann");
    await phone.recovery.restore(words);
    await phone.sync();
    expect(currentArchiveKey(coreOf(phone))?.generation).to.not.equal(5000);
    await stolen.close();
    people.forget(stolen);
  });
});
