import { databaseName, hasSharedDatabase } from "../../config/load-settings.ts";
import type { Settings } from "../../config/settings.ts";
import { SottoError } from "../protocol/errors.ts";
import { databaseAdvice } from "./database-advice.ts";
import { StartError } from "./start-error.ts";

/** A fault of the database, of its disk or of the way to it, as a `StartError`; any other error as it is. */
export function asStartError(settings: Settings, error: unknown): unknown {
  if (!isOfDatabase(error)) return error;
  const { reason, todo } = hasSharedDatabase(settings) ? ofServer(error) : ofFile(error);
  return new StartError(`DATABASE_URL: ${databaseName(settings)} cannot be used (${reason}): ${todo}.`);
}

function isOfDatabase(error: unknown): error is Error {
  if (error instanceof SottoError) return error.code === "unavailable" || error.code === "overloaded";
  if (!(error instanceof Error)) return false;
  const { code = "", syscall } = error as NodeJS.ErrnoException;
  return syscall !== undefined || code.includes("SQLITE");
}

/** A server's refusal by its code alone: its words name the user. */
function ofServer(error: Error) {
  const root = rootOf(error);
  const code = root === error ? undefined : root.code;
  return { reason: code ?? "no answer", todo: `${databaseAdvice(code ?? "")}. More says: sotto doctor` };
}

function ofFile(error: Error) {
  const todo = "let this user write there, put a backup in its place, or name another one";
  const { message, code } = rootOf(error);
  return { reason: message ?? code, todo };
}

interface Fault {
  message?: string;
  code?: string;
  cause?: unknown;
}

/** What was first. Of an error of another thread nothing may be left but its code. */
function rootOf(error: Fault): Fault {
  const cause = error.cause as Fault | undefined;
  return cause?.message === undefined && cause?.code === undefined ? error : rootOf(cause);
}
