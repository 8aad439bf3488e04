import type { ConversationId, DeviceId, UserId } from "../../protocol/ids.ts";

export interface DeviceRow {
  user: UserId;
  device: DeviceId;
  /** Ed25519 public key, 32 bytes. */
  deviceKey: Uint8Array;
  addedVersion: number;
  revokedAt: number | null;
}

/** A user's signed device list, opaque but for what the node has checked of it. */
export interface DeviceListRows {
  user: UserId;
  /** Ed25519 public key, 32 bytes; null where the user never had a device. */
  accountKey: Uint8Array | null;
  version: number;
  /** Hash of the last entry, 32 bytes; null at version 0. */
  head: Uint8Array | null;
  /** The entries after the version asked for, in order. */
  entries: Uint8Array[];
}

export interface AppendDeviceEntry {
  user: UserId;
  accountKey: Uint8Array;
  /** The version this entry makes, from 1. */
  version: number;
  /** Hash of the entry before, 32 bytes; null for version 1. */
  previousHead: Uint8Array | null;
  head: Uint8Array;
  entry: Uint8Array;
  change:
    | { operation: "add"; device: DeviceId; deviceKey: Uint8Array }
    | { operation: "revoke"; device: DeviceId }
    /** `nextAccountKey`: takes the place of `accountKey`, 32 bytes. */
    | { operation: "reset"; device: DeviceId; deviceKey: Uint8Array; nextAccountKey: Uint8Array };
  /** Answers a waiting link offer in the same transaction. */
  link?: { channel: Uint8Array; sealed: Uint8Array };
}

/** What its user calls a device, sealed. `archiveGeneration`: of the archive key that it is sealed under. */
export interface DeviceNameRow {
  device: DeviceId;
  archiveGeneration: number;
  sealed: Uint8Array;
}

export interface LinkOffer {
  user: UserId;
  channel: Uint8Array;
  device: DeviceId;
  deviceKey: Uint8Array;
  kemKey: Uint8Array;
  sealed: Uint8Array | null;
  expiresAt: number;
}

export interface KeyPackageStock {
  suite: number;
  oneTime: number;
  lastResort: boolean;
}

export type InboxRow = { position: number; conversation: ConversationId; generation: number; at: number } & (
  | { kind: "welcome"; sequence: number; welcome: Uint8Array }
  | { kind: "readd"; user: UserId; device: DeviceId; epoch: number; keyPackage: Uint8Array; signature: Uint8Array }
);

export interface ReaddRequest {
  conversation: ConversationId;
  generation: number;
  epoch: number;
  user: UserId;
  device: DeviceId;
  keyPackage: Uint8Array;
  signature: Uint8Array;
}

/** What became of a request to be added again: who got it, at which position of their inbox; or why nobody did. */
export type PostedReadd = { device: DeviceId; position: number; at: number }[] | "not-a-member" | "stale-epoch";

/** Devices: lists, links, key packages, inboxes. */
export interface DeviceStore {
  /** Undefined where no such device was ever registered. Revoked ones are found, with `revokedAt`. */
  findDevice(device: DeviceId): Promise<DeviceRow | undefined>;
  /** The same of many, by one read, in the order asked. */
  findDevices(devices: readonly DeviceId[]): Promise<(DeviceRow | undefined)[]>;
  /** In the order asked; users without a device come back at version 0. */
  readDeviceLists(users: readonly { user: UserId; after: number }[]): Promise<DeviceListRows[]>;
  /**
   * Compare-and-set on (user, version − 1, previousHead, accountKey). A revocation marks the device, deletes its key
   * packages, link offers and inbox; a reset does so with all live devices of the user before it adds its own. `conflict` when the list has moved on or belongs to another account key, or the
   * device id is taken; `too-many` beyond `limits.devicesPerUser` live devices; `link-unknown` when the link's offer is gone.
   */
  appendDeviceEntry(append: AppendDeviceEntry): Promise<"appended" | "conflict" | "too-many" | "link-unknown">;

  /** In the place of the one before. False, and nothing is kept, where it is not a live device of the user. Its revocation takes it. */
  putDeviceName(user: UserId, name: DeviceNameRow): Promise<boolean>;
  /** Of all devices of a user that have one, in order of their ids. */
  readDeviceNames(user: UserId): Promise<DeviceNameRow[]>;

  /** One waiting offer per channel and per device; the same device may renew its own. */
  putLinkOffer(offer: Omit<LinkOffer, "sealed">): Promise<"stored" | "taken">;
  /** Undefined when there is none of this user, or it has expired. */
  findLinkOffer(user: UserId, channel: Uint8Array): Promise<LinkOffer | undefined>;

  /** `lastResort` replaces the former. `too-many` leaves everything as it was. A package already there is not stored twice. */
  publishKeyPackages(publish: {
    device: DeviceId;
    user: UserId;
    suite: number;
    oneTime: readonly { hash: Uint8Array; bytes: Uint8Array; expiresAt: number }[];
    lastResort?: { hash: Uint8Array; bytes: Uint8Array; expiresAt: number };
  }): Promise<"published" | "too-many">;
  countKeyPackages(device: DeviceId): Promise<KeyPackageStock[]>;
  /** One per device: the oldest one-time package, removed for good, else the last resort, which stays. Never a revoked device's or an expired one. */
  claimKeyPackages(
    suite: number,
    devices: readonly { user: UserId; device: DeviceId }[],
  ): Promise<{ user: UserId; device: DeviceId; bytes: Uint8Array; lastResort: boolean }[]>;

  /**
   * What waits for one device, after a position, oldest first. Positions of a device's inbox increase, with gaps allowed.
   * Welcomes wait as long as the history is kept, requests as long as the undelivered time to live; of either kind the
   * newest `limits.inboxEntriesPerDevice` are kept. The page ends before the entry whose Welcome would bring it past
   * `maxBytes`, though not before its first.
   */
  readInbox(
    device: DeviceId,
    after: number,
    limit: number,
    maxBytes?: number,
  ): Promise<{ entries: InboxRow[]; more: boolean }>;
  /** Deletes up to and including a position. */
  ackInbox(device: DeviceId, position: number): Promise<void>;
  /**
   * Puts the request into the inbox of every other live device in the conversation's group. One request per
   * (conversation, device) waits at a time: a new one replaces it. `stale-epoch`, and nothing is posted, where the device was
   * added after `joinedSequence`: the request speaks of a time that is over.
   */
  postReadd(request: ReaddRequest, joinedSequence?: number): Promise<PostedReadd>;
  /**
   * The request of this device that waits in this conversation: until a commit adds the device, its revocation, or the
   * undelivered time to live, whoever has acked it in their inbox.
   */
  findReadd(conversation: ConversationId, device: DeviceId): Promise<ReaddRequest | undefined>;
}
