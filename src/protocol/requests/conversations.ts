/** Conversations, who is in them, and changes of their groups. */
import * as z from "zod/mini";
import { base64Bytes } from "../base64.ts";
import { conversationId, deviceId, messageId, userId } from "../ids.ts";
import { limits } from "../limits.ts";
import { epoch, generation, position, sequence, timestamp } from "../log-entry.ts";
import { signature } from "../receipts.ts";
import { suite, seen, voucher } from "./fields.ts";

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
  /** How far this user has read, on whichever device: the mark itself is in `marks:read`. */
  readSequence: position,
  /** Device list versions of the users, 0 for who has no device yet. */
  lists: z.array(z.object({ user: userId, version: position })),
  /** The devices in the group, by leaf; null where a leaf is blank. */
  leaves: z.array(z.nullable(deviceId)),
});
export type ConversationSummary = z.infer<typeof conversationSummary>;

export const conversationRequests = {
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
} as const;
