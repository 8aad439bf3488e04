import type { MessageId, UserId } from "../../protocol/ids.ts";
import { messageIdIn, tags, targetField, textField, textIn, type ContentCodec } from "./fields.ts";
import { lifetimeField, lifetimeIn } from "./lifetime.ts";
import { mentionsField, mentionsIn } from "./mentions.ts";

/** What a text of one's own is to say instead, and whom it mentions then. What it answers to stays. */
export interface EditContent {
  readonly kind: "edit";
  readonly target: MessageId;
  readonly text: string;
  readonly sentAt: number;
  readonly mentions?: readonly UserId[];
  /** That of the text: nobody is to open the edit later than that. */
  readonly expiresIn?: number;
}

export const editCodec: ContentCodec<EditContent> = {
  code: 3,
  required: [tags.text, tags.target],
  optional: [tags.mentions, tags.expiresIn],
  encode: ({ text, target, mentions, expiresIn }) => [
    textField(text),
    targetField(target),
    ...mentionsField(mentions),
    ...lifetimeField(expiresIn),
  ],
  decode: (fields, sentAt) => ({
    kind: "edit",
    target: messageIdIn(fields.get(tags.target)!),
    text: textIn(fields),
    sentAt,
    ...mentionsIn(fields),
    ...lifetimeIn(fields),
  }),
};
