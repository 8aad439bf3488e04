/** One entry of a conversation's log: an application message, a commit or a leave, as the node stored it and as everybody reads it. */
import * as z from "zod/mini";
import { base64Bytes } from "./base64.ts";
import { conversationId, deviceId, messageId, userId } from "./ids.ts";
import { limits } from "./limits.ts";

export const sequence = z.int().check(z.positive());
/** A sequence, or 0 for "before the first". */
export const position = z.int().check(z.nonnegative());
export const epoch = z.int().check(z.nonnegative());
export const generation = z.int().check(z.positive());
/** Milliseconds since 1970, UTC. */
export const timestamp = z.int().check(z.nonnegative());

export const logEntry = z.object({
  conversation: conversationId,
  sequence,
  kind: z.enum(["message", "commit", "leave"]),
  generation,
  /** Messages: the epoch they were sealed in. Commits: the epoch they end. Leaves: the epoch of the group. */
  epoch,
  sender: z.object({ user: userId, device: deviceId }),
  id: messageId,
  /** The sender device's own count of its messages in this conversation, from 1. Commits and leaves: 0. */
  number: position,
  /** Opaque to the node; of a leave, the signature of the device that asked for it; empty of what has gone. */
  payload: base64Bytes(limits.handshakeBytes),
  /** The database's clock at the commit; never less than that of the entry before. */
  acceptedAt: timestamp,
  /**
   * Of a message that has gone, or is past the retention of its conversation, and of a commit that named somebody who was erased: the hash
   * of its entry, as it was.
   */
  goneHash: z.optional(base64Bytes(32, 32)),
  /** Of what somebody sent who was erased, and who stands in it under a pseudonym: the hash of its entry, as it was. */
  originalHash: z.optional(base64Bytes(32, 32)),
  /** The node's own mark that it has accepted this very entry: with it the entry is taken back by `log:restore`. */
  voucher: z.optional(base64Bytes(limits.voucherBytes, limits.voucherBytes)),
});
export type LogEntry = z.infer<typeof logEntry>;
