import { MalformedBytes } from "../../protocol/byte-reader.ts";
import type { MessageId } from "../../protocol/ids.ts";
import { fieldOfLength } from "../tagged-fields.ts";
import { messageIdIn, tags, targetField, textField, textIn, type ContentCodec } from "./fields.ts";

/** What a person feels about a message, or no longer does. `emoji`: as `isEmoji` has it. */
export interface ReactionContent {
  readonly kind: "reaction";
  readonly target: MessageId;
  readonly emoji: string;
  readonly isRemoved: boolean;
  readonly sentAt: number;
}

export const emojiBytes = 64;

/** What would break a line, or turn the direction of what stands around it. */
const misplaced = /[\p{Cc}\p{Zs}\p{Zl}\p{Zp}\p{Surrogate}\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;

/**
 * 1 to `emojiBytes` bytes of UTF-8 without spaces, control characters and the like. Which strings are one emoji changes with each version
 * of Unicode: members who disagree about that must not disagree about the log.
 */
export function isEmoji(text: string): boolean {
  const { length } = new TextEncoder().encode(text);
  return length > 0 && length <= emojiBytes && !misplaced.test(text);
}

export const reactionCodec: ContentCodec<ReactionContent> = {
  code: 2,
  required: [tags.text, tags.target],
  optional: [tags.isRemoved],
  encode: ({ emoji, target, isRemoved }) => [
    textField(emoji),
    targetField(target),
    ...(isRemoved ? [[tags.isRemoved, Uint8Array.of(1)] as const] : []),
  ],
  decode(fields, sentAt) {
    const emoji = textIn(fields);
    if (!isEmoji(emoji)) throw new MalformedBytes("not an emoji");
    const isRemoved = fields.has(tags.isRemoved);
    if (isRemoved && fieldOfLength(fields, tags.isRemoved, 1)[0] !== 1) throw new MalformedBytes("neither yes nor no");
    return { kind: "reaction", target: messageIdIn(fields.get(tags.target)!), emoji, isRemoved, sentAt };
  },
};
