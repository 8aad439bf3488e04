import { expect } from "chai";
import { createHash } from "node:crypto";
import { safetyNumber } from "../../src/identity/safety-number.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { userId } from "../../src/protocol/ids.ts";
import { signedBytes } from "../../src/protocol/signed-bytes.ts";

const side = (user: string, fill: number) => ({ user: userId.parse(user), accountKey: new Uint8Array(32).fill(fill) });

describe("the safety number of two users", () => {
  before(() => sodiumReady());

  it("is this, for these two: it must never change", () => {
    const { digits } = safetyNumber(side("alice", 1), side("bob", 2));
    expect(digits).to.equal("06891 36499 53605 99161 62429 35610 48208 09556 27246 50733 15795 02843");
    expect(digits).to.match(/^(\d{5} ){11}\d{5}$/);
  });

  it("is what another implementation of SHA-512 gives", () => {
    const hashOf = (user: string, fill: number) => {
      const input = signedBytes("safety-number", 1, new Uint8Array(32).fill(fill), user);
      let hash = createHash("sha512").update(input).digest();
      for (let round = 1; round < 5200; round++) hash = createHash("sha512").update(hash).update(input).digest();
      return hash;
    };
    const sorted = [hashOf("alice", 1), hashOf("bob", 2)].sort(Buffer.compare);
    const { code, digits } = safetyNumber(side("alice", 1), side("bob", 2));
    expect(Buffer.from(code).equals(Buffer.concat(sorted))).to.equal(true);
    const first = sorted[0]!.readUIntBE(0, 5) % 100_000;
    expect(digits.slice(0, 5)).to.equal(String(first).padStart(5, "0"));
  });

  it("is the same on both sides, and another one for another key or name", () => {
    const { digits } = safetyNumber(side("alice", 1), side("bob", 2));
    expect(safetyNumber(side("bob", 2), side("alice", 1)).digits).to.equal(digits);
    expect(safetyNumber(side("alice", 1), side("bob", 3)).digits).to.not.equal(digits);
    expect(safetyNumber(side("alice", 1), side("bobby", 2)).digits).to.not.equal(digits);
  });
});
