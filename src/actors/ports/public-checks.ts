/** The checks of `identity/` that actors decide by. Actors may import protocol only, so they are handed in. */
import type { ConversationId, DeviceId, MessageId, UserId } from "../../protocol/ids.ts";
import type { LogRow } from "./store-log.ts";

/** `accountKey`: 32 bytes. */
export interface CheckedCredential {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly accountKey: Uint8Array;
}

/** A device that a commit adds. `keyPackageHash`: the `hash` of the package that it is added with, 32 bytes. */
export interface CheckedAdd {
  readonly credential: CheckedCredential;
  readonly deviceKey: Uint8Array;
  readonly suite: number;
  readonly keyPackageHash: Uint8Array;
}

export interface CheckedCommit {
  readonly conversation: ConversationId;
  readonly generation: number;
  readonly epoch: number;
  readonly senderLeaf: number;
  readonly adds: readonly CheckedAdd[];
  readonly removes: readonly number[];
  readonly pathLeaf?: { readonly credential: CheckedCredential; readonly deviceKey: Uint8Array };
  /** The new policy, where the commit changes it; it does nothing else then. */
  readonly policy?: CheckedPolicy;
}

/** A group's policy. The founding commit of a group brings the first one: a node learns it there, and from each that follows. */
export interface CheckedPolicy {
  readonly roles: readonly { readonly user: UserId; readonly role: "owner" | "admin" }[];
  readonly history: "kept" | "off";
  readonly retentionDays?: number;
  readonly disappearingSeconds?: number;
}

/** `deviceKey`: 32 bytes. */
export interface CheckedDevice {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly deviceKey: Uint8Array;
}

/** What a commit does, and the group that it does it to. `policy`: before the commit; undefined for the founding one. */
export interface CheckedGroupChange {
  readonly policy: CheckedPolicy | undefined;
  readonly suite: number;
  /** All devices before the commit, the committer's among them. */
  readonly members: readonly CheckedDevice[];
  readonly committer: UserId;
  readonly adds: readonly CheckedDevice[];
  readonly removes: readonly CheckedDevice[];
  readonly newPolicy: CheckedPolicy | undefined;
  /** Users whose signed leave stands in the log after they were last added. */
  readonly leavers: readonly UserId[];
  /** Users who have started over, and come back under another account key. */
  readonly replaced: readonly UserId[];
}

/** `accountKey`: the one that has certified a device of the user, 32 bytes. */
export interface CheckedCertification {
  readonly user: UserId;
  readonly accountKey: Uint8Array;
}

/** The group that a new generation takes the place of, and what that one is to be. `members`: by leaf, without who has left. */
export interface CheckedGeneration {
  readonly before: {
    readonly policy: CheckedPolicy | undefined;
    readonly members: readonly { readonly user: UserId; readonly device: DeviceId; readonly isLive: boolean }[];
  };
  readonly founder: UserId;
  readonly roster: readonly { readonly user: UserId }[];
}

export interface CheckedKeyPackage {
  readonly suite: number;
  readonly credential: CheckedCredential;
  readonly deviceKey: Uint8Array;
  readonly lastResort: boolean;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly hash: Uint8Array;
}

/** One entry that extends a user's list as it should. `head`: the hash of the entry. */
export interface CheckedListEntry {
  readonly version: number;
  readonly previousHead: Uint8Array | null;
  readonly head: Uint8Array;
  readonly operation: "add" | "revoke" | "reset";
  readonly user: UserId;
  readonly device: DeviceId;
  readonly deviceKey: Uint8Array;
}

export interface SignedAckFields {
  readonly conversation: ConversationId;
  readonly sequence: number;
  readonly logHash: Uint8Array;
  readonly unopened: readonly (readonly [number, number])[];
}

export interface SignedReaddFields {
  readonly conversation: ConversationId;
  readonly generation: number;
  readonly epoch: number;
  readonly keyPackage: Uint8Array;
  readonly device: DeviceId;
}

export interface SignedLeaveFields {
  readonly conversation: ConversationId;
  readonly generation: number;
  readonly epoch: number;
  readonly id: MessageId;
  readonly user: UserId;
  readonly device: DeviceId;
}

export interface SignedHistoryShareFields {
  readonly conversation: ConversationId;
  readonly user: UserId;
  readonly joinedSequence: number;
  readonly by: { readonly user: UserId; readonly device: DeviceId };
}

