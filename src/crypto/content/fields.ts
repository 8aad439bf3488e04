/** What the kinds of content share: the tags of their fields, and fields that more than one of them has. */
import { MalformedBytes } from "../../protocol/byte-reader.ts";
import { SottoError } from "../../protocol/errors.ts";
import { idFromBytes, idToBytes, messageId, type MessageId } from "../../protocol/ids.ts";
import type { TaggedField } from "../tagged-fields.ts";

/** `text` is also the name of a profile, the user whom history keys are for, and the emoji of a reaction. */
export const tags = {
  kind: 1,
  sentAt: 2,
  text: 3,
  replyTo: 4,
  sealed: 5,
  recipients: 6,
  target: 7,
  mentions: 8,
  isRemoved: 9,
  expiresIn: 16,
  attachments: 32,
} as const;

/** How one kind of content stands in bytes, beside kind and time. `decode` throws MalformedBytes for what breaks its rules. */
export interface ContentCodec<Content> {
  /** Kinds from 128 on are kept for what the system says. */
  readonly code: number;
  readonly required: readonly number[];
  readonly optional: readonly number[];
  /** In the order of their tags. */
  encode(content: Content): TaggedField[];
  decode(fields: ReadonlyMap<number, Uint8Array>, sentAt: number): Content;
}

/** Text that is not well-formed Unicode is refused with `invalid-argument`. */
export function textField(text: string): TaggedField {
  if (/\p{Surrogate}/u.test(text))
    throw new SottoError("invalid-argument", { detail: "the text has a lone surrogate" });
  return [tags.text, new TextEncoder().encode(text)];
}

export function textIn(fields: ReadonlyMap<number, Uint8Array>): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(fields.get(tags.text));
}

export const targetField = (target: MessageId): TaggedField => [tags.target, idToBytes(target)];

export function messageIdIn(bytes: Uint8Array): MessageId {
  const parsed = bytes.length === 16 ? messageId.safeParse(idFromBytes(bytes)) : undefined;
  if (!parsed?.success) throw new MalformedBytes("not a message id");
  return parsed.data;
}
