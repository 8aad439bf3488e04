/**
 * What a device with the account key hands to one that it links: whose it is from now on, the archive keys, and what must not be taken
 * from the server on first use again: contacts, and the latest recovery key. Padded, so that its size tells no more than a power of two.
 */
import { ByteReader } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { SottoError } from "../protocol/errors.ts";
import { limits } from "../protocol/limits.ts";
import type { ArchiveKey } from "./archive.ts";
import { encodePins, readPins, type ContactPin } from "./contact-pins.ts";
import { pad, unpad } from "./padding.ts";
import { concatBytes } from "./primitives/bytes.ts";

/** `publicKey`: X-Wing, 1216 bytes; null of one that was given up. `madeAt`: ms. */
export interface LinkedRecovery {
  readonly version: number;
  readonly publicKey: Uint8Array | null;
  readonly madeAt: number;
}

/** `accountKey`: 32 bytes; `entries`: the user's device list, the new device's entry last; `recovery`: undefined where there was none. */
export interface LinkPayload {
  readonly accountKey: Uint8Array;
  readonly entries: readonly Uint8Array[];
  readonly archiveKeys: readonly ArchiveKey[];
  readonly recovery: LinkedRecovery | undefined;
  readonly pins: readonly ContactPin[];
}

const formatVersion = 1;
const smallestPayload = 16 * 1024;
/** With the marker of the padding, in the largest size. */
const mostBytes = 512 * 1024 - 1;

/** Pins beyond what a link brings are left out from the end. */
export function encodeLinkPayload({ accountKey, entries, archiveKeys, recovery, pins }: LinkPayload): Uint8Array {
  const writer = new ByteWriter().u8(formatVersion).fixed(accountKey).u32(entries.length);
  for (const entry of entries) writer.opaque(entry);
  writer.u32(archiveKeys.length);
  for (const { generation, listVersion, key } of archiveKeys) writer.u64(generation).u64(listVersion).fixed(key);
  writer.u8(recovery ? 1 : 0);
  if (recovery)
    writer
      .u64(recovery.version)
      .opaque(recovery.publicKey ?? new Uint8Array())
      .u64(recovery.madeAt);
  const head = writer.finish();
  const encoded = concatBytes(head, encodePins(pins, Math.min(limits.linkPinsBytes, mostBytes - head.length)));
  const padded = pad(encoded, smallestPayload);
  head.fill(0);
  encoded.fill(0);
  return padded;
}

/** Throws `link-mismatch` for whatever is not what `encodeLinkPayload` writes. */
export function decodeLinkPayload(padded: Uint8Array): LinkPayload {
  try {
    const reader = new ByteReader(unpad(padded, smallestPayload));
    if (reader.u8() !== formatVersion) throw new SottoError("link-mismatch");
    const accountKey = reader.fixed(32);
    const entries = readMany(reader, () => reader.opaque(limits.deviceListEntryBytes));
    const archiveKeys = readMany(reader, () => ({
      generation: reader.u64(),
      listVersion: reader.u64(),
      key: reader.fixed(32),
    }));
    const recovery = reader.u8() === 1 ? readRecovery(reader) : undefined;
    const pins = readPins(reader);
    reader.finish();
    return { accountKey, entries, archiveKeys, recovery, pins };
  } catch (cause) {
    throw new SottoError("link-mismatch", { cause });
  }
}

function readRecovery(reader: ByteReader): LinkedRecovery {
  const [version, publicKey, madeAt] = [reader.u64(), reader.opaque(), reader.u64()];
  return { version, publicKey: publicKey.length === 0 ? null : publicKey, madeAt };
}

function readMany<T>(reader: ByteReader, read: () => T): T[] {
  const many: T[] = [];
  for (let left = reader.u32(); left > 0; left -= 1) many.push(read());
  return many;
}
