/**
 * Lines in the log that say what has changed about it: for how long messages stay. In memory, for what changes while the client is open: the SDK
 * tells what holds, and not since when.
 */
import { signal } from "@preact/signals";
import type { ConversationFacts } from "../bridge/contract.ts";

export interface Note {
  id: string;
  /** The sequence of what was said last before it. */
  after: number;
  about: "retention" | "disappearing";
  value: number | null;
}

/** By conversation, from old to new. */
export const notes = signal<ReadonlyMap<string, readonly Note[]>>(new Map());
/** What waits to be sent has none, and comes last all the same. */
const lastSequences = new Map<string, number>();
let lastId = 0;

export function noteChanges(before: ConversationFacts, now: ConversationFacts): void {
  const after = lastSequences.get(now.id) ?? before.last?.sequence ?? 0;
  if (now.last?.sequence !== undefined) lastSequences.set(now.id, now.last.sequence);
  if (!before.isJoined || !now.isJoined) return;
  for (const about of ["retention", "disappearing"] as const) {
    if (before[about] === now[about]) continue;
    const note = { id: `note/${++lastId}`, after, about, value: now[about] };
    notes.value = new Map(notes.value).set(now.id, [...(notes.value.get(now.id) ?? []), note]);
  }
}

export function clearNotes(): void {
  notes.value = new Map();
  lastSequences.clear();
}
