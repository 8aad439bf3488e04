/** How long a text lasts once it is read, where it does not stay: seconds, 1 to `limits.disappearingSeconds`. */
import { ByteReader, MalformedBytes } from "../../protocol/byte-reader.ts";
import { ByteWriter } from "../../protocol/byte-writer.ts";
import { limits } from "../../protocol/limits.ts";
import { fieldOfLength, type TaggedField } from "../tagged-fields.ts";
import { tags } from "./fields.ts";

export function lifetimeField(expiresIn: number | undefined): TaggedField[] {
  return expiresIn === undefined ? [] : [[tags.expiresIn, new ByteWriter(4).u32(expiresIn).finish()]];
}

export function lifetimeIn(fields: ReadonlyMap<number, Uint8Array>): { expiresIn?: number } {
  if (!fields.has(tags.expiresIn)) return {};
  const expiresIn = new ByteReader(fieldOfLength(fields, tags.expiresIn, 4)).u32();
  if (expiresIn < 1 || expiresIn > limits.disappearingSeconds) throw new MalformedBytes("not a lifetime");
  return { expiresIn };
}
