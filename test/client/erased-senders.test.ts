import { expect } from "chai";
import { asGone, asItStood } from "../../src/client/conversation/erased-senders.ts";
import { entryHash, type HashedEntry } from "../../src/identity/log-hash.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { newId, type UserId } from "../../src/protocol/ids.ts";

const pseudonym = `erased-${"0".repeat(32)}` as UserId;
const alice = "alice" as UserId;

describe("an entry of somebody who was erased", () => {
  let before: HashedEntry;
  let shown: HashedEntry;
  beforeEach(async () => {
    await sodiumReady();
    before = {
      conversation: newId(),
      sequence: 7,
      kind: "message",
      generation: 1,
      epoch: 3,
      sender: { user: alice, device: newId() },
      id: newId(),
      number: 4,
      payload: Uint8Array.of(1, 2, 3),
      acceptedAt: 1_700_000_000_000,
    };
    const originalHash = toBase64(entryHash(before));
    shown = { ...before, sender: { ...before.sender, user: pseudonym }, originalHash };
  });

  it("is what it was, with the name put back by who knows the device", () => {
    expect(asItStood(shown, () => alice)).to.deep.equal({ ...before, originalHash: shown.originalHash });
    expect(asItStood(before, () => undefined)).to.equal(before);
  });

  it("is nothing of a device that nobody knows, of another user, or with anything in it changed", () => {
    expect(asItStood(shown, () => undefined)).to.equal(undefined);
    expect(asItStood(shown, () => "bob" as UserId)).to.equal(undefined);
    for (const changed of [{ payload: Uint8Array.of(1, 2, 4) }, { number: 5 }, { acceptedAt: 0 }] as const) {
      expect(asItStood({ ...shown, ...changed }, () => alice)).to.equal(undefined);
    }
  });

  it("counts as gone then, under the hash that the node answers for: nothing of it is opened", () => {
    const gone = asGone(shown);
    expect(gone.payload).to.have.length(0);
    expect(gone.goneHash).to.equal(shown.originalHash);
    expect(gone).to.not.have.property("originalHash");
  });
});
