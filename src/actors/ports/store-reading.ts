import type { ConversationId, UserId, DeviceId } from "../../protocol/ids.ts";
import type { AckRow } from "./store-log.ts";

/** A device's signed word that its user has read everything up to `sequence`; for the senders too, or for its own devices alone. */
export interface ReadMarkRow extends AckRow {
  audience: "all" | "own";
}

export type ReadMarkOutcome =
  /** `version`: of the receipt that tells the others; null where they are not told. */
  | { status: "marked"; at: number; version: number | null }
  /** Not past what the user has read already. */
  | { status: "unchanged" }
  /** Beyond what this device has acked, or outside [joined, left]. */
  | { status: "outside" }
  | { status: "not-a-member" }
  | { status: "device-revoked" };

/** What a user lets others see, as one of its devices signed it. The greatest version counts. */
export interface PrivacyRow {
  user: UserId;
  device: DeviceId;
  version: number;
  readReceipts: boolean;
  typing: boolean;
  signature: Uint8Array;
}

/**
 * What was read. A mark is the user's, whichever device makes it, and only moves forward. Others get no receipt of one for the user's
 * own devices, nor of any while the user's settings say so, nor in a direct conversation with somebody whom the user has blocked.
 */
export interface ReadingStore {
  markRead(mark: ReadMarkRow): Promise<ReadMarkOutcome>;
  /** The user's last mark, with its time. */
  findReadMark(conversation: ConversationId, user: UserId): Promise<(ReadMarkRow & { at: number }) | undefined>;
  /** `unchanged`: what is there has this version, or a later one. */
  setPrivacy(privacy: PrivacyRow): Promise<"changed" | "unchanged">;
  findPrivacy(user: UserId): Promise<PrivacyRow | undefined>;
}
