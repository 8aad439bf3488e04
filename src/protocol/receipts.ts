/** What became of messages, recipient by recipient. `delivered` carries the device's signature; `expired` is the node's word. */
import * as z from "zod/mini";
import { base64Bytes } from "./base64.ts";
import { conversationId, deviceId, userId } from "./ids.ts";
import { limits } from "./limits.ts";
import { position, sequence, timestamp } from "./log-entry.ts";

export const hash = base64Bytes(32, 32);
export const signature = base64Bytes(64, 64);

/** Inclusive ranges of sequences, ascending and apart. */
export const sequenceRanges = z.array(z.tuple([sequence, sequence])).check(
  z.maxLength(limits.unopenedRanges),
  z.refine((ranges) =>
    ranges.every(([from, to], index) => from <= to && (index === 0 || from > ranges[index - 1]![1])),
  ),
);

/** Why a device could not open a message: for the operator, who sees how often, and not by whom. */
export const unopenedReason = z.enum(["undecryptable", "not-followed", "replayed", "stale-epoch", "wrong-sender"]);
export type UnopenedReason = z.infer<typeof unopenedReason>;

/** A device's signed word on everything up to `sequence`: stored and opened, but for `unopened`. The latest says it all. */
export const ack = z.object({
  conversation: conversationId,
  sequence,
  /** The running log hash after `sequence`, as this device computed it. */
  logHash: hash,
  unopened: sequenceRanges,
  /** Ed25519 by the device key, over label, conversation, sequence, log hash and the ranges. */
  signature,
});
export type Ack = z.infer<typeof ack>;

/**
 * A device's signed word that its user has read everything up to `sequence`, but for `unopened`. The signature is over a label of its
 * own, the audience, and what an ack is over. `own`: for the user's other devices, and no receipt.
 */
export const readMark = z.extend(ack, { audience: z.enum(["all", "own"]) });

const receiptFields = {
  conversation: conversationId,
  /** The recipient. */
  user: userId,
  at: timestamp,
  /** Place in the conversation's stream of receipts, for `receipts:read`. */
  version: position,
};

export const receipt = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("delivered"), ...receiptFields, device: deviceId, ack }),
  /** To others only of marks for all. To the user's own devices of each; `version` is 0 where others are not told. */
  z.object({ kind: z.literal("read"), ...receiptFields, device: deviceId, mark: readMark }),
  /** Everything up to `sequence` that had not been delivered to this user has run out of time. */
  z.object({ kind: z.literal("expired"), ...receiptFields, sequence }),
]);
export type Receipt = z.infer<typeof receipt>;
