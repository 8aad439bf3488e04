import type { Connection } from "./connection.ts";

/** What an operation works with: a connection inside a transaction, and the time at which it began. */
export interface StoreContext {
  readonly db: Connection;
  /** Milliseconds since 1970: the database's clock is this process's clock. */
  readonly now: number;
  readonly retentionMs: number;
  readonly undeliveredTtlMs: number;
}
