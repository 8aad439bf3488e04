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
import { ack, hash, receipt, signature } from "./receipts.ts";

const publicKey = base64Bytes(32, 32);
const channel = base64Bytes(16, 16);
const suite = z.union([z.literal(84), z.literal(3)]);
const deviceListEntry = base64Bytes(limits.deviceListEntryBytes, 1);
const keyPackage = base64Bytes(limits.keyPackageBytes, 1);
const empty = z.object({});
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
  kind: z.enum(["direct"]),
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

const welcomeEntry = z.object({
  kind: z.literal("welcome"),
  position: sequence,
  conversation: conversationId,
  generation,
  /** The sequence of the commit that added this device. */
  sequence,
  welcome: base64Bytes(limits.handshakeBytes, 1),
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
  /** A new device waits to be linked. The one request, beside the two above, of a socket that is not admitted. */
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
    }),
    reply: z.object({
      users: z.array(z.object({ user: userId, accountKey: z.nullable(publicKey), entries: z.array(deviceListEntry) })),
    }),
  },
  /** Revokes one of the caller's own user's devices: its sockets close, its key packages go. */
  "devices:revoke": { request: z.object({ entry: deviceListEntry }), reply: z.object({ listVersion: sequence }) },
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
      welcome: z.optional(base64Bytes(limits.handshakeBytes, 1)),
    }),
    reply: z.object({ sequence, acceptedAt: timestamp }),
  },
  "message:send": {
    request: z.object({
      conversation: conversationId,
      generation,
      epoch,
      id: messageId,
      number: sequence,
      payload: base64Bytes(limits.messageBytes, 1),
    }),
    reply: z.discriminatedUnion("status", [
      z.object({ status: z.literal("accepted"), sequence, acceptedAt: timestamp }),
      /** Known since an earlier try; its place is in the log. */
      z.object({ status: z.literal("already-accepted") }),
    ]),
  },
  /** Cumulative. An ack below the device's position changes nothing and is no error. */
  "message:ack": { request: ack, reply: empty },
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
    request: z.object({ conversation: conversationId, generation, epoch, keyPackage, signature }),
    reply: empty,
  },
} as const;

export type RequestName = keyof typeof requests;
export const requestNames = Object.keys(requests) as RequestName[];
export type RequestOf<N extends RequestName> = z.infer<(typeof requests)[N]["request"]>;
export type ReplyOf<N extends RequestName> = z.infer<(typeof requests)[N]["reply"]>;

/** Requests that a socket may make before it is admitted. */
export const requestsBeforeAdmission: readonly RequestName[] = ["session:prove", "session:register", "link:offer"];

/** What every request is answered with. */
export type Answer<N extends RequestName> =
  { ok: true; data: ReplyOf<N> } | { ok: false; error: z.infer<typeof wireError> };

/** The handshake's `auth` object. */
export const handshakeAuth = z.object({
  token: z.string().check(z.minLength(1), z.maxLength(8192)),
  protocol: z.int(),
});
