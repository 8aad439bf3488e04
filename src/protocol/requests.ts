/**
 * Every request a client can make: its shape and the shape of its answer. The validators are the single source of the
 * types, of the published schemas and of the fuzz tests. A request is a Socket.IO event with one argument and an
 * acknowledgement; the answer is `{ ok: true, data }` or `{ ok: false, error }`.
 */
import * as z from "zod/mini";
import { base64Bytes } from "./base64.ts";
import { wireError } from "./errors.ts";
import { conversationId, deviceId, messageId, userId } from "./ids.ts";
import { limits } from "./limits.ts";
import { epoch, generation, logEntry, position, sequence, timestamp } from "./log-entry.ts";
import { ack, hash, receipt, signature, unopenedReason } from "./receipts.ts";

const publicKey = base64Bytes(32, 32);
const channel = base64Bytes(16, 16);
const suite = z.union([z.literal(84), z.literal(3)]);
const deviceListEntry = base64Bytes(limits.deviceListEntryBytes, 1);
const keyPackage = base64Bytes(limits.keyPackageBytes, 1);
/** How much of the log the sender has: `diverged` where the log is shorter, so that nothing is written over what it lost. */
const seen = z.optional(position);
const { voucher } = logEntry.shape;
/** A group that the caller may add users to: with it, users may be asked about that the caller shares no conversation with. */
const inGroup = z.optional(conversationId);
/** A history key of the caller's user, sealed under the archive key of that generation. */
const archivedKey = z.object({
  conversation: conversationId,
  generation,
  epoch,
  archiveGeneration: generation,
  sealed: base64Bytes(limits.archiveKeyBytes, 1),
});
/** An archive key for one device of the caller's user: HPKE to one of its key packages, signed by the account key. */
const archiveGrant = z.object({
  device: deviceId,
  generation,
  listVersion: sequence,
  keyPackage: hash,
  encapsulated: base64Bytes(1120, 1120),
  sealed: base64Bytes(48, 48),
  signature,
});
/** What a device is called, sealed for its user's devices under the archive key of that generation. */
const deviceName = z.object({
  device: deviceId,
  archiveGeneration: generation,
  sealed: base64Bytes(limits.sealedDeviceNameBytes, limits.sealedDeviceNameBytes),
});
const empty = z.object({});
const pushEndpoint = z.string().check(z.maxLength(limits.pushEndpointLength), z.regex(/^https?:\/\/[\x21-\x7e]+$/));
/** 65 bytes, uncompressed, base64url without padding: as browsers take it. */
const vapidKey = z.string().check(z.regex(/^[A-Za-z0-9_-]{87}$/));
const stock = z.object({ suite, oneTime: position, lastResort: z.boolean() });

const admitted = z.object({
  user: userId,
  device: deviceId,
  serverTime: timestamp,
  listVersion: position,
  /** How many key packages of this device are left, by suite. */
  keyPackages: z.array(stock),
  limits: z.object({ messageBytes: position, historyRetentionDays: position }),
});

const conversationSummary = z.object({
  conversation: conversationId,
  kind: z.enum(["direct", "group"]),
  /** Of a group: whose devices are in it now, or who is about to found it. */
  users: z.array(userId),
  generation: position,
  /** 0 with generation 0: nobody has founded the group yet. */
  epoch,
  head: position,
  /** Entries at or below are gone, by retention. */
  floor: position,
  /** Where this device's log begins and ends: the sequence of its Add and, once removed, of its Remove. */
  joinedSequence: z.nullable(sequence),
  leftSequence: z.nullable(sequence),
  /** How far this device has acked. */
  position,
  /** The last number accepted from this device, and the id that went with it. */
  lastNumber: position,
  lastId: z.nullable(messageId),
  receiptVersion: position,
  /** Device list versions of the users, 0 for who has no device yet. */
  lists: z.array(z.object({ user: userId, version: position })),
  /** The devices in the group, by leaf; null where a leaf is blank. */
  leaves: z.array(z.nullable(deviceId)),
});
export type ConversationSummary = z.infer<typeof conversationSummary>;

/** What is to be seen of a user. `lastSeen`: null while online, and where nobody remembers. */
export const presenceStatus = z.object({ user: userId, online: z.boolean(), lastSeen: z.nullable(timestamp) });

