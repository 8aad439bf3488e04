import { ByteReader, MalformedBytes } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";

/** A field's tag and value. */
export type TaggedField = readonly [tag: number, value: Uint8Array];

/** A version byte, then each field as tag (u8), length (u32) and value, in the order of their tags. */
export function encodeTaggedFields(version: number, fields: readonly TaggedField[]): Uint8Array {
  const length = fields.reduce((sum, [, value]) => sum + 5 + value.length, 1);
  const writer = new ByteWriter(length).u8(version);
  for (const [tag, value] of fields) writer.u8(tag).opaque(value);
  return writer.finish();
}

/**
 * The fields by tag, as views of the bytes. Strict, so that one object has one form: `required` all there, others only from `optional`, tags rising,
 * nothing left over. Throws MalformedBytes.
 */
export function decodeTaggedFields(
  bytes: Uint8Array,
  version: number,
  allowed: { required: readonly number[]; optional?: readonly number[] },
): ReadonlyMap<number, Uint8Array> {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== version) throw new MalformedBytes("unknown version");
  const fields = new Map<number, Uint8Array>();
  let last = -1;
  while (reader.remaining > 0) {
    const tag = reader.u8();
    if (tag <= last) throw new MalformedBytes("fields out of order");
    if (!allowed.required.includes(tag) && !allowed.optional?.includes(tag)) throw new MalformedBytes("unknown field");
    fields.set(tag, reader.opaqueView());
    last = tag;
  }
  for (const tag of allowed.required) if (!fields.has(tag)) throw new MalformedBytes("a field is missing");
  return fields;
}

/** The value of a field that must be there and have `length` bytes. Throws MalformedBytes. */
export function fieldOfLength(fields: ReadonlyMap<number, Uint8Array>, tag: number, length: number): Uint8Array {
  const value = fields.get(tag);
  if (value?.length !== length) throw new MalformedBytes("a field of the wrong length");
  return value;
}
