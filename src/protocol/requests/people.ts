/** Presence and blocks. */
import * as z from "zod/mini";
import { deviceId, userId } from "../ids.ts";
import { limits } from "../limits.ts";
import { sequence, timestamp } from "../log-entry.ts";
import { signature } from "../receipts.ts";
import { empty } from "./fields.ts";

/** What is to be seen of a user. `lastSeen`: null while online, and where nobody remembers. */
export const presenceStatus = z.object({ user: userId, online: z.boolean(), lastSeen: z.nullable(timestamp) });

const privacyFields = { version: sequence, readReceipts: z.boolean(), typing: z.boolean(), signature };

export const peopleRequests = {
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
  /**
   * What the caller's user lets others see, signed by the caller's device. The greatest version counts: one that is not above what the
   * node has changes nothing, and is no error. Without `readReceipts` the node tells nobody else of the user's marks.
   */
  "privacy:set": { request: z.object(privacyFields), reply: empty },
  "privacy:read": {
    request: empty,
    reply: z.object({ privacy: z.nullable(z.object({ ...privacyFields, device: deviceId })) }),
  },
  /** Whom the caller's user has blocked. */
  "blocks:read": {
    request: empty,
    reply: z.object({ users: z.array(userId).check(z.maxLength(limits.blocksPerUser)) }),
  },
} as const;