const welcomeEntry = z.object({
  kind: z.literal("welcome"),
  position: sequence,
  conversation: conversationId,
  generation,
  /** The sequence of the commit that added this device. */
  sequence,
  welcome: base64Bytes(limits.welcomeBytes, 1),
  at: timestamp,
});
const readdEntry = z.object({
  kind: z.literal("readd"),
  position: sequence,
  conversation: conversationId,
  generation,
  user: userId,
  device: deviceId,
  epoch,
  keyPackage,
  signature,
  at: timestamp,
});
export const inboxEntry = z.discriminatedUnion("kind", [welcomeEntry, readdEntry]);
export type InboxEntry = z.infer<typeof inboxEntry>;

export const requests = {
  /** Answers the challenge of the handshake with a registered device's signature. */
  "session:prove": { request: z.object({ device: deviceId, signature }), reply: admitted },
  /** Registers the first device of a user, and answers the challenge with its key. `link-required` where there is one. */
  "session:register": {
    request: z.object({ device: deviceId, accountKey: publicKey, entry: deviceListEntry, signature }),
    reply: admitted,
  },
  /**
   * Where the device list of the token's user stands, for who is about to start over; of a socket that is not admitted. `device-unknown`
   * where there is none.
   */
  "devices:head": {
    request: empty,
    reply: z.object({ accountKey: publicKey, version: sequence, head: hash }),
  },
  /**
   * The user starts over with this device alone and a new account key, and the challenge is answered with the device's key. All
   * devices before count as revoked.
   */
  "session:reset": {
    request: z.object({ device: deviceId, accountKey: publicKey, entry: deviceListEntry, signature }),
    reply: admitted,
  },
  /** A new device waits to be linked. The last request of those that a socket that is not admitted may make. */
  "link:offer": {
    request: z.object({ channel, device: deviceId, deviceKey: publicKey, kemKey: base64Bytes(1216, 1216) }),
    reply: z.object({ expiresAt: timestamp }),
  },
  /** The offer behind a link code, to another device of the same user. */
  "link:fetch": {
    request: z.object({ channel }),
    reply: z.object({ device: deviceId, deviceKey: publicKey, kemKey: base64Bytes(1216, 1216) }),
  },
  /** Extends the device list by the new device and passes the sealed answer on to it, in one transaction. */
  "link:complete": {
    request: z.object({ channel, entry: deviceListEntry, sealed: base64Bytes(limits.linkPayloadBytes, 1) }),
    reply: z.object({ listVersion: sequence }),
  },
  /** Device lists, entry by entry, after the version that the caller holds (0: all). */
  "devices:read": {
    request: z.object({
      users: z
        .array(z.object({ user: userId, after: position }))
        .check(z.minLength(1), z.maxLength(limits.usersPerDeviceListRead)),
      conversation: inGroup,
    }),
    reply: z.object({
      users: z.array(z.object({ user: userId, accountKey: z.nullable(publicKey), entries: z.array(deviceListEntry) })),
    }),
  },
  /** Revokes one of the caller's own user's devices: its sockets close, its key packages go. */
  "devices:revoke": { request: z.object({ entry: deviceListEntry }), reply: z.object({ listVersion: sequence }) },
  /** Names a live device of the caller's user; it takes the place of the name before. */
  "devices:name": { request: deviceName, reply: empty },
  /** What the caller's user calls its live devices. */
  "devices:names": { request: empty, reply: z.object({ names: z.array(deviceName) }) },
  "keypackages:publish": {
    request: z.object({
      suite,
      oneTime: z.array(keyPackage).check(z.maxLength(limits.keyPackagesPerPublish)),
      lastResort: z.optional(keyPackage),
    }),
    reply: z.object({ keyPackages: z.array(stock) }),
  },
  /** Takes one key package of each device; each one-time package is handed out once. Devices without any are left out. */
  "keypackages:claim": {
    request: z.object({
      suite,
      devices: z
        .array(z.object({ user: userId, device: deviceId }))
        .check(z.minLength(1), z.maxLength(limits.devicesPerClaim)),
      conversation: inGroup,
    }),
    reply: z.object({
      packages: z.array(z.object({ user: userId, device: deviceId, keyPackage, lastResort: z.boolean() })),
    }),
  },
  /**
   * The direct conversation with a user: the same row whoever asks first, and however often. `conversation` is the id that
   * the caller knows it by; a row that retention has taken comes back under it.
   */
  "conversation:open": {
    request: z.object({ peer: userId, conversation: z.optional(conversationId) }),
    reply: conversationSummary,
  },
  /**
   * Makes room for a group, under the id that the caller chose; nobody else is in it until commits say so. Asked again by the
   * same user it is answered as the first time; `conversation-unknown` where somebody else has the id.
   */
  "conversation:create": { request: z.object({ conversation: conversationId, suite }), reply: conversationSummary },
  /** The caller's conversations, in order of id, after a cursor. */
  "conversation:list": {
    request: z.object({
      after: z.optional(conversationId),
      limit: z.int().check(z.positive(), z.lte(limits.conversationsPerPage)),
    }),
    reply: z.object({ conversations: z.array(conversationSummary), more: z.boolean() }),
  },
  /**
   * A change of the group, by compare-and-set on (generation, epoch). Generation 1 at epoch 0 founds it. The commit, the
   * Welcome with its inbox entries and the roster are one transaction. The same commit again is answered as the first time.
   */
  "conversation:commit": {
    request: z.object({
      conversation: conversationId,
      generation,
      epoch,
      id: messageId,
      commit: base64Bytes(limits.handshakeBytes, 1),
      welcome: z.optional(base64Bytes(limits.welcomeBytes, 1)),
      seen,
    }),
    reply: z.object({ sequence, acceptedAt: timestamp, voucher }),
  },
  /**
   * The caller's user leaves a group with all devices, at this epoch: its log ends here, and any member may commit the
   * Removes. Who has a role gives it up first. The same leave again is answered as the first time.
   */
  "conversation:leave": {
    request: z.object({ conversation: conversationId, generation, epoch, id: messageId, signature }),
    reply: z.object({ sequence, acceptedAt: timestamp, voucher }),
  },
  "message:send": {
    request: z.object({
      conversation: conversationId,
      generation,
      epoch,
      id: messageId,
      number: sequence,
      payload: base64Bytes(limits.messageBytes, 1),
      seen,
    }),
    reply: z.discriminatedUnion("status", [
      z.object({ status: z.literal("accepted"), sequence, acceptedAt: timestamp, voucher }),
      /** Known since an earlier try; its place is in the log. */
      z.object({ status: z.literal("already-accepted") }),
    ]),
  },
  /** Cumulative. An ack below the device's position changes nothing and is no error. */
  "message:ack": {
    request: z.extend(ack, {
      /** What this device could not open since its last ack, by reason. Not part of what is signed, and passed on to nobody. */
      failures: z.optional(
        z
          .array(
            z.object({ reason: unopenedReason, count: z.int().check(z.positive(), z.lte(limits.logEntriesPerPage)) }),
          )
          .check(z.maxLength(unopenedReason.options.length)),
      ),
    }),
    reply: empty,
  },
  /** What follows a position: up to `limit` entries. `diverged` where `afterHash` is not the hash of the entry at `after`. */
  "log:read": {
    request: z.object({
      conversation: conversationId,
      after: position,
      afterHash: z.optional(hash),
      limit: z.int().check(z.positive(), z.lte(limits.logEntriesPerPage)),
    }),
    reply: z.object({ entries: z.array(logEntry), head: position, floor: position }),
  },
  /**
   * Entries that the node has accepted and lost since, put back at the end of the log in this order: each with its voucher.
   * Those that it has are left out; it ends at the first that cannot go in. `restored`: how many of the request are in the log now.
   */
  "log:restore": {
    request: z.object({
      conversation: conversationId,
      entries: z.array(logEntry).check(z.minLength(1), z.maxLength(limits.restoredEntries)),
    }),
    reply: z.object({ restored: position, head: position }),
  },
  /**
   * The log as far as the caller's user may read it, whichever of its devices asks: up to `limit` entries before a sequence (or its
   * end), ascending. `first`: where what may be read begins.
   */
  "history:read": {
    request: z.object({
      conversation: conversationId,
      before: z.optional(sequence),
      limit: z.int().check(z.positive(), z.lte(limits.logEntriesPerPage)),
    }),
    reply: z.object({ entries: z.array(logEntry), first: sequence }),
  },
  /**
   * Lets a member of a group read what was said before it came, as far as the caller's user may read: only who holds a role may, where
   * history is kept. For the stay that began at `joinedSequence`; signed by the caller's device.
   */
  "history:share": {
    request: z.object({ conversation: conversationId, user: userId, joinedSequence: sequence, signature }),
    reply: empty,
  },
  /** Keeps history keys in the archive of the caller's user. One that is there already stays as it is. */
  "archive:put": {
    request: z.object({ keys: z.array(archivedKey).check(z.minLength(1), z.maxLength(limits.archiveKeysPerPut)) }),
    reply: empty,
  },
  /** The archive of the caller's user in one conversation, in order of generation and epoch, after a cursor. */
  "archive:read": {
    request: z.object({ conversation: conversationId, after: z.optional(z.object({ generation, epoch })) }),
    reply: z.object({ keys: z.array(archivedKey), more: z.boolean() }),
  },
  /** Hands an archive key to other devices of the caller's user; one of the same generation takes the place of the one before. */
  "archive:grant": {
    request: z.object({
      grants: z.array(archiveGrant).check(z.minLength(1), z.maxLength(limits.devicesPerUser)),
    }),
    reply: empty,
  },
  /** What was handed to this device. */
  "archive:granted": { request: empty, reply: z.object({ grants: z.array(archiveGrant) }) },
  "receipts:read": {
    request: z.object({ conversation: conversationId, after: position }),
    reply: z.object({ receipts: z.array(receipt), version: position, more: z.boolean() }),
  },
  /** What waits for this device alone. */
  "inbox:read": {
    request: z.object({ after: position }),
    reply: z.object({ entries: z.array(inboxEntry), more: z.boolean() }),
  },
  "inbox:ack": { request: z.object({ position: sequence }), reply: empty },
  /** Asks the other devices of a conversation to remove and add this one, which cannot follow any more. */
  "readd:request": {
    request: z.object({
      conversation: conversationId,
      generation,
      epoch,
      keyPackage,
      signature,
      /** `joinedSequence`, as far as this device knows: `stale-epoch` where it was added again since, and its Welcome waits. */
      joinedSequence: z.optional(sequence),
    }),
    reply: empty,
  },
  /** Whose presence this socket wants to hear of from now on, in the place of all before: users it shares a conversation with. */
  "presence:watch": {
    request: z.object({ users: z.array(userId).check(z.maxLength(limits.usersPerWatch)) }),
    reply: z.object({ users: z.array(presenceStatus) }),
  },
  /**
   * Whether the caller's user wants to hear of another user, and to be seen by them. In their direct conversation messages of who is
   * blocked are `not-accepted`, and the caller's acks bring no receipts; its presence looks to them as of somebody nobody remembers.
   */
  "blocks:set": { request: z.object({ user: userId, blocked: z.boolean() }), reply: empty },
  /** Whom the caller's user has blocked. */
  "blocks:read": {
    request: empty,
    reply: z.object({ users: z.array(userId).check(z.maxLength(limits.blocksPerUser)) }),
  },
  /** What a browser is to subscribe to. The same on all nodes of a deployment, and for as long as it stands. */
  "push:key": { request: empty, reply: z.object({ publicKey: vapidKey }) },
  /** Where this device is told, while it is away, that something waits: one place a device, in the place of the one before. */
  "push:subscribe": { request: z.object({ endpoint: pushEndpoint }), reply: empty },
  "push:unsubscribe": { request: empty, reply: empty },
} as const;

export type RequestName = keyof typeof requests;
export const requestNames = Object.keys(requests) as RequestName[];
export type RequestOf<N extends RequestName> = z.infer<(typeof requests)[N]["request"]>;
export type ReplyOf<N extends RequestName> = z.infer<(typeof requests)[N]["reply"]>;

/** Requests that a socket may make before it is admitted. */
export const requestsBeforeAdmission: readonly RequestName[] = [
  "session:prove",
  "session:register",
  "devices:head",
  "session:reset",
  "link:offer",
];

/** What every request is answered with. */
export type Answer<N extends RequestName> =
  { ok: true; data: ReplyOf<N> } | { ok: false; error: z.infer<typeof wireError> };

/** The handshake's `auth` object. */
export const handshakeAuth = z.object({
  token: z.string().check(z.minLength(1), z.maxLength(8192)),
  protocol: z.int(),
});
