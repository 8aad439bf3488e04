/** The log of a conversation: what is sent, read and acknowledged. */
import * as z from "zod/mini";
import { base64Bytes } from "../base64.ts";
import { conversationId, messageId } from "../ids.ts";
import { limits } from "../limits.ts";
import { epoch, generation, logEntry, position, sequence, timestamp } from "../log-entry.ts";
import { ack, hash, readMark, receipt, unopenedReason } from "../receipts.ts";
import { seen, voucher, empty } from "./fields.ts";

export const messageRequests = {
  "message:send": {
    request: z.object({
      conversation: conversationId,
      generation,
      epoch,
      id: messageId,
      number: sequence,
      payload: base64Bytes(limits.messageBytes, 1),
      /** It is not kept for later readers: the node lets it go when every device has it. */
      disappears: z.optional(z.literal(true)),
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
  /** Cumulative, of the whole user. A mark at or below the user's last one changes nothing and is no error. */
  "marks:put": { request: readMark, reply: empty },
  /** The user's last mark, as a receipt to its own devices. */
  "marks:read": { request: z.object({ conversation: conversationId }), reply: z.object({ mark: z.nullable(receipt) }) },
  /** "I am writing", to whoever is online: not stored, and not sent on in a large group, to who is blocked, or by a node that has no time. */
  "typing:send": {
    request: z.object({
      conversation: conversationId,
      generation,
      epoch,
      sealed: base64Bytes(limits.sealedTypingBytes, limits.sealedTypingBytes),
    }),
    reply: empty,
  },
  "receipts:read": {
    request: z.object({ conversation: conversationId, after: position }),
    reply: z.object({ receipts: z.array(receipt), version: position, more: z.boolean() }),
  },
} as const;
