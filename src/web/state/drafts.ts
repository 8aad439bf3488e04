import { signal } from "@preact/signals";

/**
 * What was typed and not sent, by conversation. In memory alone: written anywhere else it would lie there unsealed.
 */
export const drafts = signal<ReadonlyMap<string, string>>(new Map());

export function keepDraft(conversation: string, text: string): void {
  const now = new Map(drafts.value);
  if (text === "") now.delete(conversation);
  else now.set(conversation, text);
  drafts.value = now;
}
