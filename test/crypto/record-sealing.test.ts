import { expect } from "chai";
import { createVault, createVaultFromKey, openVault } from "../../src/crypto/record-sealing.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { flipBit, refusalOf } from "./example-message.ts";

const cheap = { passes: 1, memoryBytes: 8192 };
const record = Uint8Array.of(1, 2, 3);

describe("the vault of a local store", () => {
  before(sodiumReady);

  it("opens its records again with the passphrase", () => {
    const { header, vault } = createVault("correct horse", cheap);
    const sealed = vault.seal("messages", "7", record);
    expect(Buffer.from(sealed).includes(Buffer.from(record))).to.equal(false);
    expect(openVault(header, "correct horse").open("messages", "7", sealed)).to.deep.equal(record);
  });

  it("takes a passphrase in either Unicode form", () => {
    const { header, vault } = createVault("caf\u00e9", cheap);
    const sealed = vault.seal("t", "1", record);
    expect(openVault(header, "cafe\u0301").open("t", "1", sealed)).to.deep.equal(record);
  });

  it("is refused alike with a wrong passphrase and with any byte of its header changed", () => {
    const { header } = createVault("correct horse", cheap);
    const refusals = new Set([refusalOf(() => openVault(header, "wrong horse"))]);
    for (let at = 0; at < header.length; at++)
      refusals.add(refusalOf(() => openVault(flipBit(header, at), "correct horse")));
    refusals.add(refusalOf(() => openVault(header.slice(1), "correct horse")));
    expect([...refusals]).to.have.length(1);
    expect([...refusals][0]).to.match(/^store-unreadable/);
  });

  it("opens with the key of 32 bytes that it was made with, and is refused alike with any other, or changed", () => {
    const key = new Uint8Array(32).fill(7);
    const { header, vault } = createVault(key);
    const sealed = vault.seal("t", "1", record);
    expect(openVault(header, key).open("t", "1", sealed)).to.deep.equal(record);
    const refusals = new Set([refusalOf(() => openVault(header, new Uint8Array(32)))]);
    for (let at = 0; at < header.length; at++) refusals.add(refusalOf(() => openVault(flipBit(header, at), key)));
    refusals.add(refusalOf(() => openVault(header, "correct horse")));
    refusals.add(refusalOf(() => openVault(createVault("correct horse", cheap).header, key)));
    expect([...refusals]).to.have.length(1);
    expect([...refusals][0]).to.match(/^store-unreadable/);
    expect(refusalOf(() => createVault(key.subarray(1)))).to.match(/^invalid-argument/);
  });

  it("does not let a header ask for any amount of memory", () => {
    const { header } = createVault("x", cheap);
    header.set([0, 0, 0, 1, 0, 0, 0, 0], 5);
    const started = performance.now();
    expect(refusalOf(() => openVault(header, "x"))).to.match(/^store-unreadable/);
    expect(performance.now() - started).to.be.lessThan(1000);
  });

  it("opens a record in no other table, under no other id, and not when changed", () => {
    const vault = createVaultFromKey(new Uint8Array(32).fill(7));
    const sealed = vault.seal("messages", "7", record);
    const wrong: [string, string, Uint8Array][] = [
      ["groups", "7", sealed],
      ["messages", "8", sealed],
      ["messages7", "", sealed],
      ["messages", "7", flipBit(sealed, 0)],
      ["messages", "7", flipBit(sealed, 30)],
      ["messages", "7", sealed.slice(0, 10)],
      ["messages", "7", new Uint8Array()],
    ];
    for (const [table, id, bytes] of wrong) {
      expect(refusalOf(() => vault.open(table, id, bytes))).to.match(/^store-unreadable/);
    }
  });

  it("of one key is not that of another, and needs 32 bytes", () => {
    const [one, two] = [createVaultFromKey(new Uint8Array(32)), createVaultFromKey(new Uint8Array(32).fill(1))];
    expect(refusalOf(() => two.open("t", "1", one.seal("t", "1", record)))).to.match(/^store-unreadable/);
    expect(refusalOf(() => createVaultFromKey(new Uint8Array(31)))).to.match(/^invalid-argument/);
  });

  it("does nothing more once closed", () => {
    const vault = createVaultFromKey(new Uint8Array(32));
    const sealed = vault.seal("t", "1", record);
    vault.close();
    expect(refusalOf(() => vault.open("t", "1", sealed))).to.match(/^closed/);
    expect(refusalOf(() => vault.seal("t", "1", record))).to.match(/^closed/);
  });
});
