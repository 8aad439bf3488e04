import type { ErrorCode } from "../../protocol/errors.ts";
import type { OperationName } from "./operations.ts";

/** How the thread is started. */
export interface ThreadOptions {
  file: string;
  retentionMs: number;
  undeliveredTtlMs: number;
  busyTimeoutMs: number;
}

/** What is no operation on rows. */
export type Aside = "migrate" | "ping" | "overwriteDeleted" | "close";

/** To the thread, many at once. `Aside` stand outside of the shared transactions. */
export interface StoreCall {
  id: number;
  name: OperationName | Aside;
  parameters: readonly unknown[];
}

/** From the thread, after the commit. `code` is null for what has no code of the catalogue. */
export type StoreReply =
  { id: number; value: unknown } | { id: number; failure: { code: ErrorCode | null; detail: string } };
