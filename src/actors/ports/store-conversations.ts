import type { ConversationId, DeviceId, MessageId, UserId } from "../../protocol/ids.ts";
import type { CheckedPolicy } from "./public-checks.ts";

/** What is known of a group beside its tree. */
export interface GroupFacts {
  suite: 84 | 3;
  /** Who made room for it, and alone may found it. */
  creator: UserId;
  /** Null until it is founded. */
  policy: CheckedPolicy | null;
  /** Users who have left by their own word, while a device of theirs is in the tree. */
  leavers: UserId[];
}

export interface ConversationRow {
  conversation: ConversationId;
  kind: "direct" | "group";
  /** Null of a direct. */
  group: GroupFacts | null;
  /** Sorted. Of a group: who is in it now; of one that is not founded, its creator. */
  users: UserId[];
  /** 0 until the group is founded. */
  generation: number;
  epoch: number;
  /** The epoch that the last Add or Remove began. */
  rosterEpoch: number;
  head: number;
  /** Devices by leaf of the group's tree; null where blank. */
  leaves: (DeviceId | null)[];
  createdAt: number;
}

/** A conversation as one device sees it. */
export interface DeviceConversation extends ConversationRow {
  floor: number;
  joinedSequence: number | null;
  leftSequence: number | null;
  position: number;
  lastNumber: number;
  /** The id that went with it; null before the first. */
  lastId: MessageId | null;
  receiptVersion: number;
  /** How far this user has read, on whichever device; 0 before. */
  readSequence: number;
  lists: { user: UserId; version: number }[];
}

/** A commit the actor has checked. The store's part is the compare-and-set and that all of it happens or none. */
export interface AcceptCommit {
  conversation: ConversationId;
  generation: number;
  /** The epoch that the commit ends. */
  epoch: number;
  id: MessageId;
  sender: { user: UserId; device: DeviceId };
  commit: Uint8Array;
  /** The tree's leaves after the commit. */
  leaves: (DeviceId | null)[];
  /** In the order of the commit. A device in both is re-added: its log begins anew at this commit. */
  added: { user: UserId; device: DeviceId }[];
  removed: DeviceId[];
  /** Users who have started over: none of their devices from before is left, and what still waits for them runs out with this commit. */
  replaced?: readonly UserId[];
  /**
   * Of a group: what it is after the commit, and which users come and go by it. `leaversBefore`: by whom it was judged; where
   * somebody has left since, the commit is `stale-epoch`, because members judge it by that too.
   */
  group?: Pick<GroupFacts, "policy" | "leavers"> & { leaversBefore: UserId[]; joined: UserId[]; gone: UserId[] };
  /** For the added devices: stored once, referenced from their inboxes in the place of any earlier one to this conversation. */
  welcome?: Uint8Array;
  /** As of messages. */
  seen?: number;
  acceptedAt?: number;
}

export type CommitOutcome =
  | {
      status: "accepted";
      sequence: number;
      acceptedAt: number;
      /** The Welcome's place in the inbox of each added device. */
      inbox: { device: DeviceId; position: number }[];
      /** For whom something ran out, up to the commit, and the version of the receipt that says so. */
      expired: { user: UserId; version: number }[];
    }
  /** The same id and bytes are in the log already. */
  | { status: "already-accepted"; sequence: number; acceptedAt: number }
  | { status: "stale-epoch" }
  | { status: "diverged" }
  /** The sender is not in the group, or was revoked; or an added device is not a live device of a user of the conversation. */
  | { status: "not-a-member" }
  | { status: "device-revoked" };

/** A user leaves a group. The actor has checked the signature and the role. */
export interface AcceptLeave {
  conversation: ConversationId;
  generation: number;
  epoch: number;
  id: MessageId;
  sender: { user: UserId; device: DeviceId };
  signature: Uint8Array;
  acceptedAt?: number;
}

export type LeaveOutcome =
  | { status: "accepted" | "already-accepted"; sequence: number; acceptedAt: number }
  | { status: "stale-epoch" }
  | { status: "not-a-member" }
  | { status: "device-revoked" };

export interface ConversationStore {
  /**
   * The pair's one row, made when there is none: under `proposed`, or under a fresh id where that is another pair's. `a` and
   * `b` differ; their order does not matter. A conversation never founded is kept for the retention from when it was last
   * opened, give or take a day or a tenth of the retention.
   */
  openDirect(a: UserId, b: UserId, proposed: ConversationId): Promise<{ row: ConversationRow; created: boolean }>;
  /** A group with its creator alone, unless the id is taken: then whatever has it is as it was. */
  createGroup(creator: UserId, conversation: ConversationId, suite: 84 | 3): Promise<void>;
  findConversation(conversation: ConversationId): Promise<ConversationRow | undefined>;
  /**
   * In order of id, after a cursor. Only conversations of the user; a device that never joined sees `joinedSequence: null`. Who is
   * out of a group sees where its own log ends, and nothing of what the group is now.
   */
  listConversations(
    user: UserId,
    device: DeviceId,
    after: ConversationId | undefined,
    limit: number,
  ): Promise<{ conversations: DeviceConversation[]; more: boolean }>;
  /** The same view of one conversation; undefined when the user is not in it. */
  viewConversation(
    user: UserId,
    device: DeviceId,
    conversation: ConversationId,
  ): Promise<DeviceConversation | undefined>;
  /** Whether two different users share a conversation, founded or not. The cost does not depend on how many directs they have. */
  shareConversation(a: UserId, b: UserId): Promise<boolean>;
  /** Users who share a conversation with this one, without it. For telling them about a new device. At most `limit`. */
  listPeers(user: UserId, limit: number): Promise<UserId[]>;
  /**
   * One commit per epoch. At epoch 0 of the next generation it takes the place of the group: `added` is then the whole roster, and a
   * device that was in the group keeps its beginning, its position and its numbers.
   */
  acceptCommit(commit: AcceptCommit): Promise<CommitOutcome>;
  /** An entry of the log that ends it for the user's devices; the user waits for nothing there any more, and holds nothing back. */
  acceptLeave(leave: AcceptLeave): Promise<LeaveOutcome>;
}
