import { expect } from "chai";
import { randomBytes } from "../../src/crypto/primitives/random.ts";
import { generateSigningKeyPair } from "../../src/crypto/signing-key.ts";
import { openTyping, sealTyping, type TypingPlace } from "../../src/crypto/typing-signal.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { SottoError } from "../../src/protocol/errors.ts";
import { newId, type ConversationId, type DeviceId, type UserId } from "../../src/protocol/ids.ts";
import { limits } from "../../src/protocol/limits.ts";

describe("a typing signal, sealed", () => {
  before(sodiumReady);
  const place: TypingPlace = {
    conversation: newId<ConversationId>(),
    generation: 1,
    epoch: 7,
    user: "ann" as UserId,
    device: newId<DeviceId>(),
  };
  const codeOf = (work: () => unknown): unknown => {
    try {
      return work();
    } catch (error) {
      return error instanceof SottoError ? error.code : error;
    }
  };
  const made = () => {
    const [key, device] = [randomBytes(32), generateSigningKeyPair()];
    return { key, device, sealed: sealTyping(key, device.secretKey, place, { isTyping: true, at: 1234 }) };
  };

  it("opens as what it was, and has one size, whatever it says", () => {
    const { key, device } = made();
    for (const signal of [
      { isTyping: true, at: 0 },
      { isTyping: false, at: Number.MAX_SAFE_INTEGER },
    ]) {
      const sealed = sealTyping(key, device.secretKey, place, signal);
      expect(sealed).to.have.length(limits.sealedTypingBytes);
      expect(openTyping(key, device.publicKey, place, sealed)).to.deep.equal(signal);
    }
  });

  it("opens under no other key, at no other place, and not changed or cut", () => {
    const { key, device, sealed } = made();
    const others: Partial<TypingPlace>[] = [
      { conversation: newId<ConversationId>() },
      { generation: 2 },
      { epoch: 8 },
      { user: "bea" as UserId },
      { device: newId<DeviceId>() },
    ];
    const attempts = [
      ...others.map((other) => () => openTyping(key, device.publicKey, { ...place, ...other }, sealed)),
      () => openTyping(randomBytes(32), device.publicKey, place, sealed),
      () => openTyping(key, device.publicKey, place, sealed.subarray(1)),
      () => openTyping(key, device.publicKey, place, new Uint8Array()),
      ...[...sealed.keys()].map(
        (at) => () => openTyping(key, device.publicKey, place, sealed.with(at, sealed[at]! ^ 1)),
      ),
    ];
    for (const attempt of attempts) expect(codeOf(attempt)).to.equal("undecryptable");
  });

  it("is the device's own word: not that of another member, who has the key as well", () => {
    const { key, device } = made();
    const another = generateSigningKeyPair();
    const forged = sealTyping(key, another.secretKey, place, { isTyping: true, at: 1234 });
    expect(codeOf(() => openTyping(key, device.publicKey, place, forged))).to.equal("undecryptable");
  });
});
