import type { LogRow } from "../actors/ports/store-log.ts";

/** What stands in the column `kind` of the log, by its number. */
const kinds = ["message", "commit", "leave"] as const satisfies readonly LogRow["kind"][];

export const kindOf = (code: number): LogRow["kind"] => kinds[code]!;
/** Never a message: those are written on a path of their own. */
export const codeOfKind = (kind: "commit" | "leave"): number => kinds.indexOf(kind);
