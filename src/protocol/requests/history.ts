/** What was said before a device came: the log as far as its user may read it, and the archive of keys. */
import * as z from "zod/mini";
import { base64Bytes } from "../base64.ts";
import { conversationId, deviceId, userId } from "../ids.ts";
import { limits } from "../limits.ts";
import { epoch, generation, logEntry, position, sequence } from "../log-entry.ts";
import { hash, signature } from "../receipts.ts";
import { empty } from "./fields.ts";

/** A history key of the caller's user, sealed under the archive key of that generation. */
const archivedKey = z.object({
  conversation: conversationId,
  generation,
  epoch,
  archiveGeneration: generation,
  sealed: base64Bytes(limits.archiveKeyBytes, 1),
});

/** An archive key for one device of the caller's user: HPKE to one of its key packages, signed by the account key, or by the device `by`. */
const archiveGrant = z.object({
  device: deviceId,
  generation,
  listVersion: sequence,
  by: z.optional(deviceId),
  keyPackage: hash,
  encapsulated: base64Bytes(1120, 1120),
  sealed: base64Bytes(48, 48),
  signature,
});

export const historyRequests = {
  /**
   * The log as far as the caller's user may read it, whichever of its devices asks: up to `limit` entries before a sequence (or its
   * end), ascending. `first`: where what may be read begins; `floor`: what is at or below it is gone.
   */
  "history:read": {
    request: z.object({
      conversation: conversationId,
      before: z.optional(sequence),
      limit: z.int().check(z.positive(), z.lte(limits.logEntriesPerPage)),
    }),
    reply: z.object({ entries: z.array(logEntry), first: sequence, floor: position }),
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
} as const;
