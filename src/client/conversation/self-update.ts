/**
 * When a device renews its keys in a group: before its first message after a day. After a weekend that is everybody's first
 * message, so a group takes one such commit at a time: whoever sees that the group has moved a moment ago writes first and
 * renews with a later message. All get their turn within a day, and nobody is put off for a week.
 */
import type { Timings } from "../core.ts";
import type { ConversationRecord } from "../records.ts";

const hourMs = 3600_000;
/** So many times the usual interval later it is renewed whatever others do: a node's clock cannot put it off for good. */
const putOffAtMost = 7;

export interface SelfUpdateState {
  record: Pick<ConversationRecord, "mustSelfUpdate" | "selfUpdatedAt" | "committedAt">;
  /** Devices in the group. */
  members: number;
  /** Between 0 and 1, the device's own for this epoch. */
  jitter: number;
}

/** Whether it is due at `now`, ms. */
export function isSelfUpdateDue(
  { record, members, jitter }: SelfUpdateState,
  { selfUpdateAfterMs }: Pick<Timings, "selfUpdateAfterMs">,
  now: number,
): boolean {
  if (record.mustSelfUpdate) return true;
  const age = now - record.selfUpdatedAt;
  if (age <= selfUpdateAfterMs) return false;
  const spacingMs = Math.min(hourMs, selfUpdateAfterMs / Math.max(members, 1)) * (0.5 + jitter / 2);
  return now - record.committedAt >= spacingMs || age > selfUpdateAfterMs * putOffAtMost;
}
