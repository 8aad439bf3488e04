import { idToBytes, type MessageId, type UserId } from "../../protocol/ids.ts";
import { messageIdIn, tags, textField, textIn, type ContentCodec } from "./fields.ts";
import { decodeAttachments, encodeAttachments, type AttachmentContent } from "../attachment.ts";
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
  /** 1 to `limits.attachmentsPerMessage`. */
  readonly attachments?: readonly AttachmentContent[];
}

export const textCodec: ContentCodec<TextContent> = {
  code: 1,
  required: [tags.text],
  optional: [tags.replyTo, tags.mentions, tags.expiresIn, tags.attachments],
  encode({ text, replyTo, mentions, expiresIn, attachments }) {
    const reply = replyTo === undefined ? [] : [[tags.replyTo, idToBytes(replyTo)] as const];
    const files = attachments ? [[tags.attachments, encodeAttachments(attachments)] as const] : [];
    return [textField(text), ...reply, ...mentionsField(mentions), ...lifetimeField(expiresIn), ...files];
  },
  decode(fields, sentAt) {
    const replyTo = fields.get(tags.replyTo);
    const reply = replyTo === undefined ? {} : { replyTo: messageIdIn(replyTo) };
    const attachments = fields.get(tags.attachments);
    const files = attachments ? { attachments: decodeAttachments(attachments) } : {};
    const optional = { ...reply, ...mentionsIn(fields), ...lifetimeIn(fields), ...files };
    return { kind: "text", text: textIn(fields), sentAt, ...optional };
  },
};
