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

/** Something that a later version of Sotto made and this one cannot show. */
export interface UnknownContent {
  readonly kind: "unknown";
}

export type Content = TextContent | UnknownContent;

const version = 1;
/** Kinds from 128 on are kept for what the system says. */
const kinds = { text: 1 } as const;
const tags = { kind: 1, sentAt: 2, text: 3, replyTo: 4 } as const;

/** Content as it is signed and sealed. Text that is not well-formed Unicode is refused with `invalid-argument`. */
export function encodeContent({ text, sentAt, replyTo }: TextContent): Uint8Array {
  if (/\p{Surrogate}/u.test(text))
    throw new SottoError("invalid-argument", { detail: "the text has a lone surrogate" });
  return encodeTaggedFields(version, [
    [tags.kind, Uint8Array.of(kinds.text)],
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
    if (!isText(bytes)) return { kind: "unknown" };
    const allowed = { required: [tags.kind, tags.sentAt, tags.text], optional: [tags.replyTo] };
    const fields = decodeTaggedFields(bytes, version, allowed);
    fieldOfLength(fields, tags.kind, 1);
    const replyTo = fields.get(tags.replyTo);
    return {
      kind: "text",
      text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(fields.get(tags.text)),
      sentAt: new ByteReader(fieldOfLength(fields, tags.sentAt, 8)).u64(),
      ...(replyTo === undefined ? {} : { replyTo: decodeMessageId(replyTo) }),
    };
  } catch {
    throw new SottoError("undecryptable");
  }
}

/** Looks at version and kind alone, which come first in every version. */
function isText(bytes: Uint8Array): boolean {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== version) return false;
  if (reader.u8() !== tags.kind) throw new MalformedBytes("no kind");
  const kind = reader.opaque();
  return kind.length === 1 && kind[0] === kinds.text;
}

function decodeMessageId(bytes: Uint8Array): MessageId {
  const parsed = bytes.length === 16 ? messageId.safeParse(idFromBytes(bytes)) : undefined;
  if (!parsed?.success) throw new MalformedBytes("not a message id");
  return parsed.data;
}
