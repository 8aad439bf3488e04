import { ByteReader, MalformedBytes } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { idToBytes } from "../protocol/ids.ts";
import type { DeviceId, UserId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { readDevice, readUser, readVersion } from "./identity-fields.ts";
import { sodium } from "./sodium.ts";

/** One signed step of a user's device list. `version` counts from 1; `previousHash`: 32 bytes, zeros for the first. */
export interface DeviceListEntry {
  readonly version: number;
  readonly previousHash: Uint8Array;
  readonly operation: "add" | "revoke";
  readonly user: UserId;
  readonly device: DeviceId;
  readonly deviceKey: Uint8Array;
  /** The encoded certificate for an add; empty for a revocation. */
  readonly certificate: Uint8Array;
  /** Milliseconds since 1970, by the signer's clock: for people to read, decides nothing. */
  readonly at: number;
}

/** What the account key signs. */
export function deviceListEntrySignedBytes(entry: DeviceListEntry): Uint8Array {
  const { version, previousHash, operation, user, device, deviceKey, certificate, at } = entry;
  return signedBytes(
    "device-list",
    version,
    previousHash,
    operation,
    user,
    idToBytes(device),
    deviceKey,
    certificate,
    at,
  );
}

/** The entry with its signature (64 bytes, by the account key), as it is stored and sent. */
export function encodeDeviceListEntry(entry: DeviceListEntry, signature: Uint8Array): Uint8Array {
  if (entry.previousHash.length !== 32 || entry.deviceKey.length !== 32 || signature.length !== 64) {
    throw new RangeError("hash, key or signature length");
  }
  return new ByteWriter()
    .u8(1)
    .u64(entry.version)
    .fixed(entry.previousHash)
    .u8(entry.operation === "add" ? 1 : 2)
    .text(entry.user)
    .fixed(idToBytes(entry.device))
    .fixed(entry.deviceKey)
    .opaque(entry.certificate)
    .u64(entry.at)
    .fixed(signature)
    .finish();
}

/** Takes an entry apart without judging it. Throws MalformedBytes. */
export function decodeDeviceListEntry(bytes: Uint8Array): { entry: DeviceListEntry; signature: Uint8Array } {
  if (bytes.length > limits.deviceListEntryBytes) throw new MalformedBytes("entry too long");
  const reader = new ByteReader(bytes);
  readVersion(reader);
  const entry: DeviceListEntry = {
    version: reader.u64(),
    previousHash: reader.fixed(32),
    operation: readOperation(reader),
    user: readUser(reader),
    device: readDevice(reader),
    deviceKey: reader.fixed(32),
    certificate: reader.opaque(limits.certificateBytes),
    at: reader.u64(),
  };
  const signature = reader.fixed(64);
  reader.finish();
  return { entry, signature };
}

/** BLAKE2b-256 of an encoded entry: the head of the list that it ends, and the next entry's `previousHash`. */
export function deviceListEntryHash(bytes: Uint8Array): Uint8Array {
  return sodium().crypto_generichash(32, signedBytes("device-list-hash", bytes), null);
}

function readOperation(reader: ByteReader): "add" | "revoke" {
  const operation = reader.u8();
  if (operation !== 1 && operation !== 2) throw new MalformedBytes("unknown operation");
  return operation === 1 ? "add" : "revoke";
}
