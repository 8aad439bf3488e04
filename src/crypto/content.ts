/**
 * What is said in a message, as it is signed and sealed: one strict form in bytes for each kind, of which each has a file in `content/`.
 * All kinds are sealed alike, so that nobody else can tell one from another but by size.
 */
import { ByteReader, MalformedBytes } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { SottoError } from "../protocol/errors.ts";
import { editCodec, type EditContent } from "./content/edit.ts";
import { tags, type ContentCodec } from "./content/fields.ts";
import { historyKeysCodec, type HistoryKeysContent } from "./content/history-keys.ts";
import { profileCodec, type ProfileContent } from "./content/profile.ts";
import { reactionCodec, type ReactionContent } from "./content/reaction.ts";
import { retractionCodec, type RetractionContent } from "./content/retraction.ts";
import { textCodec, type TextContent } from "./content/text.ts";
import { decodeTaggedFields, encodeTaggedFields, fieldOfLength } from "./tagged-fields.ts";

export type { HistoryKeysContent, HistoryKeysRecipient } from "./content/history-keys.ts";
export { groupNameBytes } from "./content/profile.ts";
export type { TextContent } from "./content/text.ts";

/** Something that a later version of Sotto made and this one cannot show. */
export interface UnknownContent {
  readonly kind: "unknown";
}

/** What changes a message that stands before it in the log. */
export type ChangeContent = ReactionContent | EditContent | RetractionContent;

export type KnownContent = TextContent | ChangeContent | ProfileContent | HistoryKeysContent;
export type Content = KnownContent | UnknownContent;

const version = 1;
const codecs = {
  text: textCodec,
  reaction: reactionCodec,
  edit: editCodec,
  retraction: retractionCodec,
  profile: profileCodec,
  "history-keys": historyKeysCodec,
} satisfies { [Kind in KnownContent["kind"]]: ContentCodec<Extract<KnownContent, { kind: Kind }>> };

export const isChange = (content: Content): content is ChangeContent =>
  content.kind === "reaction" || content.kind === "edit" || content.kind === "retraction";

/** Content as it is signed and sealed. Text that is not well-formed Unicode is refused with `invalid-argument`. */
export function encodeContent(content: KnownContent): Uint8Array {
  const codec = codecs[content.kind] as ContentCodec<KnownContent>;
  return encodeTaggedFields(version, [
    [tags.kind, Uint8Array.of(codec.code)],
    [tags.sentAt, new ByteWriter().u64(content.sentAt).finish()],
    ...codec.encode(content),
  ]);
}

/**
 * The content in bytes that were sealed. A version or kind of later days is `unknown`, whatever its fields; a known one that is
 * malformed throws `undecryptable`.
 */
export function decodeContent(bytes: Uint8Array): Content {
  try {
    const codec = codecOf(bytes);
    if (!codec) return { kind: "unknown" };
    const { required, optional } = codec;
    const fields = decodeTaggedFields(bytes, version, { required: [tags.kind, tags.sentAt, ...required], optional });
    fieldOfLength(fields, tags.kind, 1);
    return codec.decode(fields, new ByteReader(fieldOfLength(fields, tags.sentAt, 8)).u64());
  } catch {
    throw new SottoError("undecryptable");
  }
}

/** Looks at version and kind alone, which come first in every version. */
function codecOf(bytes: Uint8Array): ContentCodec<KnownContent> | undefined {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== version) return undefined;
  if (reader.u8() !== tags.kind) throw new MalformedBytes("no kind");
  const code = reader.opaque();
  if (code.length !== 1) return undefined;
  return Object.values(codecs as Record<string, ContentCodec<KnownContent>>).find((codec) => codec.code === code[0]);
}
