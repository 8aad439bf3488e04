/**
 * What stands in a device's store, table by table, and how it is written: JSON with bytes as tagged base64. The store
 * seals it. Keys sort: a sequence is padded so that the order of ids is the order of the log.
 */
import type { ArchiveKey } from "../crypto/archive.ts";
import { fromBase64, toBase64 } from "../protocol/base64.ts";
import type { HashedEntry } from "../identity/log-hash.ts";
import type { GroupPolicy } from "../identity/group-policy.ts";
import type { ConversationId, DeviceId, MessageId, UserId } from "../protocol/ids.ts";

export const tables = {
  device: "device",
  lists: "lists",
  keyPackages: "key-packages",
  conversations: "conversations",
  rosters: "rosters",
  groupTrees: "group-trees",
  groupRatchets: "group-ratchets",
  pendingCommits: "pending-commits",
  outbox: "outbox",
  entries: "entries",
  tail: "tail",
  orphans: "orphans",
  receipts: "receipts",
  historyKeys: "history-keys",
  blocks: "blocks",
  privacy: "privacy",
  deviceNames: "device-names",
} as const;

/** This device. Secrets: the store is encrypted at rest. */
export interface DeviceRecord {
  user: UserId;
  device: DeviceId;
  deviceKey: Uint8Array;
  deviceSecretKey: Uint8Array;
  accountKey: Uint8Array | null;
  /** Only on primaries. */
  accountSecretKey: Uint8Array | null;
  /** Null until the device is registered or linked. */
  certificate: Uint8Array | null;
  /** Under which this user's history keys are archived; ascending, the last is the current one. */
  archiveKeys?: ArchiveKey[];
  /** When the current one was made, on the device that made it. */
  archiveKeyMadeAt?: number;
  /** Devices that are still to be handed the current one. */
  archiveKeyOwedTo?: DeviceId[];
  /** The signed first entry of the list, or that with which the user starts over, while the one or the other is under way. */
  registrationEntry: Uint8Array | null;
}

/** Whom the user has blocked, as the node said last. */
export interface BlocksRecord {
  users: UserId[];
}

/** What the user lets others see, as this device knows it. `isUnsent`: chosen here, and not heard by the node yet. */
export interface PrivacyRecord {
  version: number;
  readReceipts: boolean;
  typing: boolean;
  isUnsent: boolean;
}

/** What the user calls its devices. `unsent`: named here, and not taken by the node yet. */
export interface DeviceNamesRecord {
  names: Record<DeviceId, string>;
  unsent: Record<DeviceId, string>;
}

/** A verified device list and the pin on it. */
export interface ListRecord {
  user: UserId;
  accountKey: Uint8Array;
  entries: Uint8Array[];
  /** A person has compared, and this key is theirs. */
  confirmed?: boolean;
  /** The node has claimed another key since. */
  changed?: boolean;
}

export interface KeyPackageRecord {
  suite: number;
  publicBytes: Uint8Array;
  privateBytes: Uint8Array;
  lastResort: boolean;
  createdAt: number;
  /** A last resort that was replaced; kept a while for Welcomes under way. */
  retiredAt: number | null;
}

/** Owed to who holds this account key, and not to who starts over as that user. Null: the user had no device then. */
export interface HistoryDebt {
  user: UserId;
  accountKey: Uint8Array | null;
}

export interface ConversationRecord {
  conversation: ConversationId;
  /** Of a direct conversation; null of a group. */
  peer: UserId | null;
  /** By its MLS code point. */
  suite: 84 | 3;
  /** A group that this device is to found, and how. */
  founding: GroupPolicy | null;
  /** What a group is called, as far as this device was told. */
  name: string | null;
  /** Whom this device is to add to the group: users whom it could not add yet. */
  invited: UserId[];
  /** Whoever was added by this device has not been told the name yet. */
  owesName: boolean;
  /** Whom this device is to let read what was said before they came. */
  historyDebts?: HistoryDebt[];
  /** Users who have left by their own word, and whose devices nobody has removed yet. */
  leavers: UserId[];
  /** This user is out of the group, from this entry of the log on. */
  left: { sequence: number; how: "left" | "removed" } | null;
  /** Who the users of a group were, from a sequence on; ascending. */
  rosters: { sequence: number; users: UserId[] }[];
  /** Generation of the group that this device holds; 0: none. */
  generation: number;
  /** Where this device's log begins: the sequence of its Add. 0 before. */
  joinedSequence: number;
  /** The commit that the group which this device holds began with, for it: its Add, or the founding of a later generation. */
  beganSequence: number;
  /** All entries up to here are stored. */
  position: number;
  /** Hash of the entry at `position`. */
  positionHash: Uint8Array | null;
  /** The running log hash after `position`. */
  logHash: Uint8Array | null;
  /** The epoch that the last change of the roster began. */
  rosterEpoch: number;
  /** The last commits of the log, ascending: an ack proves what came after the last one before it. */
  commits: number[];
  /** How the epochs before ended, ascending: acked by themselves, because the running hash begins anew after them. */
  epochEnds: { sequence: number; logHash: Uint8Array }[];
  /** Where the log of a device that was removed ends: no ack of its speaks of what came after. */
  departures: Record<DeviceId, number>;
  /** The last message of each device: its number and the hash of its content. */
  senders: Record<DeviceId, { number: number; contentHash: Uint8Array }>;
  /** This device's own last number, and the content hash that goes with it. */
  lastNumber: number;
  lastContentHash: Uint8Array | null;
  /** The greatest id of an own message that was numbered. */
  lastId: MessageId | null;
  unopened: [number, number][];
  receiptVersion: number;
  /** Highest sequence the person has seen. */
  readSequence: number;
  /** Highest sequence that was shown or printed here, for who shows messages once each; this device's own. */
  shownSequence?: number;
  selfUpdatedAt: number;
  /** When the node took the last commit that this device has followed, by the node's clock. */
  committedAt: number;
  /** Added by a last-resort key package: update before the first message. */
  mustSelfUpdate: boolean;
  /** The group cannot be followed any more, since this time; this device waits to be added again. */
  lostAt: number | null;
  /**
   * The commit for which it was lost, and whose: what follows under epochs before it can still be opened. `passed`: it stands in the
   * log, and what follows is being read.
   */
  unfollowed: { sequence: number; user: UserId; device: DeviceId; passed: boolean } | null;
  /** A later generation that the log tells of, and whose Welcome is awaited. */
  succeededBy: number;
  /** The last generation that this device would not go along with. */
  refusedGeneration: number;
  /** Messages that this device holds and the log has lost; they are known again when they come back at another place. */
  orphans: MessageId[];
  /** The epochs of which history keys were taken, ascending, and when their commits were accepted. */
  historyKeys: { generation: number; epoch: number; at: number }[];
  /** The first of them in this stay of the user's, as far as this device knows; null before. */
  historyBegins?: { generation: number; epoch: number } | null;
  /** When a device was last removed and added again, by the node's clock; and by which key packages this device did it: each counts once. */
  readds: Record<DeviceId, { at: number; packages: string[] }>;
}

