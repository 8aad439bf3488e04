/** The bytes of blobs end with their books, and what no books know of ends, too. Safe to run from several processes at once. */
import type { Blobs } from "../src/actors/ports/blobs.ts";
import type { WorkerPorts } from "./worker-ports.ts";

const blobsPerPage = 100;
/** A sweep that finds this much leaves the rest to the next one. */
const pagesPerSweep = 100;
/** Bytes come before nobody but their books: what is younger may belong to a part that is just being written. */
const orphanAfterMs = 24 * 3600_000;

type BlobPorts = Pick<WorkerPorts, "store" | "telemetry" | "now"> & { blobs: Blobs };

/** Removes the bytes of what has ended, then its rows. `putOff`: where they are does not answer; the rows stay, for a later turn. */
export async function removeEndedBlobs(ports: BlobPorts): Promise<{ rows: number; putOff?: true }> {
  const { store, blobs, now, telemetry } = ports;
  let rows = 0;
  for (let page = 0; page < pagesPerSweep; page += 1) {
    const ended = await store.listExpiredBlobs(now(), blobsPerPage);
    try {
      for (const { blob } of ended) await blobs.remove(blob);
    } catch (error) {
      telemetry.log.warn("blobs.unavailable", { error });
      return { rows, putOff: true };
    }
    await store.forgetBlobs(ended.map(({ blob }) => blob));
    rows += ended.length;
    if (ended.length < blobsPerPage) break;
  }
  return { rows };
}

/** Removes bytes that have had no books for a day: of a crash between the two, or of a database put back. Returns how many blobs. */
export async function removeOrphanedBlobs({ store, blobs, telemetry, now }: BlobPorts): Promise<number> {
  let removed = 0;
  for await (const page of blobs.list()) {
    const old = page.filter(({ writtenAt }) => writtenAt < now() - orphanAfterMs).map(({ blob }) => blob);
    const known = new Set(await store.knownBlobs(old));
    for (const blob of old.filter((one) => !known.has(one))) {
      await blobs.remove(blob);
      removed += 1;
    }
  }
  if (removed > 0) telemetry.log.info("blobs.orphans-removed", { count: removed });
  return removed;
}
