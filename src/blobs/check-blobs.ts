import { randomBytes } from "node:crypto";
import type { Blobs } from "../actors/ports/blobs.ts";
import type { BlobId } from "../protocol/blobs.ts";

/** See `Blobs.check`. Under an id of its own, which nobody has books of. */
export async function checkBlobs(blobs: Blobs): Promise<void> {
  const blob = randomBytes(32).toString("hex") as BlobId;
  const written = randomBytes(64);
  try {
    await blobs.putPart(blob, 0, written);
    const read = await blobs.readPart(blob, 0, written.length);
    if (!read || Buffer.compare(read, written) !== 0) throw new Error("What was written was not read back.");
  } finally {
    await blobs.remove(blob);
  }
}
