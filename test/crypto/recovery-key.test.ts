import { expect } from "chai";
import { isGenerationOf, nextArchiveGeneration } from "../../src/crypto/archive.ts";
import { blake2b256 } from "../../src/crypto/primitives/hash.ts";
import { newRecoveryWords, recoveryKeysOf } from "../../src/crypto/recovery-key.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { SottoError } from "../../src/protocol/errors.ts";
import { userId } from "../../src/protocol/ids.ts";

const ann = userId.parse("ann");
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const codeOf = (words: string, user = ann): string => {
  try {
    recoveryKeysOf(user, words);
    return "taken";
  } catch (error) {
    return error instanceof SottoError ? error.code : String(error);
  }
};

/** Made once: whoever has written words down is to get everything back by any later version. */
const words = "W59D-ZW8G-6QK3-BFSW-SDTM-HRQA-6DAM-A10W-2CPP-STH7-441S-W5QR-N5RS-V63H-NX85-BGY6";

describe("the words of a recovery key", () => {
  before(sodiumReady);

  it("open for good what they have opened once", () => {
    const { vaultKey, keyPair } = recoveryKeysOf(ann, words);
    expect(hex(vaultKey)).to.equal("a74f76706755f7778658b88367ce8dc4599ac4a0aefccad54278347f78260cc4");
    expect(hex(blake2b256(keyPair.publicKey))).to.equal(
      "dadb9861015dc26ad0c486ec83cfe79d7c162a1cc6fab319908349d085570c5f",
    );
  });

  it("are read as people type them", () => {
    for (const typed of [words.toLowerCase(), words.replaceAll("-", " "), words.replaceAll("-", "\n"), ` ${words} `]) {
      expect(codeOf(typed)).to.equal("taken");
    }
    expect(codeOf(words.replaceAll("0", "O").replaceAll("1", "l"))).to.equal("taken");
  });

  it("tell every slip of one character, and every two words that changed places", () => {
    for (const [at, character] of words.split("").entries()) {
      if (character === "-") continue;
      const slip = words.slice(0, at) + (character === "7" ? "8" : "7") + words.slice(at + 1);
      expect(codeOf(slip), `at ${at}`).to.equal("recovery-words-invalid");
    }
    const list = words.split("-");
    for (let at = 1; at < list.length; at += 1) {
      const swapped = list.with(at, list[at - 1]!).with(at - 1, list[at]!);
      expect(codeOf(swapped.join("-"))).to.equal("recovery-words-invalid");
    }
    expect(codeOf(list.slice(1).join("-"))).to.equal("recovery-words-invalid");
  });

  it("are somebody's, and say whose they are not", () => {
    expect(codeOf(words, userId.parse("ben"))).to.equal("recovery-words-foreign");
    expect(codeOf(newRecoveryWords(ann))).to.equal("taken");
    expect(newRecoveryWords(ann)).to.not.equal(newRecoveryWords(ann));
  });
});

describe("the generations of archive keys", () => {
  it("of another device are told by who can have made them, and leave room for what comes after", () => {
    const [first, second] = [nextArchiveGeneration(0, 3), nextArchiveGeneration(9000, 3)];
    expect([first, second].map((generation) => isGenerationOf(3, generation, 0))).to.deep.equal([true, true]);
    expect([first + 1, second - 1].map((generation) => isGenerationOf(3, generation, 0))).to.deep.equal([false, false]);
    const far = nextArchiveGeneration(2 ** 41, 3);
    expect([isGenerationOf(3, far, 0), isGenerationOf(3, far, far - 1024)]).to.deep.equal([false, true]);
  });

  it("only grow, and two devices never make the same", () => {
    const made = new Set<number>();
    let latest = 1;
    for (let turn = 0; turn < 2000; turn += 1) {
      const addedVersion = 1 + ((turn * 37) % 1000);
      const next = nextArchiveGeneration(latest, addedVersion);
      expect(next).to.be.greaterThan(latest);
      expect(next % 1024, "the maker's own").to.equal(addedVersion + 1);
      expect(made.has(next)).to.equal(false);
      made.add(next);
      // Now and then two make one at the same time, knowing of the same latest.
      const other = nextArchiveGeneration(latest, 1 + (addedVersion % 1000));
      expect(other).to.not.equal(next);
      latest = Math.max(next, other);
      made.add(other);
    }
    expect(nextArchiveGeneration(0, 1)).to.equal(2);
    expect(nextArchiveGeneration(1, 1)).to.equal(2);
    expect(nextArchiveGeneration(7, 1), "after those of a version that counted by one").to.equal(1026);
  });
});
