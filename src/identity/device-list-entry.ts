import { ByteReader, MalformedBytes } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { idToBytes } from "../protocol/ids.ts";
import type { DeviceId, UserId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { readDevice, readUser, readVersion } from "./identity-fields.ts";
import { sodium } from "./sodium.ts";

/** The account key that a reset gives up, and the one that counts from then on. 32 bytes each. */
export interface AccountKeyChange {
  readonly replaced: Uint8Array;
  readonly next: Uint8Array;
}

/** One signed step of a user's device list. `version` counts from 1; `previousHash`: 32 bytes, zeros for the first. */
export interface DeviceListEntry {
  readonly version: number;
  readonly previousHash: Uint8Array;
  /** `reset`: the user starts over, with this device alone and a new account key. */
  readonly operation: "add" | "revoke" | "reset";
  readonly user: UserId;
  readonly device: DeviceId;
  readonly deviceKey: Uint8Array;
  /** The encoded certificate of the device that comes; empty for a revocation. */
  readonly certificate: Uint8Array;
  /** Milliseconds since 1970, by the signer's clock: for people to read, decides nothing. */
  readonly at: number;
  /** Of a reset alone. */
  readonly accountKeys?: AccountKeyChange;
}

/** What the account key signs; of a reset the new one. */
export function deviceListEntrySignedBytes(entry: DeviceListEntry): Uint8Array {
  const { version, previousHash, operation, user, device, deviceKey, certificate, at, accountKeys } = entry;
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
    ...(accountKeys ? [accountKeys.replaced, accountKeys.next] : []),
  );
}

/** The entry with its signature (64 bytes, by the account key), as it is stored and sent. */
export function encodeDeviceListEntry(entry: DeviceListEntry, signature: Uint8Array): Uint8Array {
  if (entry.previousHash.length !== 32 || entry.deviceKey.length !== 32 || signature.length !== 64) {
    throw new RangeError("hash, key or signature length");
  }
  const writer = new ByteWriter()
    .u8(1)
    .u64(entry.version)
    .fixed(entry.previousHash)
    .u8(operations.indexOf(entry.operation) + 1)
    .text(entry.user)
    .fixed(idToBytes(entry.device))
    .fixed(entry.deviceKey)
    .opaque(entry.certificate)
    .u64(entry.at);
  if (entry.operation === "reset") writeAccountKeys(writer, entry.accountKeys);
  return writer.fixed(signature).finish();
}

/** Takes an entry apart without judging it. Throws MalformedBytes. */
export function decodeDeviceListEntry(bytes: Uint8Array): { entry: DeviceListEntry; signature: Uint8Array } {
  if (bytes.length > limits.deviceListEntryBytes) throw new MalformedBytes("entry too long");
  const reader = new ByteReader(bytes);
  readVersion(reader);
  const common: DeviceListEntry = {
    version: reader.u64(),
    previousHash: reader.fixed(32),
    operation: readOperation(reader),
    user: readUser(reader),
    device: readDevice(reader),
    deviceKey: reader.fixed(32),
    certificate: reader.opaque(limits.certificateBytes),
    at: reader.u64(),
  };
  const isReset = common.operation === "reset";
  const entry = isReset ? { ...common, accountKeys: { replaced: reader.fixed(32), next: reader.fixed(32) } } : common;
  const signature = reader.fixed(64);
  reader.finish();
  return { entry, signature };
}

/** BLAKE2b-256 of an encoded entry: the head of the list that it ends, and the next entry's `previousHash`. */
export function deviceListEntryHash(bytes: Uint8Array): Uint8Array {
  return sodium().crypto_generichash(32, signedBytes("device-list-hash", bytes), null);
}

/** By their codes, from 1. */
const operations = ["add", "revoke", "reset"] as const;

function readOperation(reader: ByteReader): DeviceListEntry["operation"] {
  const operation = operations[reader.u8() - 1];
  if (!operation) throw new MalformedBytes("unknown operation");
  return operation;
}

function writeAccountKeys(writer: ByteWriter, keys: AccountKeyChange | undefined): void {
  if (keys?.replaced.length !== 32 || keys.next.length !== 32) throw new RangeError("a reset names two account keys");
  writer.fixed(keys.replaced).fixed(keys.next);
}
