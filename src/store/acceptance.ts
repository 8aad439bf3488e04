import type { AcceptMessage, MessageOutcome } from "../actors/ports/store-log.ts";
import { limits } from "../protocol/limits.ts";

/** Where a conversation stands, and what is known there of the sender; nulls where the device never was in the group. */
export interface SendingGround {
  generation: number;
  epoch: number;
  rosterEpoch: number;
  user: string | null;
  leftSequence: number | null;
  lastNumber: number;
  /** 16 bytes. */
  lastId: Uint8Array | null;
  revokedAt: number | null;
  head: number;
  /** 1 in a direct conversation whose other user has blocked the sender. */
  isBlocked: number;
}

/**
 * What becomes of a message, in the order that `MessageOutcome` documents. `next`: it is to be accepted. `repeat`: its number
 * was accepted before, and the log says whether it is the same message. `id`: 16 bytes.
 */
export function acceptanceOf(
  message: AcceptMessage,
  id: Uint8Array,
  ground: SendingGround,
): MessageOutcome | "next" | "repeat" {
  if (ground.user !== message.sender.user) return { status: "not-a-member" };
  if (message.number <= ground.lastNumber) return "repeat";
  const inOrder = message.number === ground.lastNumber + 1;
  if (inOrder && ground.lastId !== null && Buffer.compare(id, ground.lastId) <= 0)
    return { status: "message-conflict" };
  if (ground.revokedAt !== null) return { status: "device-revoked" };
  if (ground.leftSequence !== null) return { status: "not-a-member" };
  if (message.seen !== undefined && message.seen > ground.head) return { status: "diverged" };
  if (!inOrder) return { status: "out-of-order" };
  // What is put back was accepted before.
  if (ground.isBlocked === 1 && message.acceptedAt === undefined) return { status: "not-accepted" };
  const oldestEpoch = Math.max(ground.rosterEpoch, ground.epoch - limits.pastEpochs);
  const isCurrent =
    message.generation === ground.generation && message.epoch >= oldestEpoch && message.epoch <= ground.epoch;
  return isCurrent ? "next" : { status: "stale-epoch" };
}

/** The database's clock, but never before the entry before; for one that is put back, when it was accepted at first. */
export function acceptedAtOf(now: number, lastAcceptedAt: number, earlier: number | undefined): number {
  return Math.max(Math.min(earlier ?? now, now), lastAcceptedAt);
}

/** Whether a commit begins the first group of a conversation, or the one that takes the place of the present one. */
export function foundsGeneration(
  commit: { generation: number; epoch: number },
  present: { generation: number },
): boolean {
  return commit.generation === present.generation + 1 && commit.epoch === 0;
}
