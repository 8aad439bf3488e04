import type { AcceptCommit, AcceptLeave, LeaveOutcome } from "../actors/ports/store-conversations.ts";
import type { UserId } from "../protocol/ids.ts";
import { blobOf, sameBytes } from "./blobs.ts";

/** Where a group stands, and the device in it that says its user leaves. */
export interface LeavingGround {
  generation: number;
  epoch: number;
  leftSequence: number | null;
  revokedAt: number | null;
}

/** What becomes of a leave. `repeat`: the device's log has ended, maybe with this very leave, which the log says. */
export function leavingOf(leave: AcceptLeave, ground: LeavingGround): LeaveOutcome | "next" | "repeat" {
  if (ground.leftSequence !== null) return "repeat";
  if (ground.revokedAt !== null) return { status: "device-revoked" };
  const isCurrent = leave.generation === ground.generation && leave.epoch === ground.epoch;
  return isCurrent ? "next" : { status: "stale-epoch" };
}

/** `entry`: the leave that stands where the device's log ends; undefined where something else does. */
export function repeatedLeave(
  leave: AcceptLeave,
  entry: { sequence: number; id: Uint8Array; acceptedAt: number } | undefined,
): LeaveOutcome {
  if (entry === undefined || !sameBytes(entry.id, blobOf(leave.id))) return { status: "not-a-member" };
  return { status: "already-accepted", sequence: entry.sequence, acceptedAt: entry.acceptedAt };
}

/** Whether nobody has left since the commit was judged. `leavers`: as they stand in the group's row. */
export function knowsLeavers({ group }: AcceptCommit, leavers: string): boolean {
  return JSON.stringify(group?.leaversBefore) === JSON.stringify(JSON.parse(leavers) as UserId[]);
}
