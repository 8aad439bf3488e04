import { signal } from "@preact/signals";
import { CallFailure } from "../bridge/caller.ts";
import type { ErrorCode } from "../bridge/contract.ts";
import { strings } from "../strings.ts";

export interface Notice {
  id: number;
  text: string;
  isError: boolean;
}

const shownMs = 6000;
let lastId = 0;

/** What is told at the edge of the window, for a while. */
export const notices = signal<readonly Notice[]>([]);
/** What is read out, and not shown: a screen reader hears each once. */
export const announcement = signal({ id: 0, text: "" });

export function notify(text: string, isError = false): void {
  const notice = { id: ++lastId, text, isError };
  notices.value = [...notices.value.slice(-2), notice];
  setTimeout(() => dismiss(notice.id), shownMs);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

export function announce(text: string): void {
  announcement.value = { id: ++lastId, text };
}

export function wordsForCode(code: ErrorCode): string {
  return strings.errors[code] ?? strings.errors.internal!;
}

export function wordsFor(error: unknown): string {
  return error instanceof CallFailure ? wordsForCode(error.code) : strings.errors.internal!;
}

/** For work that nobody awaits: its failure is told. */
export function run(work: Promise<unknown>): void {
  work.catch((error: unknown) => {
    if (!(error instanceof CallFailure && error.code === "aborted")) notify(wordsFor(error), true);
  });
}
