/**
 * What stands in a device's store, table by table; `record-codec.ts` says how it is written. The store
 * seals it. Keys sort: a sequence is padded so that the order of ids is the order of the log.
 */
import type { ArchiveKey } from "../crypto/archive.ts";
import type { ContactPin } from "../crypto/contact-pins.ts";
import type { BlobId } from "../protocol/blobs.ts";
import type { HashedEntry } from "../identity/log-hash.ts";
import type { GroupPolicy } from "../identity/group-policy.ts";
import type { ConversationId, DeviceId, MessageId, UserId } from "../protocol/ids.ts";

export { decodeRecord, encodeRecord } from "./record-codec.ts";

export const tables = {
  device: "device",
  lists: "lists",
  pins: "pins",
  keyPackages: "key-packages",
  conversations: "conversations",
  rosters: "rosters",
  groupTrees: "group-trees",
  groupRatchets: "group-ratchets",
  pendingCommits: "pending-commits",
  outbox: "outbox",
  entries: "entries",
  messagePlaces: "message-places",
  messageChanges: "message-changes",
  withheld: "withheld",
  words: "words",
  tail: "tail",
  orphans: "orphans",
  receipts: "receipts",
  disappearing: "disappearing",
  historyKeys: "history-keys",
  blocks: "blocks",
  privacy: "privacy",
  drafts: "drafts",
  deviceNames: "device-names",
  uploads: "uploads",
  abandonedBlobs: "abandoned-blobs",
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
  /** When the current one was made here, or came. */
  archiveKeyMadeAt?: number;
  /** Devices that are still to be handed the current one. */
  archiveKeyOwedTo?: DeviceId[];
  recovery?: RecoveryRecord;
  /** The signed first entry of the list, or that with which the user starts over, while the one or the other is under way. */
  registrationEntry: Uint8Array | null;
  /** How long the deployment keeps messages, as it said last. */
  retentionDays?: number;
}

/**
 * The latest recovery key of this user that this device has heard of. `publicKey` null: there is none any more. `isChecked`: a person
 * has shown to have kept the words.
 */
export interface RecoveryRecord {
  version: number;
  publicKey: Uint8Array | null;
  madeAt: number;
  isChecked: boolean;
  /** Only where this device made the key, or was restored by it. */
  vaultKey?: Uint8Array;
  /** Hash of what the last vault held that this device wrote, and when. */
  saved?: { hash: Uint8Array; at: number; revision: number };
}

/** What a vault, or the device that linked this one, knew of a contact, until its list was read. */
export type PinRecord = ContactPin;

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

/** What was begun in a conversation, and not sent. */
export interface DraftRecord {
  text: string;
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
  /** A person goes on since without having compared. */
  accepted?: boolean;
}

export interface KeyPackageRecord {
  suite: number;
  reference: Uint8Array;
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
  /** Of a direct conversation, the pseudonym of somebody who was erased; null of a group. */
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
  /** Users who were erased: under which name they were known here, and which they have now. */
  erased?: { user: UserId; pseudonym: UserId }[];
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
  /** Which stretches of the log this device has read, also from before its own began; ascending and apart. What it cannot open is not among them. */
  held?: [number, number][];
  /** Hash of the entry at `position`. */
  positionHash: Uint8Array | null;
  /** The running log hash after `position`. */
  logHash: Uint8Array | null;
  /** The epoch that the last change of the roster began. */
  rosterEpoch: number;
  /** From which epoch on messages last for as long as the group says now. Those that were sealed before keep to what they say. */
  disappearingSince?: { generation: number; epoch: number };
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
  /** What is at or below is past retention, and gone from here. */
  floor?: number;
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
   * log, and what follows is being read. `isGone`: it is not there to be followed any more, and nobody's fault.
   */
  unfollowed: { sequence: number; user: UserId; device: DeviceId; passed: boolean; isGone?: true } | null;
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
  /** `disappears`: it is sealed for those alone who read it now. */
  sealed: { generation: number; epoch: number; payload: Uint8Array; disappears?: true } | null;
  /** Its files are still being uploaded: it is not sealed before, nor is what comes after it. */
  held?: true;
}

