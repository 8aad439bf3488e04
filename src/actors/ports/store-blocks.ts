import type { UserId } from "../../protocol/ids.ts";

/** Somebody does not want to hear of somebody else, nor to be seen by them. */
export interface BlockRow {
  user: UserId;
  blocked: UserId;
}

/**
 * Who has blocked whom. In a direct conversation the store itself holds to it, within the transaction: a message of the blocked
 * user is `not-accepted`, and acks of the one who blocks bring no receipt.
 */
export interface BlockStore {
  /** `too-many`: the user has blocked `limits.blocksPerUser` others, and nothing changed. `unchanged`: it was so before. */
  setBlock(block: BlockRow, isBlocked: boolean): Promise<"changed" | "unchanged" | "too-many">;
  /** Whom each of these users has blocked, in order of (user, blocked). */
  readBlocks(users: readonly UserId[]): Promise<BlockRow[]>;
}
