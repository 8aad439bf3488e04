import { withDeadline } from "../async/waiting.ts";

/** Bytes as they come, cut to the lengths that are asked for. Holds what was read and not taken yet: one piece of the source. */
export class ExactChunks {
  private readonly source: AsyncIterator<Uint8Array>;
  private readonly signal: AbortSignal;
  private rest: Uint8Array = new Uint8Array(0);

  constructor(source: AsyncIterable<Uint8Array>, signal: AbortSignal) {
    this.signal = signal;
    this.source = source[Symbol.asyncIterator]();
  }

  /** `length` bytes; fewer where the source ends. The array is new, and the caller's. Throws what the source throws, and `aborted`. */
  async take(length: number): Promise<Uint8Array> {
    const chunk = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      if (this.rest.length === 0) {
        const next = await withDeadline(this.source.next(), { signal: this.signal });
        if (next.done) return chunk.subarray(0, filled);
        this.rest = next.value;
      }
      const taken = this.rest.subarray(0, length - filled);
      chunk.set(taken, filled);
      filled += taken.length;
      this.rest = this.rest.subarray(taken.length);
    }
    return chunk;
  }

  /** Lets go of the source. Does not wait for it: one that says nothing more would never be done. */
  end(): void {
    this.source.return?.().catch(() => undefined);
  }
}
