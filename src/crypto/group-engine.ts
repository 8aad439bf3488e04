/**
 * The port of the group protocol: bytes in, bytes out. The implementation (`mlsGroupEngine`) is MLS over ts-mls.
 * Owns who is in a group and the group's secrets; never decides whom to trust, never stores, never sends.
 * Invariants: every function returns a new state and leaves the old one usable until `release()`; the caller persists the
 * new state, then releases. A `Group` is opaque: only the engine that made it can use it.
 */
import type { GroupPolicy } from "../identity/group-policy.ts";
import type { ConversationId, DeviceId, UserId } from "../protocol/ids.ts";

/** One leaf of a group's tree. `deviceKey` and `accountKey`: 32 bytes. */
export interface GroupMember {
  readonly leaf: number;
  readonly user: UserId;
  readonly device: DeviceId;
  readonly deviceKey: Uint8Array;
  readonly accountKey: Uint8Array;
  readonly certificate: Uint8Array;
}

/** A group at one epoch, as one device sees it. `transcriptHash`: the confirmed transcript hash, the same for all members. */
export interface Group {
  readonly conversation: ConversationId;
  readonly generation: number;
  readonly epoch: number;
  readonly suite: number;
  readonly ownLeaf: number;
  readonly members: readonly GroupMember[];
  readonly transcriptHash: Uint8Array;
  /** A group's, at this epoch; a direct has none. */
  readonly policy: GroupPolicy | undefined;
}

/**
 * A key package with its private part. `hash`: 32 bytes over `publicBytes`, the same as `inspectKeyPackage` gives. `reference`: what a Welcome
 * names it by; kept, as a device looks for one among hundreds.
 */
export interface KeyPackagePair {
  readonly hash: Uint8Array;
  readonly reference: Uint8Array;
  readonly suite: number;
  readonly publicBytes: Uint8Array;
  readonly privateBytes: Uint8Array;
  readonly lastResort: boolean;
}

/** What this device acts as. `accountKey`: 32 bytes; `deviceSecretKey`: 64 bytes, the device's public key is derived from it. */
export interface DeviceIdentity {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly accountKey: Uint8Array;
  readonly certificate: Uint8Array;
  readonly deviceSecretKey: Uint8Array;
}

/** Who may be in a direct conversation. A member removes its own user's devices only, and re-adds whom it likes. */
interface DirectPolicy {
  readonly kind: "direct";
  readonly users: readonly [UserId, UserId];
}

/**
 * A group, whose rules (`requireAllowedByPolicy`) go by the policy inside of it. `leavers`: the users whose signed leave
 * stands in the log before the commit, and after they were last added; any member may remove them.
 */
interface GroupConversation {
  readonly kind: "group";
  readonly leavers?: readonly UserId[];
}

/** What a conversation is to its members. A direct has no group policy, a group has one: neither passes for the other. */
export type ConversationPolicy = DirectPolicy | GroupConversation;

/** `policy` stands alone: a commit that changes it neither adds nor removes. */
export interface CommitChanges {
  /** Key packages (encoded) of devices to add. */
  readonly add?: readonly Uint8Array[];
  /** Leaves to remove. */
  readonly remove?: readonly number[];
  /** A group's new policy. */
  readonly policy?: GroupPolicy;
}

/** `now` (ms) checks the lifetimes of the added. `leavers`: as in `ConversationPolicy`. */
export interface CommitOptions {
  readonly now?: number;
  readonly leavers?: readonly UserId[];
}

/** A commit that waits for the log. `next` is adopted when `commit` stands there; dropped when another one does. */
export interface PreparedCommit {
  /** An MLS PublicMessage. */
  readonly commit: Uint8Array;
  /** One MLS Welcome for all who are added. */
  readonly welcome?: Uint8Array;
  readonly next: Group;
  /** Zeroes what the old state alone needed. Only after adoption: after a loss the old state is still needed. */
  readonly release: () => void;
}

