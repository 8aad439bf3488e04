/**
 * What an export of the history is made of: records that are plain JSON, one a line. `docs/export.md` has a row for each field. What is not
 * so is left out: an unedited message has no `editedAt`. Times are ISO 8601 in UTC, bytes base64.
 */
import { toBase64 } from "../../protocol/base64.ts";
import type { ConversationId, DeviceId, MessageId, UserId } from "../../protocol/ids.ts";
import type { Attachment } from "../attachments/attachment.ts";
import type { HistoryPage } from "../conversation/history-pages.ts";
import type { Conversation } from "../conversation/conversation.ts";
import { Group, type GroupRole } from "../conversation/group.ts";
import type { Message, MessageState } from "../conversation/message.ts";

export const exportFormat = "sotto-history/1";

/** The first record. */
export interface ExportedHead {
  record: "export";
  format: typeof exportFormat;
  user: UserId;
  device: DeviceId;
  exportedAt: string;
  /** How many follow. */
  conversations: number;
}

/** Before its messages, which follow from old to new. */
export interface ExportedConversation {
  record: "conversation";
  id: ConversationId;
  kind: Conversation["kind"];
  peer?: UserId;
  name?: string;
  left?: "left" | "removed";
  /** As far as this device knows; none of a group that its user had left before the device came. */
  members: { user: UserId; role?: GroupRole }[];
  /** What lies before the first message, and up to where retention has removed it: as of a page of `history()`. */
  earlier: HistoryPage["earlier"];
  floor: number;
}

export interface ExportedAttachment {
  name: string;
  type: string;
  /** In bytes. */
  size: number;
  preview?: string;
}

export interface ExportedMessage {
  record: "message";
  conversation: ConversationId;
  id: MessageId;
  sequence: number;
  sender: { user: UserId; device: DeviceId };
  sentAt: string;
  acceptedAt?: string;
  state: MessageState;
  text: string;
  editedAt?: string;
  isRetracted?: true;
  isUnknown?: true;
  replyTo?: MessageId;
  mentions?: UserId[];
  reactions?: { emoji: string; users: UserId[] }[];
  expiresIn?: number;
  attachments?: ExportedAttachment[];
}

/** Some bytes of a file, verified; those of one file follow one another. It is whole where the last reaches its `size`. */
export interface ExportedBytes {
  record: "attachment";
  conversation: ConversationId;
  message: MessageId;
  /** Which of the message's, from 0 on. */
  attachment: number;
  offset: number;
  bytes: string;
}

/** What could not be read, and why: a message, a file, or the rest of a conversation. */
export interface ExportedGap {
  record: "unreadable";
  conversation: ConversationId;
  /** Of a message as `history()` says it; of a file and of a conversation a code of an error, `not-now` or `incomplete`. */
  reason: string;
  sequence?: number;
  sender?: UserId;
  message?: MessageId;
  attachment?: number;
}

/** The last record: without it the export was broken off. How many there were of each. */
export interface ExportedEnd {
  record: "end";
  conversations: number;
  messages: number;
  attachments: number;
  unreadable: number;
}

export type ExportRecord =
  ExportedHead | ExportedConversation | ExportedMessage | ExportedBytes | ExportedGap | ExportedEnd;

export function conversationRecord(
  conversation: Conversation,
  own: UserId,
  { earlier, floor }: Pick<HistoryPage, "earlier" | "floor">,
): ExportedConversation {
  const { id, kind, peer } = conversation;
  const common = { record: "conversation" as const, id, kind };
  if (!(conversation instanceof Group)) {
    const users = peer === undefined ? [own] : [own, peer];
    return { ...common, ...(peer !== undefined && { peer }), members: users.map((user) => ({ user })), earlier, floor };
  }
  const { name, left, users } = conversation;
  return { ...common, ...(name !== null && { name }), ...(left && { left }), members: users, earlier, floor };
}

export function messageRecord(conversation: ConversationId, message: Message): ExportedMessage {
  const { acceptedAt, editedAt, isRetracted, isUnknown, replyTo, mentions, reactions, expiresIn, attachments } =
    message;
  const { id, sender, sentAt, state, text } = message;
  return {
    record: "message",
    conversation,
    id,
    sequence: message.sequence!,
    sender,
    sentAt: sentAt.toISOString(),
    ...(acceptedAt && { acceptedAt: acceptedAt.toISOString() }),
    state,
    text,
    ...(editedAt && { editedAt: editedAt.toISOString() }),
    ...(isRetracted && { isRetracted }),
    ...(isUnknown && { isUnknown }),
    ...(replyTo !== undefined && { replyTo }),
    ...(mentions.length > 0 && { mentions: [...mentions] }),
    ...(reactions.size > 0 && { reactions: [...reactions].map(([emoji, users]) => ({ emoji, users: [...users] })) }),
    ...(expiresIn !== undefined && { expiresIn }),
    ...(attachments.length > 0 && { attachments: attachments.map(attachmentRecord) }),
  };
}

function attachmentRecord({ name, type, size, preview }: Attachment): ExportedAttachment {
  return { name, type, size, ...(preview && { preview: toBase64(preview) }) };
}
