import type { Message, UnopenedMessage } from "../../client/index.ts";
import type { HitFacts, LastMessage, MessageFacts, UnopenedFacts } from "../bridge/contract.ts";
import { failureOf } from "../bridge/answering.ts";

export interface MessageContext {
  conversation: string;
  /** This user. */
  own: string;
  isGroup: boolean;
}

/** A message as the page shows it, with how far it has come in a group. */
export async function messageFacts(
  message: Message,
  { conversation, own, isGroup }: MessageContext,
): Promise<MessageFacts> {
  const isOwn = message.sender.user === own;
  const { editedAt, sequence, expiresIn, replyTo, error } = message;
  const reached = isOwn && isGroup && sequence !== undefined ? await reachedBy(message) : undefined;
  return {
    kind: "message",
    id: message.id,
    conversation,
    sender: message.sender.user,
    isOwn,
    text: message.text,
    sentAt: message.sentAt.getTime(),
    isRetracted: message.isRetracted,
    isUnknown: message.isUnknown,
    reactions: [...message.reactions].map(([emoji, users]) => ({ emoji, users: [...users] })),
    attachments: message.attachments.map(({ name, type, size }) => ({ name, type, size })),
    state: message.state,
    ...(sequence !== undefined && { sequence }),
    ...(editedAt && { editedAt: editedAt.getTime() }),
    ...(expiresIn !== undefined && { expiresIn }),
    ...(replyTo !== undefined && { replyTo }),
    ...(error && { failure: failureOf(error) }),
    ...(reached && { reached }),
  };
}

async function reachedBy(message: Message): Promise<NonNullable<MessageFacts["reached"]>> {
  const receipts = await message.receipts();
  return {
    delivered: receipts.filter(({ deliveredAt }) => deliveredAt).length,
    read: receipts.filter(({ readAt }) => readAt).length,
    recipients: receipts.length,
  };
}

export function unopenedFacts({ sequence, sender, reason }: UnopenedMessage, conversation: string): UnopenedFacts {
  return { kind: "unopened", id: `unopened/${sequence}`, conversation, sequence, sender: sender.user, reason };
}

/** None for what the log does not have yet: nothing could be shown around it. */
export function hitFacts(conversation: string, message: Message, own: string): HitFacts[] {
  const { id, sequence, text } = message;
  if (sequence === undefined) return [];
  const at = (message.acceptedAt ?? message.sentAt).getTime();
  const sender = message.sender.user;
  return [{ conversation, message: id, sequence, sender, isOwn: sender === own, text, at }];
}

export function lastMessage(message: Message, own: string): LastMessage {
  const { sequence } = message;
  return {
    ...(sequence !== undefined && { sequence }),
    // A line of a list shows no more.
    text: message.text.slice(0, 200),
    sender: message.sender.user,
    at: (message.acceptedAt ?? message.sentAt).getTime(),
    isOwn: message.sender.user === own,
    isRetracted: message.isRetracted,
    files: message.attachments.length,
    state: message.state,
  };
}
