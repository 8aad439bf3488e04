/**
 * Group commit: operations that wait together share one transaction and one flush, and are answered after it.
 * An operation that throws takes nothing of the others with it: the transaction is rolled back and done again with a
 * savepoint around each. That costs the rare failure a second run, and the many that succeed nothing.
 */
import type { ErrorCode } from "../../protocol/errors.ts";
import type { Connection } from "./connection.ts";
import { isWrite, runOperation, type OperationName } from "./operations.ts";
import type { StoreContext } from "./store-context.ts";
import type { StoreReply } from "./thread-messages.ts";

export interface WaitingOperation {
  id: number;
  name: OperationName;
  parameters: readonly unknown[];
}

/** Runs a batch in the order given. Every operation gets its reply; none before the commit is on disk. */
export function runBatch(
  db: Connection,
  batch: readonly WaitingOperation[],
  times: { retentionMs: number; undeliveredTtlMs: number },
): StoreReply[] {
  const begin = batch.some(({ name }) => isWrite(name)) ? "BEGIN IMMEDIATE" : "BEGIN";
  const context: StoreContext = { db, now: Date.now(), ...times };
  try {
    return inTransaction(db, begin, () => batch.map((operation) => run(context, operation)));
  } catch {
    // Either one operation, or the database: the second run tells.
  }
  try {
    return inTransaction(db, begin, () => batch.map((operation) => runAlone(context, operation)));
  } catch (error) {
    const failure = failureOf(error);
    return batch.map(({ id }) => ({ id, failure }));
  }
}

function inTransaction<Result>(db: Connection, begin: string, body: () => Result): Result {
  db.run(begin);
  try {
    const result = body();
    db.run("COMMIT");
    return result;
  } catch (error) {
    rollBack(db);
    throw error;
  }
}

/** After some errors SQLite has rolled back already. */
function rollBack(db: Connection): void {
  try {
    db.exec("ROLLBACK");
  } catch {
    return;
  }
}

function run(context: StoreContext, { id, name, parameters }: WaitingOperation): StoreReply {
  return { id, value: runOperation(context, name, parameters) };
}

function runAlone(context: StoreContext, operation: WaitingOperation): StoreReply {
  const { db } = context;
  db.run("SAVEPOINT operation");
  try {
    const reply = run(context, operation);
    db.run("RELEASE operation");
    return reply;
  } catch (error) {
    db.run("ROLLBACK TO operation");
    db.run("RELEASE operation");
    return { id: operation.id, failure: failureOf(error) };
  }
}

/** SQLite's primary result codes that mean: not now, or not on this disk. */
const unavailableCodes = new Set([5, 6, 8, 10, 13, 14]);

/** A fault of the database is `unavailable`; anything else is one of ours. */
export function failureOf(error: unknown): { code: ErrorCode; detail: string } {
  const detail = error instanceof Error ? error.message : String(error);
  const { rawCode, errcode } = error as { rawCode?: number; errcode?: number };
  const primary = (rawCode ?? errcode ?? 0) & 0xff;
  return { code: unavailableCodes.has(primary) ? "unavailable" : "internal", detail };
}
