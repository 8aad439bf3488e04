import { expect } from "chai";
import { signAck, signAdmission, signReaddRequest } from "../../src/crypto/device-key.ts";
import { generateSigningKeyPair } from "../../src/crypto/signing-key.ts";
import { verifyAck } from "../../src/identity/ack.ts";
import { verifyAdmission } from "../../src/identity/admission.ts";
import { verifyReaddRequest } from "../../src/identity/readd.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { newId, type ConversationId, type DeviceId, type UserId } from "../../src/protocol/ids.ts";

describe("the device key", () => {
  before(sodiumReady);

  it("proves itself, acknowledges and asks to be added again, in words that the node can check", () => {
    const { publicKey, secretKey } = generateSigningKeyPair();
    const [conversation, device] = [newId<ConversationId>(), newId<DeviceId>()];
    const bytes = new Uint8Array(32).fill(1);

    const proof = { nonce: bytes, origin: "https://chat.example", user: "alice" as UserId, device };
    expect(verifyAdmission(proof, signAdmission(secretKey, proof), publicKey)).to.equal(true);
    const elsewhere = { ...proof, origin: "https://evil.example" };
    expect(verifyAdmission(elsewhere, signAdmission(secretKey, proof), publicKey)).to.equal(false);

    const ack = { conversation, sequence: 9, logHash: bytes, unopened: [[3, 4]] as const };
    expect(verifyAck(ack, signAck(secretKey, ack), publicKey)).to.equal(true);
    expect(verifyAck({ ...ack, unopened: [] }, signAck(secretKey, ack), publicKey)).to.equal(false);

    const request = { conversation, generation: 1, epoch: 5, keyPackage: bytes, device };
    expect(verifyReaddRequest(request, signReaddRequest(secretKey, request), publicKey)).to.equal(true);
    expect(verifyReaddRequest({ ...request, epoch: 6 }, signReaddRequest(secretKey, request), publicKey)).to.equal(
      false,
    );
  });
});
