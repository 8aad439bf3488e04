/**
 * How a record of a device's store is written: a version, its JSON behind its length, then its bytes one after another, each named in
 * the JSON by its length. As base64 they would be a third longer, and take most of the time of a record.
 */
import { ByteReader } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { SottoError } from "../protocol/errors.ts";

const version = 1;

export function encodeRecord(record: object): Uint8Array {
  const parts: Uint8Array[] = [];
  const json = JSON.stringify(withoutBytes(record, parts));
  const length = parts.reduce((sum, part) => sum + part.length, 1 + 4 + json.length);
  const writer = new ByteWriter(length).u8(version).text(json);
  for (const part of parts) writer.fixed(part);
  return writer.finish();
}

/** Throws `store-unreadable` for what another version of Sotto wrote. */
export function decodeRecord<T extends object>(bytes: Uint8Array): T {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== version) {
    throw new SottoError("store-unreadable", { detail: "The store was written by another version of Sotto." });
  }
  const record: unknown = JSON.parse(reader.text());
  return withBytes(record, reader) as T;
}

/** The value with bytes named by their length, copied where it has any; appends them to `parts`. */
function withoutBytes(value: unknown, parts: Uint8Array[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) {
    parts.push(value);
    return { $bytes: value.length };
  }
  const before = parts.length;
  if (Array.isArray(value)) {
    const copy = value.map((one) => withoutBytes(one, parts));
    return parts.length > before ? copy : value;
  }
  const holder = value as Record<string, unknown>;
  let copy: Record<string, unknown> | undefined;
  for (const name in holder) {
    const inner = holder[name];
    if (typeof inner !== "object" || inner === null) continue;
    const plain = withoutBytes(inner, parts);
    if (plain !== inner) (copy ??= { ...holder })[name] = plain;
  }
  return copy ?? holder;
}

/** In place, as nobody else has the value; in the order of writing, which JSON keeps. */
function withBytes(value: unknown, reader: ByteReader): unknown {
  if (typeof value !== "object" || value === null) return value;
  const holder = value as Record<string, unknown>;
  if (typeof holder["$bytes"] === "number") return reader.fixed(holder["$bytes"]);
  for (const name in holder) {
    const inner = holder[name];
    if (typeof inner === "object" && inner !== null) holder[name] = withBytes(inner, reader);
  }
  return holder;
}
