/** What a person does to messages. */
import type { MessageFacts } from "../bridge/contract.ts";
import { bridge } from "./bridge.ts";
import { chosen } from "./conversations.ts";
import { saveAs } from "./saving.ts";
import { add, drop, editing, replyingTo } from "./open-conversation.ts";

const placeOf = ({ conversation, id }: MessageFacts) => ({ conversation, message: id });

export async function send(text: string, files: File[]): Promise<void> {
  const conversation = chosen.value;
  if (conversation === undefined) return;
  const replyTo = replyingTo.value?.id;
  replyingTo.value = undefined;
  const given = { conversation, text, ...(replyTo !== undefined && { replyTo }), ...(files.length > 0 && { files }) };
  add(await bridge.call("send", given));
}

export async function edit(text: string): Promise<void> {
  const message = editing.value;
  editing.value = undefined;
  if (message && text !== message.text) await bridge.call("edit", { ...placeOf(message), text });
}

export async function retry(message: MessageFacts): Promise<void> {
  const anew = await bridge.call("retry", placeOf(message));
  drop(message.id);
  add(anew);
}

export const retract = (message: MessageFacts): Promise<void> => bridge.call("retract", placeOf(message));

export function toggleReaction(message: MessageFacts, emoji: string, user: string): Promise<void> {
  const remove = message.reactions.some((one) => one.emoji === emoji && one.users.includes(user));
  return bridge.call("react", { ...placeOf(message), emoji, remove });
}

export const markRead = (message: MessageFacts): Promise<void> => bridge.call("markRead", placeOf(message));

export const receiptsOf = (message: MessageFacts) => bridge.call("receipts", placeOf(message));

/** Gives the file to the browser to save, under its name. Errors: those of the download. */
export async function save(message: MessageFacts, index: number): Promise<void> {
  const blob = await bridge.call("download", { ...placeOf(message), index });
  saveAs(blob, message.attachments[index]?.name ?? "");
}