/** What of a conversation's record is written by itself, when it changes: in a large group it is much, and messages leave it as it is. */
export type RostersRecord = Pick<ConversationRecord, "rosters">;

/** A commit of this device that waits for the log, with its exact bytes and the state to adopt. */
export interface PendingCommitRecord {
  id: MessageId;
  generation: number;
  epoch: number;
  commit: Uint8Array;
  welcome: Uint8Array | null;
  nextTree: Uint8Array;
  nextRatchets: Uint8Array;
  /** Devices whose log begins with this commit; a device added again is among them. */
  added: DeviceId[];
  removed: DeviceId[];
  /** It brings no new keys of this device: it only adds, or changes the policy. */
  withoutPath?: boolean;
  /** Others are members, and one without changes is to follow. */
  needsUpdate?: boolean;
  /** What else the record is to say once the log has this commit. */
  adopts?: Partial<ConversationRecord>;
  createdAt: number;
}

export interface OutboxRecord {
  id: MessageId;
  content: Uint8Array;
  sentAt: number;
  /** Set when sealed; kept when sealed anew after `stale-epoch`. */
  number: number | null;
  contentHash: Uint8Array | null;
  previousContentHash: Uint8Array | null;
  sealed: { generation: number; epoch: number; payload: Uint8Array } | null;
}

/** An entry of the log as this device keeps it. */
export interface EntryRecord {
  sequence: number;
  /** `profile`: what the group is called; people see the name, not a message. `history-keys`: for somebody who joined; not kept. */
  kind: "message" | "profile" | "history-keys" | "commit" | "leave" | "unopened";
  id: MessageId;
  sender: { user: UserId; device: DeviceId };
  number: number;
  acceptedAt: number;
  logHash: Uint8Array;
  /** Encoded content of a message. */
  content: Uint8Array | null;
  /** Why it could not be opened. */
  reason: string | null;
  /** The log had lost it, and has it again at this place: nobody is told of it anew. */
  returned?: true;
}

/** The last entries as they stand in the log: what a node that has lost them is given back. */
export type TailRecord = HashedEntry;

/** An entry that the log has lost, as it was kept here and as it stood there. */
export interface OrphanRecord {
  entry: EntryRecord;
  payload: Uint8Array;
}

/** A history key, 32 bytes. `isArchived`: it stands in the user's archive. `isShared`: by another's word alone, and maybe false. */
export interface HistoryKeyRecord {
  generation: number;
  epoch: number;
  key: Uint8Array;
  isArchived: boolean;
  isShared?: true;
}

export interface ReceiptRecord {
  kind: "delivered" | "read" | "expired";
  user: UserId;
  device: DeviceId | null;
  /** Holds for messages after `from`, up to `sequence`, but for `unopened`. */
  from: number;
  sequence: number;
  unopened: [number, number][];
  at: number;
  version: number;
}

export function encodeRecord(record: object): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify(record, (_key, value: unknown) =>
      value instanceof Uint8Array ? { $bytes: toBase64(value) } : value,
    ),
  );
}

export function decodeRecord<T extends object>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes), (_key, value: unknown) =>
    isTaggedBytes(value) ? fromBase64(value.$bytes) : value,
  ) as T;
}

function isTaggedBytes(value: unknown): value is { $bytes: string } {
  return typeof value === "object" && value !== null && "$bytes" in value && typeof value.$bytes === "string";
}

/** Decimal, padded to the digits of 2^53, so that text order is number order. */
export const sortable = (value: number): string => value.toString().padStart(16, "0");
export const ratchetKey = (conversation: ConversationId, part: string): string => `${conversation}/${part}`;
export const entryKey = (conversation: ConversationId, sequence: number): string =>
  `${conversation}/${sortable(sequence)}`;
export const historyKeyId = (
  conversation: ConversationId,
  { generation, epoch }: { generation: number; epoch: number },
): string => `${conversation}/${sortable(generation)}/${sortable(epoch)}`;
export const outboxKey = (conversation: ConversationId, id: MessageId): string => `${conversation}/${id}`;
export const orphanKey = (conversation: ConversationId, id: MessageId): string => `${conversation}/${id}`;
export const receiptKey = (conversation: ConversationId, version: number): string =>
  `${conversation}/${sortable(version)}`;
