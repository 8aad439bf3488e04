import { expect } from "chai";
import { ackBytes, verifyAck } from "../../src/identity/ack.ts";
import { admissionBytes, verifyAdmission } from "../../src/identity/admission.ts";
import { readdRequestBytes, verifyReaddRequest } from "../../src/identity/readd.ts";
import { isSignatureValid } from "../../src/identity/signature.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { generateSigningKeyPair, sign } from "../../src/crypto/signing-key.ts";
import { newId, userId } from "../../src/protocol/ids.ts";
import type { ConversationId, DeviceId } from "../../src/protocol/ids.ts";

const hash = (fill: number) => new Uint8Array(32).fill(fill);

describe("what a device signs", () => {
  before(() => sodiumReady());

  it("is valid as it was signed, and with no part of it changed: admission", () => {
    const { publicKey, secretKey } = generateSigningKeyPair();
    const proof = {
      nonce: hash(1),
      origin: "https://a.example",
      user: userId.parse("alice"),
      device: newId<DeviceId>(),
    };
    const signature = sign(secretKey, admissionBytes(proof));
    expect(verifyAdmission(proof, signature, publicKey)).to.equal(true);
    const changes = [
      { nonce: hash(2) },
      { origin: "https://b.example" },
      { user: userId.parse("bob") },
      { device: newId<DeviceId>() },
    ];
    for (const change of changes)
      expect(verifyAdmission({ ...proof, ...change }, signature, publicKey)).to.equal(false);
    expect(verifyAdmission(proof, signature, generateSigningKeyPair().publicKey)).to.equal(false);
  });

  it("is valid as it was signed, and with no part of it changed: ack", () => {
    const { publicKey, secretKey } = generateSigningKeyPair();
    const unopened: [number, number][] = [[3, 4]];
    const ack = { conversation: newId<ConversationId>(), sequence: 7, logHash: hash(1), unopened };
    const signature = sign(secretKey, ackBytes(ack));
    expect(verifyAck(ack, signature, publicKey)).to.equal(true);
    const changes = [
      { conversation: newId<ConversationId>() },
      { sequence: 8 },
      { logHash: hash(2) },
      { unopened: [] },
      { unopened: [[3, 5]] as [number, number][] },
      {
        unopened: [
          [3, 4],
          [6, 6],
        ] as [number, number][],
      },
    ];
    for (const change of changes) expect(verifyAck({ ...ack, ...change }, signature, publicKey)).to.equal(false);
  });

  it("is valid as it was signed, and with no part of it changed: re-add request", () => {
    const { publicKey, secretKey } = generateSigningKeyPair();
    const conversation = newId<ConversationId>();
    const request = { conversation, generation: 1, epoch: 2, keyPackage: hash(1), device: newId<DeviceId>() };
    const signature = sign(secretKey, readdRequestBytes(request));
    expect(verifyReaddRequest(request, signature, publicKey)).to.equal(true);
    const changes = [
      { conversation: newId<ConversationId>() },
      { generation: 2 },
      { epoch: 3 },
      { keyPackage: hash(2) },
      { device: newId<DeviceId>() },
    ];
    for (const change of changes) {
      expect(verifyReaddRequest({ ...request, ...change }, signature, publicKey)).to.equal(false);
    }
  });

  it("is not valid with a signature or a key of another length", () => {
    const { publicKey, secretKey } = generateSigningKeyPair();
    const signature = sign(secretKey, hash(1));
    expect(isSignatureValid(signature, hash(1), publicKey)).to.equal(true);
    expect(isSignatureValid(signature.slice(1), hash(1), publicKey)).to.equal(false);
    expect(isSignatureValid(new Uint8Array([...signature, 0]), hash(1), publicKey)).to.equal(false);
    expect(isSignatureValid(signature, hash(1), publicKey.slice(1))).to.equal(false);
    expect(isSignatureValid(new Uint8Array(), hash(1), new Uint8Array())).to.equal(false);
  });
});
