import { idToBytes, type MessageId, type UserId } from "../../protocol/ids.ts";
import { messageIdIn, tags, textField, textIn, type ContentCodec } from "./fields.ts";
import { lifetimeField, lifetimeIn } from "./lifetime.ts";
import { mentionsField, mentionsIn } from "./mentions.ts";

/**
 * What a person wrote. `text` may be empty; `sentAt`: ms since 1970 by the sender's clock, which may be wrong. `mentions`: up to
 * `mentionsAtMost` users, each once; they come back in the order of their ids.
 */
export interface TextContent {
  readonly kind: "text";
  readonly text: string;
  readonly sentAt: number;
  readonly replyTo?: MessageId;
  readonly mentions?: readonly UserId[];
  /** How long it lasts once it is read: seconds, 1 to `limits.disappearingSeconds`. */
  readonly expiresIn?: number;
}

export const textCodec: ContentCodec<TextContent> = {
  code: 1,
  required: [tags.text],
  optional: [tags.replyTo, tags.mentions, tags.expiresIn],
  encode({ text, replyTo, mentions, expiresIn }) {
    const reply = replyTo === undefined ? [] : [[tags.replyTo, idToBytes(replyTo)] as const];
    return [textField(text), ...reply, ...mentionsField(mentions), ...lifetimeField(expiresIn)];
  },
  decode(fields, sentAt) {
    const replyTo = fields.get(tags.replyTo);
    const reply = replyTo === undefined ? {} : { replyTo: messageIdIn(replyTo) };
    return { kind: "text", text: textIn(fields), sentAt, ...reply, ...mentionsIn(fields), ...lifetimeIn(fields) };
  },
};
