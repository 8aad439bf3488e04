import { expect } from "chai";
import { signWithLabel } from "ts-mls/crypto/signature.js";
import { certifyDevice, signDeviceListEntry } from "../../src/crypto/account-key.ts";
import { sealBody } from "../../src/crypto/message-body.ts";
import { ed25519 } from "../../src/crypto/primitives/signature.ts";
import { generateSigningKeyPair, sign } from "../../src/crypto/signing-key.ts";
import { ackBytes } from "../../src/identity/ack.ts";
import { admissionBytes } from "../../src/identity/admission.ts";
import { certificateSignedBytes, decodeCertificate } from "../../src/identity/device-certificate.ts";
import {
  decodeDeviceListEntry,
  deviceListEntrySignedBytes,
  type DeviceListEntry,
} from "../../src/identity/device-list.ts";
import { readdRequestBytes } from "../../src/identity/readd.ts";
import { recoveryGrantBytes, recoveryStatementBytes, recoveryVaultBytes } from "../../src/identity/recovery.ts";
import { isSignatureValid } from "../../src/identity/signature.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { newId, type ConversationId, type DeviceId, type UserId } from "../../src/protocol/ids.ts";
import { signedBytes, type SigningLabel } from "../../src/protocol/signed-bytes.ts";

/** Every label there is: the compiler refuses this record when one is missing. */
const everyLabel: Record<SigningLabel, true> = {
  admission: true,
  leave: true,
  "history-wrap": true,
  "history-wrap-key": true,
  "archive-row": true,
  "archive-row-key": true,
  "archive-key": true,
  "archive-grant": true,
  envelope: true,
  "device-list": true,
  "device-list-hash": true,
  certificate: true,
  ack: true,
  read: true,
  privacy: true,
  typing: true,
  "typing-seal": true,
  message: true,
  body: true,
  "body-keys": true,
  "body-hash": true,
  "history-share": true,
  "history-share-key": true,
  "history-share-keys": true,
  "device-name": true,
  "device-name-key": true,
  "recovery-words": true,
  "recovery-owner": true,
  "recovery-vault-key": true,
  "recovery-kem-key": true,
  "recovery-key": true,
  "recovery-vault": true,
  "recovery-vault-kept": true,
  "recovery-archive-key": true,
  "recovery-grant": true,
  readd: true,
  link: true,
  "link-hash": true,
  "link-channel": true,
  "link-key": true,
  "link-digits": true,
  "log-entry": true,
  "log-hash": true,
  "log-hash-start": true,
  "key-package-hash": true,
  "handshake-hash": true,
  "safety-number": true,
  record: true,
  "record-key": true,
};
const labels = Object.keys(everyLabel) as SigningLabel[];

const bytes = new Uint8Array(32).fill(3);
const conversation = newId<ConversationId>();
const device = newId<DeviceId>();
const user = "alice" as UserId;

describe("attack 9: a signature given for one thing, used for another", () => {
  before(sodiumReady);

  it("fails for every pair of labels over the same parts", () => {
    const { publicKey, secretKey } = generateSigningKeyPair();
    const signatures = labels.map((label) => sign(secretKey, signedBytes(label, bytes, 7, "text")));
    for (const [index, signature] of signatures.entries()) {
      for (const [other, label] of labels.entries()) {
        const valid = isSignatureValid(signature, signedBytes(label, bytes, 7, "text"), publicKey);
        expect(valid, `${labels[index]} as ${label}`).to.equal(index === other);
      }
    }
  });

  it("fails for each signed object taken for each other one", () => {
    const { publicKey, secretKey } = generateSigningKeyPair();
    const certificate = { user, device, deviceKey: bytes, listVersion: 1 };
    const certified = certifyDevice(secretKey, certificate);
    const entry: DeviceListEntry = {
      version: 1,
      previousHash: bytes,
      operation: "add",
      user,
      device,
      deviceKey: bytes,
      certificate: certified,
      at: 1,
    };
    const objects: Record<string, { signed: Uint8Array; signature: Uint8Array }> = {
      certificate: {
        signed: certificateSignedBytes(certificate),
        signature: decodeCertificate(certified).signature,
      },
      "device list entry": {
        signed: deviceListEntrySignedBytes(entry),
        signature: decodeDeviceListEntry(signDeviceListEntry(secretKey, entry)).signature,
      },
    };
    const deviceSigned = {
      admission: admissionBytes({ nonce: bytes, origin: "https://chat.example", user, device }),
      ack: ackBytes({ conversation, sequence: 1, logHash: bytes, unopened: [] }),
      readd: readdRequestBytes({ conversation, generation: 1, epoch: 1, keyPackage: bytes, device }),
    };
    const place = { user, version: 1 };
    const grant = { generation: 1, listVersion: 1, by: device, encapsulated: bytes, sealed: bytes };
    const recoverySigned = {
      "recovery key": recoveryStatementBytes({ ...place, publicKey: bytes, madeAt: 1 }),
      "no recovery key": recoveryStatementBytes({ ...place, publicKey: null, madeAt: 1 }),
      vault: recoveryVaultBytes({ ...place, revision: 1, sealed: bytes }),
      "recovery grant": recoveryGrantBytes({ ...place, ...grant }),
    };
    for (const [name, signed] of Object.entries({ ...deviceSigned, ...recoverySigned })) {
      objects[name] = { signed, signature: sign(secretKey, signed) };
    }
    for (const [name, { signature }] of Object.entries(objects)) {
      for (const [other, { signed }] of Object.entries(objects)) {
        expect(isSignatureValid(signature, signed, publicKey), `${name} as ${other}`).to.equal(name === other);
      }
    }
  });

  it("fails between what the group protocol signs and what we sign with the same device key", async () => {
    const { publicKey, secretKey } = generateSigningKeyPair();
    const ours = signedBytes("message", bytes);
    const content = ours.slice(4);
    const theirs = await signWithLabel(secretKey, "FramedContentTBS", content, ed25519);
    for (const signed of [ours, content, signedBytes("message", content)]) {
      expect(isSignatureValid(theirs, signed, publicKey)).to.equal(false);
    }
    // Theirs begins with the length of "MLS 1.0 …", at least 8; ours with the first of four bytes of a small length: 0.
    for (const label of labels) expect(signedBytes(label, bytes)[0]).to.equal(0);
  });

  it("fails when bytes are moved from one part to the next", () => {
    const forms = [
      signedBytes("ack", "ab", "c"),
      signedBytes("ack", "a", "bc"),
      signedBytes("ack", "abc"),
      signedBytes("ack", "abc", ""),
      signedBytes("ack", "", "abc"),
      signedBytes("ack", 1, 2),
      signedBytes("ack", 1n << 32n, 2),
    ];
    expect(new Set(forms.map((form) => Buffer.from(form).toString("hex"))).size).to.equal(forms.length);
  });

  it("fails for a body's signature in another place, as its place is signed", () => {
    const { secretKey } = generateSigningKeyPair();
    const inner = { number: 1, previousContentHash: bytes, content: bytes };
    const hashes = [newId<ConversationId>(), conversation].map((at) => {
      const place = { conversation: at, id: newId<never>(), sender: device };
      return Buffer.from(sealBody(place, inner, secretKey).contentHash).toString("hex");
    });
    expect(new Set(hashes).size).to.equal(2);
  });
});
