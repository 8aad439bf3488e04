import type { Frame } from "./frame-log.ts";

const capacityBytes = 4 * 1024 * 1024;

/** Opened frames, the most lately used ones, up to 4 MiB in all. */
export class FrameCache {
  private readonly batches = new Map<Frame, Uint8Array>();
  private bytes = 0;

  get(frame: Frame): Uint8Array | undefined {
    const batch = this.batches.get(frame);
    if (batch) {
      this.batches.delete(frame);
      this.batches.set(frame, batch);
    }
    return batch;
  }

  set(frame: Frame, batch: Uint8Array): void {
    if (batch.length > capacityBytes || this.batches.has(frame)) return;
    this.batches.set(frame, batch);
    this.bytes += batch.length;
    for (const [oldest, { length }] of this.batches) {
      if (this.bytes <= capacityBytes) break;
      this.batches.delete(oldest);
      this.bytes -= length;
    }
  }

  clear(): void {
    this.batches.clear();
    this.bytes = 0;
  }
}
