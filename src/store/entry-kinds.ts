import type { LogRow } from "../actors/ports/store-log.ts";

/** What stands in the column `kind` of the log, by its number. */
const kinds = ["message", "commit", "leave"] as const satisfies readonly LogRow["kind"][];
/** A message of which the log keeps that it was there: in the place of its payload stands the entry's hash. */
export const goneMessage = 3;
/** In SQL: messages, those that have gone included. */
export const messageKinds = `0, ${goneMessage}`;

export const kindOf = (code: number): LogRow["kind"] => (code === goneMessage ? "message" : kinds[code]!);
/** Never a message: those are written on a path of their own. */
export const codeOfKind = (kind: "commit" | "leave"): number => kinds.indexOf(kind);
