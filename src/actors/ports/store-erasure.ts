import type { ConversationId, DeviceId, UserId } from "../../protocol/ids.ts";

/** Somebody who is being erased, and the name under which what stays goes on. */
export interface Erasure {
  user: UserId;
  pseudonym: UserId;
}

/**
 * Where an erasure goes on: first the devices are closed out, then one conversation after another is gone through, then all that is left
 * goes. Every stage finds what it has done before done: a run that broke off begins with the first.
 */
export type ErasurePlace =
  | { stage: "devices" }
  | {
      stage: "conversations";
      /** Half-way through a log: behind this sequence. */ log?: { conversation: ConversationId; after: number };
    }
  | { stage: "rest" }
  | { stage: "end" };

/** Rows of a table that a step deleted, and rows that it left under the pseudonym, or without what was the user's in them. */
export interface ErasedRows {
  table: string;
  deleted: number;
  kept: number;
}

export interface ErasureStep {
  rows: ErasedRows[];
  /** Conversations that this step was through with. */
  conversations: number;
  /** Undefined: nothing is left. */
  next: ErasurePlace | undefined;
}

/** Takes a user out of the database, while others go on. */
export interface ErasureStore {
  /**
   * Begins to erase a user under `pseudonym`, or finds the erasure that has begun: then under the one that was made for it. From now on
   * nobody can begin anew under this name until the erasure has ended. Undefined where nothing is held about the user.
   */
  beginErasure(erasure: Erasure): Promise<Erasure | undefined>;
  /** One step, in one transaction: about `chunk` rows of the log, or of a table. */
  eraseStep(erasure: Erasure, place: ErasurePlace, chunk: number): Promise<ErasureStep>;
  /** Overwrites what the database's files still hold of what was deleted, where a client of it can. */
  overwriteDeleted(): Promise<void>;
  /** The keys (32 bytes) of the devices that a user had who was erased: by them messages under the pseudonym are verified. */
  readErasedDevices(pseudonym: UserId): Promise<{ device: DeviceId; deviceKey: Uint8Array }[]>;
}
