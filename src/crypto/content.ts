import { ByteReader, MalformedBytes } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { SottoError } from "../protocol/errors.ts";
import { idFromBytes, idToBytes, messageId, type MessageId } from "../protocol/ids.ts";
import { decodeTaggedFields, encodeTaggedFields, fieldOfLength } from "./tagged-fields.ts";

/** What a person wrote. `text` may be empty; `sentAt`: ms since 1970 by the sender's clock, which may be wrong. */
export interface TextContent {
  readonly kind: "text";
  readonly text: string;
  readonly sentAt: number;
  readonly replyTo?: MessageId;
}

/** What a group is called; said by who may, and again to whoever is added. `name`: 1 to `groupNameBytes` bytes of UTF-8. */
export interface ProfileContent {
  readonly kind: "profile";
  readonly name: string;
  readonly sentAt: number;
}

/** Something that a later version of Sotto made and this one cannot show. */
export interface UnknownContent {
  readonly kind: "unknown";
}

export type Content = TextContent | ProfileContent | UnknownContent;

export const groupNameBytes = 256;

const version = 1;
/** Kinds from 128 on are kept for what the system says. */
const kinds = { text: 1, profile: 128 } as const;
/** `text` is the name of a profile. */
const tags = { kind: 1, sentAt: 2, text: 3, replyTo: 4 } as const;

/** Content as it is signed and sealed. Text that is not well-formed Unicode is refused with `invalid-argument`. */
export function encodeContent(content: TextContent | ProfileContent): Uint8Array {
  const { kind, sentAt } = content;
  const text = kind === "text" ? content.text : content.name;
  const replyTo = kind === "text" ? content.replyTo : undefined;
  if (/\p{Surrogate}/u.test(text))
    throw new SottoError("invalid-argument", { detail: "the text has a lone surrogate" });
  return encodeTaggedFields(version, [
    [tags.kind, Uint8Array.of(kinds[kind])],
    [tags.sentAt, new ByteWriter().u64(sentAt).finish()],
    [tags.text, new TextEncoder().encode(text)],
    ...(replyTo === undefined ? [] : [[tags.replyTo, idToBytes(replyTo)] as const]),
  ]);
}

/**
 * The content in bytes that were sealed. A version or kind of later days is `unknown`, whatever its fields; a known one that is
 * malformed throws `undecryptable`.
 */
export function decodeContent(bytes: Uint8Array): Content {
  try {
    const kind = kindOf(bytes);
    if (kind === "unknown") return { kind };
    const optional = kind === "text" ? [tags.replyTo] : [];
    const fields = decodeTaggedFields(bytes, version, { required: [tags.kind, tags.sentAt, tags.text], optional });
    fieldOfLength(fields, tags.kind, 1);
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(fields.get(tags.text));
    const sentAt = new ByteReader(fieldOfLength(fields, tags.sentAt, 8)).u64();
    if (kind === "profile") return { kind, name: nameOf(text), sentAt };
    const replyTo = fields.get(tags.replyTo);
    return { kind, text, sentAt, ...(replyTo === undefined ? {} : { replyTo: decodeMessageId(replyTo) }) };
  } catch {
    throw new SottoError("undecryptable");
  }
}

/** Looks at version and kind alone, which come first in every version. */
function kindOf(bytes: Uint8Array): Content["kind"] {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== version) return "unknown";
  if (reader.u8() !== tags.kind) throw new MalformedBytes("no kind");
  const code = reader.opaque();
  if (code.length !== 1) return "unknown";
  if (code[0] === kinds.text) return "text";
  return code[0] === kinds.profile ? "profile" : "unknown";
}

function nameOf(text: string): string {
  const { length } = new TextEncoder().encode(text);
  if (length === 0 || length > groupNameBytes) throw new MalformedBytes("not a name");
  return text;
}

function decodeMessageId(bytes: Uint8Array): MessageId {
  const parsed = bytes.length === 16 ? messageId.safeParse(idFromBytes(bytes)) : undefined;
  if (!parsed?.success) throw new MalformedBytes("not a message id");
  return parsed.data;
}
