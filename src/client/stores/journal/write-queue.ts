import { SottoError } from "../../../protocol/errors.ts";
import { joinBatches, type EncodedBatch } from "./batch-codec.ts";
import type { Journal } from "./journal.ts";

interface Waiting {
  batch: EncodedBatch;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** Batches that came in while the disk was busy go out together, up to this size. */
const maxGroupBytes = 1024 * 1024;

/**
 * Writes batches to the journal in the order of the calls. Those that wait at the same time share one frame and one sync.
 * After a write has failed nobody knows what the disk holds, so nothing more is written until the store is opened anew.
 */
export class WriteQueue {
  private readonly journal: Journal;
  private waiting: Waiting[] = [];
  private running: Promise<void> | undefined;
  private failure: SottoError | undefined;

  constructor(journal: Journal) {
    this.journal = journal;
  }

  write(batch: EncodedBatch): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ batch, resolve, reject });
      this.running ??= this.run();
    });
  }

  /** Resolves when everything that waits has been written or refused. Says whether the journal may be written to. */
  async drain(): Promise<{ isSound: boolean }> {
    await this.running;
    return { isSound: this.failure === undefined };
  }

  private async run(): Promise<void> {
    // Calls made in the same turn of the event loop go out together.
    await Promise.resolve();
    while (this.waiting.length > 0) await this.writeGroup(this.takeGroup());
    this.running = undefined;
  }

  private takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { batch } of this.waiting) {
      bytes += batch.bytes.length;
      if (count > 0 && bytes > maxGroupBytes) break;
      count++;
    }
    return this.waiting.splice(0, count);
  }

  private async writeGroup(group: Waiting[]): Promise<void> {
    try {
      if (this.failure) throw this.failure;
      await this.journal.append(joinBatches(group.map(({ batch }) => batch)));
    } catch (cause) {
      this.fail(cause);
      for (const { reject } of group) reject(this.failure);
      return;
    }
    for (const { resolve } of group) resolve();
    await this.journal.compactIfWasteful().catch((cause: unknown) => this.fail(cause));
  }

  private fail(cause: unknown): void {
    const detail = "The disk refused a write. Free some space, then open the store again.";
    this.failure ??= cause instanceof SottoError ? cause : new SottoError("store-unreadable", { detail, cause });
  }
}
