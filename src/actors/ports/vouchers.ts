import type { LogEntry } from "../../protocol/log-entry.ts";

/**
 * The nodes' own mark on what they have accepted. Proves nothing to anybody else. A database that was put back to an older
 * copy has lost entries that clients still hold: by their vouchers the nodes know them again, and take no others.
 */
export interface Vouchers {
  /** `entry` with its voucher, which covers everything in it. */
  vouched(entry: LogEntry): LogEntry;
  isVouched(entry: LogEntry): boolean;
}
