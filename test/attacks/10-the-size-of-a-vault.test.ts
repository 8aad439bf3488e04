import { expect } from "chai";
import type { ContactPin } from "../../src/crypto/contact-pins.ts";
import { sealVault, type VaultContent } from "../../src/crypto/recovery-vault.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { userId } from "../../src/protocol/ids.ts";
import { limits } from "../../src/protocol/limits.ts";

const key = new Uint8Array(32).fill(1);
const place = { user: userId.parse("ann"), version: 1, revision: 1 };

const pinOf = (name: string, change: Partial<ContactPin> = {}): ContactPin => ({
  user: userId.parse(name),
  accountKey: new Uint8Array(32).fill(2),
  version: 1,
  head: new Uint8Array(32).fill(3),
  confirmed: false,
  changed: false,
  ...change,
});
const sizeWith = (pins: readonly ContactPin[], change: Partial<VaultContent> = {}): number =>
  sealVault(key, place, {
    accountSecretKey: new Uint8Array(64).fill(4),
    listVersion: 1,
    listHead: new Uint8Array(32).fill(5),
    savedAt: 1_700_000_000_000,
    pins,
    ...change,
  }).length;
const contacts = (count: number, name = "contact", change: Partial<ContactPin> = {}): ContactPin[] =>
  Array.from({ length: count }, (_, index) => pinOf(`${name}-${index}`, change));

/** Nonce and tag. */
const overhead = 40;
const smallest = 16 * 1024 + overhead;

describe("attack 10: the size of a vault tells what is in it", () => {
  before(sodiumReady);

  it("(10) is one for everybody with up to a hundred contacts, whatever their names and whoever was compared", () => {
    const sizes = [
      sizeWith([]),
      sizeWith(contacts(1)),
      sizeWith(contacts(100)),
      sizeWith(contacts(60, "n".repeat(100))),
      sizeWith(contacts(100, "contact", { confirmed: true, changed: true, version: 900 })),
      sizeWith([], { listVersion: 1000, savedAt: 4_000_000_000_000 }),
    ];
    expect(new Set(sizes)).to.deep.equal(new Set([smallest]));
  });

  it("(10) has seven values in all, each twice the one before: a change within one shows nothing", () => {
    const counts = Array.from({ length: 140 }, (_, index) => Math.round(1.09 ** index));
    const sizes = [...new Set(counts.filter((count) => count <= 12_000).map((count) => sizeWith(contacts(count))))];
    const buckets = [16, 32, 64, 128, 256, 512, 1024].map((kibibytes) => kibibytes * 1024 + overhead);
    expect(sizes.toSorted((one, other) => one - other)).to.deep.equal(buckets);
    expect(sizeWith(contacts(300))).to.equal(sizeWith(contacts(360)));
  });

  it("(10) does not grow beyond what a node takes: whom nobody has compared is left out first", () => {
    expect(sizeWith(contacts(30_000))).to.equal(limits.vaultBytes);
  });
});
