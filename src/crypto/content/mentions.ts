/** Whom a text mentions: users, each once, in the order of their ids, so that one set has one form. */
import { ByteReader, MalformedBytes } from "../../protocol/byte-reader.ts";
import { ByteWriter } from "../../protocol/byte-writer.ts";
import { userId, type UserId } from "../../protocol/ids.ts";
import type { TaggedField } from "../tagged-fields.ts";
import { tags } from "./fields.ts";

/** Of one text. */
export const mentionsAtMost = 64;

/** None where nobody is mentioned. Each user is a length (u8) and visible ASCII. */
export function mentionsField(mentions: readonly UserId[] = []): TaggedField[] {
  if (mentions.length === 0) return [];
  const writer = new ByteWriter();
  for (const user of [...new Set(mentions)].toSorted(byCodeUnit)) {
    const bytes = new TextEncoder().encode(user);
    writer.u8(bytes.length).fixed(bytes);
  }
  return [[tags.mentions, writer.finish()]];
}

/** As the content has them: nothing where nobody is mentioned. */
export function mentionsIn(fields: ReadonlyMap<number, Uint8Array>): { mentions?: readonly UserId[] } {
  const bytes = fields.get(tags.mentions);
  if (!bytes) return {};
  const reader = new ByteReader(bytes);
  const mentions: UserId[] = [];
  while (reader.remaining > 0) {
    const user = userId.parse(new TextDecoder("utf-8", { fatal: true }).decode(reader.fixed(reader.u8())));
    const last = mentions.at(-1);
    if (last !== undefined && user <= last) throw new MalformedBytes("mentions out of order");
    mentions.push(user);
  }
  if (mentions.length === 0 || mentions.length > mentionsAtMost) throw new MalformedBytes("too many mentions");
  return { mentions };
}

const byCodeUnit = (one: string, other: string): number => (one < other ? -1 : 1);
