import type { ConversationId, DeviceId, UserId } from "../../protocol/ids.ts";
import type { LogRow } from "./store-log.ts";

/** A history key of a user's archive, sealed so that only this user's devices open it. `archiveGeneration`: of the key it is sealed under. */
export interface HistoryKeyRow {
  conversation: ConversationId;
  generation: number;
  epoch: number;
  archiveGeneration: number;
  sealed: Uint8Array;
}

/** An archive key for one device, sealed. `by`: the device that signed it, where the account key has not. `keyPackage`: the hash, 32 bytes, of the one that it is sealed to. */
export interface ArchiveGrantRow {
  device: DeviceId;
  generation: number;
  listVersion: number;
  by?: DeviceId;
  keyPackage: Uint8Array;
  encapsulated: Uint8Array;
  sealed: Uint8Array;
  signature: Uint8Array;
}

/** Who lets whom read what was before it came; see `HistoryShare` in `identity/`. `signature`: 64 bytes, checked. */
export interface HistoryShareRow {
  conversation: ConversationId;
  user: UserId;
  joinedSequence: number;
  by: { user: UserId; device: DeviceId };
  signature: Uint8Array;
}

export type HistoryShareOutcome = "shared" | "forbidden" | "not-a-member";

/** Where a page of history keys goes on: after this one. */
export type HistoryKeyCursor = Pick<HistoryKeyRow, "generation" | "epoch">;

/** What a device that was added later reads: the log as far as its user may, and the user's archive. */
export interface HistoryStore {
  /**
   * The log before a sequence (undefined: its end), as far as this user may read it: from where the user was added, or from
   * where it was let by `shareHistory`, to where it left, above the floor. Ascending; begins later when payloads pass `maxBytes` (one entry is always returned). `first`: where
   * what the user may read begins; `floor`: retention has removed what is at or below it. Only for a live device of the user.
   */
  readHistory(read: {
    conversation: ConversationId;
    user: UserId;
    device: DeviceId;
    before: number | undefined;
    limit: number;
    maxBytes: number;
  }): Promise<{ entries: LogRow[]; first: number; floor: number } | "not-a-member">;
  /**
   * From now on, and until it leaves, the member reads from where the one who shares may read. `forbidden`: that one has no role in the
   * group now, or the group keeps no history. `not-a-member`: one of the two, or the device, is not in it, or the member came elsewhere.
   */
  shareHistory(share: HistoryShareRow): Promise<HistoryShareOutcome>;
  /** Those of `others` who are in a conversation that is or was the user's, or were, while that was said which the user may read; in order. */
  metInHistory(conversation: ConversationId, user: UserId, others: readonly UserId[]): Promise<UserId[]>;
  /**
   * Keeps history keys of a user; one that is there already stays as it is. Answers false, and keeps none of them, where the user
   * is in one of the conversations not at all, or a key is of an epoch that its group has not reached.
   */
  putHistoryKeys(user: UserId, device: DeviceId, rows: readonly HistoryKeyRow[]): Promise<boolean>;
  /**
   * False, and none is kept, where a device is not a live one of the user. `giver`: the device that hands them over, whoever has signed: it
   * replaces what it gave before of a generation, and what others gave stays beside it. Of each giver a device is kept the newest
   * `limits.archiveGrantsPerGiver`.
   */
  putArchiveGrants(user: UserId, giver: DeviceId, rows: readonly ArchiveGrantRow[]): Promise<boolean>;
  /** What waits for a device, in order of generation and giver; its revocation takes them. */
  readArchiveGrants(device: DeviceId): Promise<ArchiveGrantRow[]>;
  /** A user's history keys of a conversation, in order of generation and epoch, after a cursor. */
  readHistoryKeys(
    user: UserId,
    conversation: ConversationId,
    after: HistoryKeyCursor,
    limit: number,
  ): Promise<HistoryKeyRow[]>;
}
