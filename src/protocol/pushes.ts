/** Everything a node tells a client unasked. A push is a doorbell: whoever misses one finds the same by reading. */
import * as z from "zod/mini";
import { base64Bytes } from "./base64.ts";
import { conversationId, deviceId, userId } from "./ids.ts";
import { limits } from "./limits.ts";
import { epoch, generation, logEntry, position } from "./log-entry.ts";
import { receipt } from "./receipts.ts";
import { inboxEntry } from "./requests/inbox.ts";
import { presenceStatus } from "./requests/people.ts";
import { errorCodes } from "./errors.ts";

export const pushes = {
  /** First on every connection. The answer signs the nonce together with origin, user and device. */
  "session:challenge": z.object({ nonce: base64Bytes(32, 32), protocol: z.int() }),
  /** Why the node closes this socket, and after how long to come back, where that helps. */
  "session:closing": z.object({ code: z.enum(errorCodes), retryAfterMs: z.optional(position) }),
  /** A new entry of the log. The socket that sent it gets the acknowledgement of its request instead. */
  "message:posted": logEntry,
  "message:delivered": receipt,
  "message:read": receipt,
  "message:expired": receipt,
  /** Somebody is writing, or has stopped: for a moment only, sealed for the members of this epoch. */
  "typing:sent": z.object({
    conversation: conversationId,
    generation,
    epoch,
    user: userId,
    device: deviceId,
    sealed: base64Bytes(limits.sealedTypingBytes, limits.sealedTypingBytes),
  }),
  /** The conversation has a head that this device has not acked: read the log. `receiptVersion`: and receipts up to there. */
  "conversation:behind": z.object({
    conversation: conversationId,
    head: position,
    receiptVersion: z.optional(position),
  }),
  /** A user of a shared conversation, or one's own, has a new version of its device list; 1: the first device ever. Of one's own also when a device was named. */
  "devices:changed": z.object({ user: userId, version: position }),
  /** Watched users whose presence has changed, each as it is now; some changes of a moment come as one. */
  "presence:changed": z.object({ users: z.array(presenceStatus) }),
  /** The user of this device has blocked somebody, or undone it: read whom. */
  "blocks:changed": z.object({}),
  /** One of the user's devices has changed what others may see: read it. */
  "privacy:changed": z.object({}),
  "inbox:posted": inboxEntry,
  /** To a device that waits to be linked. */
  "link:completed": z.object({ sealed: base64Bytes(limits.linkPayloadBytes, 1) }),
} as const;

export type PushName = keyof typeof pushes;
export type PushOf<N extends PushName> = z.infer<(typeof pushes)[N]>;
