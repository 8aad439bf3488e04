import { SottoError } from "../../protocol/errors.ts";

const retryAfterMs = 250;

/** Two transactions in each other's way, or a lock that was held for too long: the same again may go through. */
const passing = new Set(["ER_LOCK_DEADLOCK", "ER_LOCK_WAIT_TIMEOUT"]);

/** Faults of the statement itself, which is ours. Everything else is the database, the way to it, or its disk. */
const ours =
  /^ER_(?:PARSE|BAD_FIELD|NO_SUCH_TABLE|DUP_ENTRY|WRONG_|DATA_TOO_LONG|TRUNCATED|BAD_NULL|NO_DEFAULT|WARN_DATA)/;

/** The connection was gone before anything was said on it: the server had ended it while it lay idle. */
export class ConnectionGone extends Error {
  override readonly name = "ConnectionGone";
}

const gone = new Set(["ECONNRESET", "EPIPE", "PROTOCOL_CONNECTION_LOST"]);

/** For the statement that begins a transaction: where it fails so, nothing has happened, and another connection may do. */
export function asFirst<Result>(statement: Promise<Result>): Promise<Result> {
  return statement.catch((cause: unknown) => {
    throw gone.has(codeOf(cause)) ? new ConnectionGone("", { cause }) : cause;
  });
}

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? "";

export const isPassing = (error: unknown): boolean => error instanceof ConnectionGone || passing.has(codeOf(error));

/** What the house calls a fault: the database not answering is `unavailable`, too many waiting is `overloaded`. */
export function faultOf(error: unknown): Error {
  if (error instanceof SottoError) return error;
  if (error instanceof ConnectionGone) return new SottoError("unavailable", { cause: error });
  const code = codeOf(error);
  if (error instanceof Error && error.message === "Queue limit reached.") {
    return new SottoError("overloaded", { retryAfterMs, cause: error });
  }
  if (isPassing(error)) return new SottoError("overloaded", { retryAfterMs, cause: error });
  if (code === "" || ours.test(code)) return error instanceof Error ? error : new Error(String(error));
  return new SottoError("unavailable", { cause: error });
}