export interface SignedRecoveryKeyFields {
  readonly user: UserId;
  readonly version: number;
  readonly publicKey: Uint8Array | null;
  readonly madeAt: number;
}

export interface SignedVaultFields {
  readonly user: UserId;
  readonly version: number;
  readonly revision: number;
  readonly sealed: Uint8Array;
}

export interface SignedRecoveryGrantFields {
  readonly user: UserId;
  readonly version: number;
  readonly generation: number;
  readonly listVersion: number;
  readonly by: DeviceId;
  readonly encapsulated: Uint8Array;
  readonly sealed: Uint8Array;
}

export interface PublicChecks {
  /** Throws SottoError `commit-invalid`. */
  inspectCommit(commit: Uint8Array): Promise<CheckedCommit>;
  /** The rules of groups, the same that members judge by. Throws `commit-invalid` or `group-full`. */
  requireAllowedByPolicy(change: CheckedGroupChange): void;
  /** Users with a device in the group who are added under another account key. */
  replacedUsers(members: readonly CheckedCertification[], adds: readonly CheckedCertification[]): UserId[];
  /** The rule of directs and groups for who is replaced. Throws `commit-invalid`. */
  requireWholeReplacement(change: {
    readonly members: readonly Pick<CheckedDevice, "user" | "device">[];
    readonly removes: readonly Pick<CheckedDevice, "device">[];
    readonly replaced: readonly UserId[];
  }): void;
  /** The rules of generations, the same that members judge by. Throws `commit-invalid`. */
  requireGenerationAllowed(generation: CheckedGeneration): void;
  policyOfGeneration(generation: CheckedGeneration): CheckedPolicy | undefined;
  /** More are added after it. */
  isFullFounding(roster: CheckedGeneration["roster"]): boolean;
  nextLeaves(
    leaves: readonly (DeviceId | null)[],
    removes: readonly number[],
    adds: readonly DeviceId[],
  ): (DeviceId | null)[];
  /** Throws SottoError `key-package-invalid`. */
  inspectKeyPackage(keyPackage: Uint8Array): Promise<CheckedKeyPackage>;
  /** What `entry` does to the list that `entries` spell out. Throws `device-list-invalid` or `device-list-conflict`. */
  extendDeviceList(entries: readonly Uint8Array[], entry: Uint8Array, accountKey: Uint8Array): CheckedListEntry;
  /** The same of an entry with which the user starts over: `next` takes the place of `replaced`, 32 bytes each. */
  resetDeviceList(
    entries: readonly Uint8Array[],
    entry: Uint8Array,
    keys: { replaced: Uint8Array; next: Uint8Array },
  ): CheckedListEntry;
  /** The account key at a version of a list. `entries`: those after it; `accountKey`: the one at their end. */
  accountKeyAt(entries: readonly Uint8Array[], version: number, accountKey: Uint8Array): Uint8Array;
  isAckSigned(ack: SignedAckFields, signature: Uint8Array, deviceKey: Uint8Array): boolean;
  isReadMarkSigned(
    mark: SignedAckFields & { readonly audience: "all" | "own" },
    signature: Uint8Array,
    deviceKey: Uint8Array,
  ): boolean;
  isPrivacySigned(
    privacy: {
      readonly user: UserId;
      readonly version: number;
      readonly readReceipts: boolean;
      readonly typing: boolean;
    },
    signature: Uint8Array,
    deviceKey: Uint8Array,
  ): boolean;
  isReaddSigned(request: SignedReaddFields, signature: Uint8Array, deviceKey: Uint8Array): boolean;
  isLeaveSigned(leave: SignedLeaveFields, signature: Uint8Array, deviceKey: Uint8Array): boolean;
  isHistoryShareSigned(share: SignedHistoryShareFields, signature: Uint8Array, deviceKey: Uint8Array): boolean;
  /** By the account key, as the vault. */
  isRecoveryKeySigned(key: SignedRecoveryKeyFields, signature: Uint8Array, accountKey: Uint8Array): boolean;
  isVaultSigned(vault: SignedVaultFields, signature: Uint8Array, accountKey: Uint8Array): boolean;
  isRecoveryGrantSigned(grant: SignedRecoveryGrantFields, signature: Uint8Array, deviceKey: Uint8Array): boolean;
  /** The hash of a log entry, 32 bytes. */
  entryHash(entry: LogRow): Uint8Array;
}