export interface AppliedCommit {
  readonly group: Group;
  readonly committer: GroupMember;
  readonly added: readonly GroupMember[];
  readonly removed: readonly GroupMember[];
  /** This device was removed: `group` is the last state it had, and cannot go on. */
  readonly selfRemoved: boolean;
  readonly release: () => void;
}

export interface SealedInGroup {
  readonly group: Group;
  /** An MLS PrivateMessage. */
  readonly ciphertext: Uint8Array;
  readonly release: () => void;
}

export interface OpenedInGroup {
  readonly group: Group;
  readonly plaintext: Uint8Array;
  readonly authenticatedData: Uint8Array;
  /** As the tree of the message's own epoch had it. */
  readonly sender: GroupMember;
  readonly epoch: number;
  readonly release: () => void;
}

/**
 * A group as it is stored. `tree` changes only when the epoch does: write it once per epoch. `ratchets` changes with
 * each message. Both hold secrets: seal them.
 */
export interface EncodedGroup {
  readonly tree: Uint8Array;
  readonly ratchets: Uint8Array;
}

/** Some leaves' ratchets of one epoch, under a name that stays theirs. Holds secrets. */
export interface RatchetPart {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** `names`: of all parts that there are now; what is stored under others is of no use any more. `moved`: what is to be written. */
export interface EncodedRatchets {
  readonly names: readonly string[];
  readonly moved: readonly RatchetPart[];
}

/** `ratchets`: in one piece, or all parts. */
export interface StoredGroup {
  readonly tree: Uint8Array;
  readonly ratchets: Uint8Array | readonly Uint8Array[];
}

/**
 * All refusals are `SottoError`: `undecryptable` for anything wrong with a message or Welcome (they all look alike),
 * `commit-invalid` for a commit, `key-package-invalid` for a key package of an Add; `group-full` and `too-large` for an own
 * commit alone, which then is not made.
 */
export interface GroupEngine {
  createKeyPackage(
    identity: DeviceIdentity,
    suite: number,
    options?: { lastResort?: boolean; now?: number },
  ): Promise<KeyPackagePair>;
  /**
   * A group at epoch 0 with this device alone. `policy` makes it a group instead of a direct: the founder its only role, as
   * owner. A node cannot see it there, so a group's first commit brings the same policy again, and only then are others added. A later generation
   * has the roles that follow from the one before (`policyOfGeneration`).
   */
  createGroup(
    identity: DeviceIdentity,
    place: { conversation: ConversationId; generation: number; suite: number },
    policy?: GroupPolicy,
  ): Promise<Group>;
  /**
   * No changes: a self-update, with an update path. A commit of Adds alone has none, nor has a change of policy: where others
   * are members the caller follows that by a commit without changes, so that the new epoch has new secrets.
   */
  prepareCommit(group: Group, changes: CommitChanges, options?: CommitOptions): Promise<PreparedCommit>;
  /** Validity depends on the bytes, the group and `policy` alone, never on a clock. */
  applyCommit(group: Group, commit: Uint8Array, policy: ConversationPolicy): Promise<AppliedCommit>;
  /** The pair that a Welcome is for. Undefined where it is for none of them, or no Welcome. */
  findPair(welcome: Uint8Array, pairs: readonly KeyPackagePair[]): Promise<KeyPackagePair | undefined>;
  /** Joins by a Welcome. The caller checks that it waits for this group, and deletes the pair when the group is stored. */
  joinGroup(
    identity: DeviceIdentity,
    welcome: Uint8Array,
    pair: KeyPackagePair,
    policy: ConversationPolicy,
  ): Promise<Group>;
  seal(group: Group, plaintext: Uint8Array, authenticatedData: Uint8Array): Promise<SealedInGroup>;
  open(group: Group, ciphertext: Uint8Array): Promise<OpenedInGroup>;
  exportSecret(group: Group, label: string, context: Uint8Array, length: number): Promise<Uint8Array>;
  encodeGroup(group: Group): EncodedGroup;
  /** Since the state that is stored; without it all. */
  encodeRatchets(group: Group, since?: Group): EncodedRatchets;
  decodeGroup(encoded: StoredGroup, identity: DeviceIdentity): Promise<Group>;
}
