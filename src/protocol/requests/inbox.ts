/** What waits for one device alone. */
import * as z from "zod/mini";
import { base64Bytes } from "../base64.ts";
import { conversationId, deviceId, userId } from "../ids.ts";
import { limits } from "../limits.ts";
import { epoch, generation, position, sequence, timestamp } from "../log-entry.ts";
import { signature } from "../receipts.ts";
import { keyPackage, empty } from "./fields.ts";

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

export const inboxRequests = {
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
} as const;
