import type { LogRow } from "../actors/ports/store-log.ts";

/** What stands in the column `kind` of the log, by its number. */
const kinds = [
  "message",
  "commit",
  "leave",
  "message",
  "message",
  "commit",
  "leave",
] as const satisfies readonly LogRow["kind"][];
/** A message of which the log keeps that it was there: in the place of its payload stands the entry's hash. */
export const goneMessage = 3;
/** What somebody sent who was erased: before its payload stands the hash (32 bytes) of the entry as it was, with the name. */
export const erasedMessage = 4;
const erasedLeave = 6;
/** A commit that said the name of somebody who was erased: in the place of its payload stands the entry's hash. */
const goneCommit = 5;
/** In SQL: messages, those that have gone included. */
export const messageKinds = `0, ${goneMessage}, ${erasedMessage}`;
/** In SQL: messages whose payload is there. */
export const wholeMessageKinds = `0, ${erasedMessage}`;

export const kindOf = (code: number): LogRow["kind"] => kinds[code]!;
/** Never a message: those are written on a path of their own. */
export const codeOfKind = (kind: "commit" | "leave"): number => kinds.indexOf(kind);

export const isGone = (code: number): boolean => code === goneMessage || code === goneCommit;
export const isErased = (code: number): boolean => code === erasedMessage || code === erasedLeave;

/** What an entry becomes when a name is taken out of it, and what its payload is then. */
export function kindWithoutName(code: number): { kind: number; keeps: "all" | "hash" | "hash and payload" } {
  if (code === 0) return { kind: erasedMessage, keeps: "hash and payload" };
  if (code === 1) return { kind: goneCommit, keeps: "hash" };
  if (code === 2) return { kind: erasedLeave, keeps: "hash and payload" };
  return { kind: code, keeps: "all" };
}
