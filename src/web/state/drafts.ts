import { signal } from "@preact/signals";
import { bridge } from "./bridge.ts";
import { run } from "./notices.ts";

/** What was typed and not sent, by conversation. The worker keeps it, sealed: it outlasts a reload, and a lock. */
export const drafts = signal<ReadonlyMap<string, string>>(new Map());

export async function loadDrafts(): Promise<void> {
  const all = await bridge.call("drafts");
  drafts.value = new Map(all.map(({ conversation, text }) => [conversation, text]));
}

export function clearDrafts(): void {
  drafts.value = new Map();
}

export function keepDraft(conversation: string, text: string): void {
  const now = new Map(drafts.value);
  if (text === "") now.delete(conversation);
  else now.set(conversation, text);
  drafts.value = now;
  run(bridge.call("keepDraft", { conversation, text }));
}
