/** Fields that several requests have. */
import * as z from "zod/mini";
import { base64Bytes } from "../base64.ts";
import { conversationId } from "../ids.ts";
import { limits } from "../limits.ts";
import { logEntry, position } from "../log-entry.ts";

export const publicKey = base64Bytes(32, 32);
export const suite = z.union([z.literal(84), z.literal(3)]);
export const deviceListEntry = base64Bytes(limits.deviceListEntryBytes, 1);
export const keyPackage = base64Bytes(limits.keyPackageBytes, 1);
/** How much of the log the sender has: `diverged` where the log is shorter, so that nothing is written over what it lost. */
export const seen = z.optional(position);
export const { voucher } = logEntry.shape;
/** A group that the caller may add users to: with it, users may be asked about that the caller shares no conversation with. */
export const inGroup = z.optional(conversationId);
export const empty = z.object({});
/** Of the key packages of one suite that a device has at the node. */
export const stock = z.object({ suite, oneTime: position, lastResort: z.boolean() });
