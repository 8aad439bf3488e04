import { expect } from "chai";
import { readFileSync } from "node:fs";
import { memoryStore, type Client } from "../../src/client/index.ts";
import { decodeTypedCode } from "../../src/crypto/typed-code.ts";
import { newRecoveryWords, recoveryKeysOf, splitRecoveryWords } from "../../src/crypto/recovery-key.ts";
import { userId } from "../../src/protocol/ids.ts";
import { Connection } from "../../src/store/sqlite/connection.ts";
import { eventually } from "../support/eventually.ts";
import { keysIn, textsIn } from "../support/find-secrets.ts";
import { archiveGenerations, coreOf, grantedGenerations } from "../support/held-state.ts";
import { secretsOf } from "../support/client-secrets.ts";
import { MaliciousNode, refused } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

describe("the recovery key of a user", function () {
  this.timeout(60_000);
  let node: MaliciousNode;
  let people: People;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    await node.close();
  });

  const byPlaces = (words: string, ...places: number[]): Record<number, string> =>
    Object.fromEntries(places.map((place) => [place, splitRecoveryWords(words)[place - 1]!]));
  const vaultRevision = async (client: Client): Promise<number | undefined> =>
    (await node.inner.store.readRecoveryKey(client.user))?.revision;

  it("is sixteen words, of which some or all are asked back, and none is stored", async () => {
    const store = memoryStore();
    const ann = await people.online("ann", { store });
    expect(await ann.recovery.status()).to.include({ isEnabled: false, isChecked: false, canEnable: true });
    await refusal(ann.recovery.check("whatever"), "recovery-unknown");
    const words = await ann.recovery.enable();
    expect(words).to.match(/^([0-9A-HJKMNP-TV-Z]{4} ){15}[0-9A-HJKMNP-TV-Z]{4}$/);
    expect(await ann.recovery.status()).to.include({ isEnabled: true, isChecked: false });
    const wrong = { ...byPlaces(words, 2, 9), 16: "0000" };
    expect(await ann.recovery.check(wrong)).to.equal(false);
    await refusal(ann.recovery.check(byPlaces(words, 2, 9)), "invalid-argument");
    await refusal(ann.recovery.check({ ...byPlaces(words, 2, 9), 17: "0000" }), "invalid-argument");
    expect((await ann.recovery.status()).isChecked).to.equal(false);
    expect(await ann.recovery.check(byPlaces(words.toLowerCase(), 2, 9, 16))).to.equal(true);
    expect((await ann.recovery.status()).isChecked).to.equal(true);
    await ann.close();
    people.forget(ann);
    const kept = await secretsOf(store);
    expect(
      keysIn(
        kept.map((key) => Buffer.from(key)),
        [decodeTypedCode(words, 40)!.subarray(0, 32)],
      ),
    ).to.deep.equal([]);
    const again = await people.online("ann", { store });
    await refusal(again.recovery.check(byPlaces(words, 2, 9, 16)), "invalid-argument");
    expect(await again.recovery.check(words)).to.equal(true);
    expect(await again.recovery.check(words.replace(/.$/, "=")), "not a character of words").to.equal(false);
  });

  it("says what would be lost without it, before it is lost", async () => {
    const ann = await people.online("ann");
    await people.online("ben");
    const tablet = await people.linked(ann);
    await (await ann.direct("ben")).send("hello").reached("delivered", { timeout: 30_000 });
    await (await ann.verification("ben")).confirm();
    const { atStake } = await ann.recovery.status();
    expect(atStake).to.deep.equal({ otherDevices: 1, conversations: 1, comparedContacts: 1 });
    expect(await tablet.recovery.status()).to.include({ isEnabled: false, canEnable: false });
  });

  it("is made by a device with the identity key, and known to the linked ones, which hand it their archive keys", async () => {
    const ann = await people.online("ann");
    const tablet = await people.linked(ann);
    await refusal(tablet.recovery.enable(), "forbidden");
    await refusal(tablet.recovery.disable(), "forbidden");
    const words = await ann.recovery.enable();
    expect(await grantedGenerations(node.inner.store, ann.user)).to.deep.equal([1]);
    expect(await tablet.recovery.check(words), "all words are enough on any device").to.equal(true);
    expect(await tablet.recovery.status()).to.include({ isEnabled: true, isChecked: true, canEnable: false });
  });

  it("is void once there is another, or none", async () => {
    const ann = await people.online("ann");
    const [first, second] = [await ann.recovery.enable(), await ann.recovery.enable()];
    expect(await ann.recovery.check(first)).to.equal(false);
    await refusal((await people.open("ann")).recovery.restore(first), "recovery-mismatch");
    await ann.recovery.disable();
    expect(await ann.recovery.status()).to.include({ isEnabled: false, madeAt: undefined });
    await refusal((await people.open("ann")).recovery.restore(second), "recovery-unknown");
    const third = await ann.recovery.enable();
    expect((await (await people.open("ann")).recovery.restore(third)).archiveKeys).to.equal(1);
  });

  it("tells slips, other people's words, and nothing to restore apart, and sets nothing up", async () => {
    const ann = await people.online("ann");
    const ben = await people.online("ben");
    const words = await ann.recovery.enable();
    const fresh = await people.open("ann");
    const slip = words.startsWith("0") ? `1${words.slice(1)}` : `0${words.slice(1)}`;
    await refusal(fresh.recovery.restore(slip), "recovery-words-invalid");
    await refusal(fresh.recovery.restore(words.slice(5)), "recovery-words-invalid");
    await refusal(fresh.recovery.restore(await ben.recovery.enable()), "recovery-words-foreign");
    await refusal(ann.recovery.restore(words), "invalid-argument");
    const zoe = await people.open("zoe");
    await refusal(zoe.recovery.restore(newRecoveryWords(userId.parse("zoe"))), "recovery-unknown");
    expect((await node.inner.store.readDeviceLists([{ user: zoe.user, after: 0 }]))[0]!.version).to.equal(0);
    // The very device goes on as if nothing had been tried.
    await fresh.recovery.restore(words);
    expect(fresh.connection).to.equal("online");
    await zoe.connect();
  });

  it("has a vault that is written anew when contacts or devices change, and only then", async () => {
    const ann = await people.online("ann");
    await people.online("ben");
    const words = await ann.recovery.enable();
    await ann.sync();
    expect(await vaultRevision(ann)).to.equal(1);
    await ann.direct("ben");
    await (await ann.verification("ben")).confirm();
    await eventually(async () => expect(await vaultRevision(ann)).to.be.greaterThan(1));
    await ann.sync();
    const revision = (await vaultRevision(ann))!;
    await ann.sync();
    expect(await vaultRevision(ann)).to.equal(revision);
    const tablet = await people.linked(ann);
    await tablet.sync();
    expect(await vaultRevision(ann), "a linked device writes none").to.equal(revision);
    await ann.sync();
    expect(await vaultRevision(ann)).to.equal(revision + 1);
    const phone = await people.open("ann");
    expect(await phone.recovery.restore(words)).to.include({ contacts: 1 });
    expect((await phone.verification("ben")).confirmed).to.equal(true);
  });

  it("loses no contact where two devices write the vault by turns", async () => {
    const ann = await people.online("ann");
    for (const name of ["ben", "cat"]) await people.online(name);
    const words = await ann.recovery.enable();
    const phone = await people.open("ann");
    await phone.recovery.restore(words);
    await phone.sync();
    await ann.direct("ben");
    await (await ann.verification("ben")).confirm();
    await ann.sync();
    await phone.direct("cat");
    await (await phone.verification("cat")).confirm();
    await phone.sync();
    await ann.sync();
    const third = await people.open("ann");
    await third.recovery.restore(words);
    const trust = ["ben", "cat"].map((name) => coreOf(third).directory.trustIn(userId.parse(name)).confirmed);
    expect(trust).to.deep.equal([true, true]);
  });

  it("is restored once although the answer was lost, and the device is in the list once", async () => {
    const ann = await people.online("ann");
    const words = await ann.recovery.enable();
    let isFirst = true;
    node.answer("session:restore", async ({ forward, line }) => {
      const answer = await forward();
      if (!isFirst) return answer;
      isFirst = false;
      line.cut();
      return undefined;
    });
    const phone = await people.open("ann");
    await phone.recovery.restore(words);
    await ann.sync();
    expect((await ann.devices.list()).map(({ id }) => id)).to.deep.equal([ann.device, phone.device]);
  });

  it("gets the archive keys that it lacks when the node takes them again", async () => {
    const ann = await people.online("ann");
    const lost = await people.linked(ann);
    await ann.recovery.enable();
    const behave = node.answer("recovery:grant", () => refused("unavailable"));
    await ann.devices.revoke(lost.device);
    await eventually(() => expect(archiveGenerations(ann)).to.deep.equal([1, 2]));
    behave();
    await eventually(async () => {
      await ann.sync();
      expect(await grantedGenerations(node.inner.store, ann.user)).to.deep.equal([1, 2]);
    });
  });

  it("is there again after the node's database was put back to before it, or to one before", async () => {
    const ann = await people.online("ann");
    const tablet = await people.linked(ann);
    const first = await ann.recovery.enable();
    const words = await ann.recovery.enable();
    await tablet.sync();
    const lose = `DELETE FROM recovery_grants WHERE user = 'ann'; DELETE FROM recovery_keys WHERE user = 'ann'`;
    const put = `UPDATE recovery_keys SET version = 1 WHERE user = 'ann'`;
    for (const statements of [lose, put]) {
      const db = new Connection(node.inner.file, 5000);
      db.exec(statements);
      db.close();
      await ann.sync();
      // The archive keys follow at the next comparison, by whoever is there.
      await tablet.sync();
      expect(await grantedGenerations(node.inner.store, ann.user)).to.deep.equal([1]);
    }
    expect(await (await people.open("ann")).recovery.restore(words)).to.include({ archiveKeys: 1 });
    await refusal((await people.open("ann")).recovery.restore(first), "recovery-mismatch");
    expect(people.faults.filter((fault) => !fault.endsWith("recovery-mismatch"))).to.deep.equal([]);
  });

  it("leaves nothing of the words, of keys or of contacts where the node can see it", async () => {
    const store = memoryStore();
    const ann = await people.online("ann", { store });
    await people.online("benedicta-the-contact");
    const words = await ann.recovery.enable();
    await (await ann.direct("benedicta-the-contact")).send("hello").reached("delivered", { timeout: 30_000 });
    await ann.sync();
    await (await people.open("ann")).recovery.restore(words);
    await ann.close();
    people.forget(ann);
    const { vaultKey, keyPair } = recoveryKeysOf(ann.user, words);
    const archive = coreOf(ann).own.archiveKeys.map(({ key }) => key);
    const secret = decodeTypedCode(words, 40)!.subarray(0, 32);
    const secrets = [secret, vaultKey, keyPair.secretKey, ...archive, ...(await secretsOf(store))];
    const files = [node.inner.file, `${node.inner.file}-wal`].map((file) => readFileSync(file));
    const wire = Buffer.from(JSON.stringify(node.exchanges));
    for (const haystack of [...files, wire]) {
      expect(keysIn([haystack], secrets)).to.deep.equal([]);
      expect(textsIn([haystack], [words, words.replaceAll(" ", "-"), words.replaceAll(" ", "")])).to.deep.equal([]);
    }
  });
});
