import type { MessageId } from "../../protocol/ids.ts";
import { messageIdIn, tags, targetField, type ContentCodec } from "./fields.ts";

/** Takes a message of one's own back, for good. */
export interface RetractionContent {
  readonly kind: "retraction";
  readonly target: MessageId;
  readonly sentAt: number;
}

export const retractionCodec: ContentCodec<RetractionContent> = {
  code: 4,
  required: [tags.target],
  optional: [],
  encode: ({ target }) => [targetField(target)],
  decode: (fields, sentAt) => ({ kind: "retraction", target: messageIdIn(fields.get(tags.target)!), sentAt }),
};
