import type { Growth } from "../../actors/ports/store-maintenance.ts";
import type { Finding } from "./finding.ts";

const mebibyte = 1024 * 1024;
/** What an entry takes beside its payload, about: its row and indexes, its part of the receipts. */
const besidePayloadBytes = 450;
/** Less than this says nothing about a day. */
const leastDays = 1;
/** A disk that is full before that is a fault, not a plan. */
const soonDays = 14;

/** `freeBytes`: on the database's disk; undefined where that is another machine's. `bytes`: what the database has now. */
export interface GrowthFacts {
  growth: Growth;
  messages: number;
  bytes: number;
  retentionDays: number;
  freeBytes?: number;
}

/** How large the database is, at the present rate, when the retention has filled up, and whether its disk holds that. */
export function checkGrowth({ growth, messages, bytes, retentionDays, freeBytes }: GrowthFacts): Finding {
  const finding = (state: Finding["state"], says: string, todo?: string): Finding =>
    todo === undefined ? { check: "growth", state, says } : { check: "growth", state, says, todo };
  if (growth.days < leastDays || growth.entries === 0) return finding("good", "too little is here for a forecast");
  const entriesPerDay = growth.entries / growth.days;
  const entryBytes = growth.payloadBytes / growth.entries + besidePayloadBytes;
  const bytesPerDay = entriesPerDay * entryBytes;
  const beside = Math.max(0, bytes - messages * entryBytes);
  const full = Math.max(bytes, beside + bytesPerDay * retentionDays);
  const says =
    `${Math.round(entriesPerDay)} entries and ${sized(bytesPerDay)} a day: ` +
    `about ${sized(full)} when ${retentionDays} days are there, of which ${sized(bytes)} are now`;
  if (freeBytes === undefined) return finding("good", `${says}; see that the database's disk holds it`);
  const fits = full - bytes <= freeBytes;
  if (fits) return finding("good", `${says}; ${sized(freeBytes)} are free`);
  const days = Math.floor(freeBytes / bytesPerDay);
  const todo = "a larger disk, or a smaller HISTORY_RETENTION_DAYS: a node that cannot write refuses every message";
  return finding(
    days < soonDays ? "bad" : "note",
    `${says}; ${sized(freeBytes)} are free, for about ${days} days`,
    todo,
  );
}

function sized(bytes: number): string {
  if (bytes < mebibyte) return `${Math.ceil(bytes / 1024)} KiB`;
  return bytes < 1024 * mebibyte
    ? `${Math.ceil(bytes / mebibyte)} MiB`
    : `${(bytes / (1024 * mebibyte)).toFixed(1)} GiB`;
}
