/** Blobs: opaque bytes over HTTP, for what is too large for a message. What they are is known only to who holds their key. */
import * as z from "zod/mini";
import { timestamp } from "./log-entry.ts";
import { limits } from "./limits.ts";

/** 32 random bytes in small hexadecimal digits. Who knows it, and has a token, may read the blob. */
export const blobId = z
  .string()
  .check(z.regex(/^[0-9a-f]{64}$/))
  .brand("BlobId");
export type BlobId = z.infer<typeof blobId>;

/** How far an upload is: `received` of `size` bytes, until `expiresAt`. */
export const blobProgress = z.object({
  size: z.int().check(z.positive()),
  received: z.int().check(z.nonnegative()),
  expiresAt: timestamp,
});

/** The bytes that the part at `offset` has: all parts but the last are of one size. */
export const partLength = (size: number, offset: number): number => Math.min(limits.blobPartBytes, size - offset);