/** Where a later run of the client finds a file that is being uploaded. Times in ms since 1970. */
export type FileSourceRecord =
  { kind: "file"; path: string; size: number; modifiedAt: number } | { kind: "bytes"; bytes: Uint8Array };

/** A file on its way to the node. `key`, `header`: what it is sealed under. */
export interface UploadRecord {
  blob: BlobId;
  key: Uint8Array;
  header: Uint8Array;
  /** Of the file, in bytes. */
  size: number;
  source: FileSourceRecord | null;
  /** Bytes of the blob that may have left this device, and the hash of them, part chained to part (BLAKE2b-256). */
  noted: number;
  chain: Uint8Array;
}

/** An entry of the log as this device keeps it. */
export interface EntryRecord {
  sequence: number;
  /**
   * `change`: of a message before it. `profile`: what the group is called; people see the name, not a message. `history-keys`: for
   * somebody who joined; not kept. `gone`: a message that has disappeared.
   */
  kind: "message" | "change" | "profile" | "history-keys" | "commit" | "leave" | "unopened" | "gone";
  id: MessageId;
  sender: { user: UserId; device: DeviceId };
  number: number;
  acceptedAt: number;
  logHash: Uint8Array;
  /** Encoded content of a message; null also of one that was retracted, and of what had changed it. */
  content: Uint8Array | null;
  /** Its sender has taken it back: when it was written is all that is left of it. */
  retracted?: { sentAt: number };
  /** Why it could not be opened. */
  reason: string | null;
  /** The log had lost it, and has it again at this place: nobody is told of it anew. */
  returned?: true;
  /** Nobody has been told of it yet: its sender is in doubt. */
  withheld?: true;
}

/**
 * A change of a message, found by the message's id: what the entry of the log says, but for the text of an edit, which stands there
 * alone. `sentAt`: ms since 1970, by the sender's clock.
 */
export interface ChangeRecord {
  kind: "reaction" | "edit" | "retraction";
  sequence: number;
  sender: { user: UserId; device: DeviceId };
  sentAt: number;
  /** Of a reaction. */
  emoji?: string;
  isRemoved?: true;
}

/** A message that lasts for so many seconds once it is read. `goesAt`: when that is over, by this device's clock; null before. */
export interface DisappearingRecord {
  sequence: number;
  id: MessageId;
  seconds: number;
  goesAt: number | null;
}

/** What entries of a stretch of the log say: their words, folded, each once, with spaces between. */
export interface WordsRecord {
  entries: (readonly [sequence: number, words: string])[];
}

/** The last entries as they stand in the log: what a node that has lost them is given back, up to one that has gone. */
export type TailRecord = HashedEntry;

/** An entry that the log has lost, as it was kept here and as it stood there: with its payload, or the hash that it had left. */
export interface OrphanRecord {
  entry: EntryRecord;
  payload: Uint8Array;
  goneHash?: string;
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

/** Decimal, padded to the digits of 2^53, so that text order is number order. */
export const sortable = (value: number): string => value.toString().padStart(16, "0");
export const ratchetKey = (conversation: ConversationId, part: string): string => `${conversation}/${part}`;
export const entryKey = (conversation: ConversationId, sequence: number): string =>
  `${conversation}/${sortable(sequence)}`;
/** Of a message with this id, at this place of the log. */
export const placeKey = (conversation: ConversationId, id: MessageId, sequence: number): string =>
  `${conversation}/${id}/${sortable(sequence)}`;
/** Of a change of the message `target`, at this place of the log. */
export const changeKey = (conversation: ConversationId, target: MessageId, sequence: number): string =>
  `${conversation}/${target}/${sortable(sequence)}`;
export const historyKeyId = (
  conversation: ConversationId,
  { generation, epoch }: { generation: number; epoch: number },
): string => `${conversation}/${sortable(generation)}/${sortable(epoch)}`;
export const outboxKey = (conversation: ConversationId, id: MessageId): string => `${conversation}/${id}`;
export const orphanKey = (conversation: ConversationId, id: MessageId): string => `${conversation}/${id}`;
export const receiptKey = (conversation: ConversationId, version: number): string =>
  `${conversation}/${sortable(version)}`;
