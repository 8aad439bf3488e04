import { SottoError } from "../../../protocol/errors.ts";
import type { ListOptions, StoredRecord } from "../client-store.ts";
import { OrderedRecords } from "../ordered-records.ts";
import { decodeBatch, encodeBatch, type EncodedBatch, type EncodedChange } from "./batch-codec.ts";
import { FrameCache } from "./frame-cache.ts";
import type { Frame, FrameLog, FrameSeal } from "./frame-log.ts";

/** Where a record's value lies, and how much of a batch the record takes up. */
interface Place {
  frame: Frame;
  at: number;
  length: number;
  bytes: number;
}

/** Below this size a log is left as it is. */
const compactFromBytes = 1024 * 1024;
/** How much a frame of a compacted log holds, roughly. */
const compactedFrameBytes = 128 * 1024;

/**
 * The records of a store: an index in memory of where each value lies in the log. One caller at a time may append,
 * compact or close; reads may overlap with all of it, and see the state before or after a batch.
 */
export class Journal {
  private readonly index = new OrderedRecords<Place>();
  private readonly cache = new FrameCache();
  private readonly seal: FrameSeal;
  private log: FrameLog;
  private liveBytes = 0;
  private compactFrom = compactFromBytes;
  private endsOpen = false;

  private constructor(log: FrameLog, seal: FrameSeal) {
    this.log = log;
    this.seal = seal;
  }

  /** Reads the whole log. Errors: `store-unreadable`. Takes over the log, unless it throws. */
  static async open(log: FrameLog, seal: FrameSeal): Promise<Journal> {
    const journal = new Journal(log, seal);
    for await (const { frame, sealed } of log.replay()) {
      try {
        journal.adopt(frame, decodeBatch(seal.open(log.place(frame.number), sealed)));
      } catch (cause) {
        throw new SottoError("store-unreadable", { cause });
      }
    }
    return journal;
  }

  async get(table: string, id: string): Promise<Uint8Array | undefined> {
    const place = this.index.get(table, id);
    if (!place) return undefined;
    return (await this.readAll([{ id, value: place }]))[0]!.bytes;
  }

  async list(table: string, options?: ListOptions): Promise<StoredRecord[]> {
    return this.readAll(this.index.list(table, options));
  }

  /** One frame with everything in it, durable when the promise resolves, and seen by reads from then on. */
  async append({ bytes, changes }: EncodedBatch): Promise<void> {
    const frame = await this.log.append(bytes, this.seal);
    await this.log.sync();
    this.endsOpen = true;
    this.adopt(frame, changes);
    this.cache.set(frame, bytes);
  }

  /**
   * Rewrites the log when more than half of it is of no use any more. Where there is no room for the new one, the old one
   * stays, and it is tried again when that has grown. Throws when nobody knows which of the two the disk holds.
   */
  async compactIfWasteful(): Promise<void> {
    if (this.log.size < this.compactFrom || this.liveBytes * 2 > this.log.size) return;
    const draft = await this.log.startDraft();
    let moved;
    try {
      moved = await this.copyLive(draft.log);
    } catch {
      this.compactFrom = this.log.size * 1.5;
      await draft.discard();
      return;
    }
    await draft.publish();
    const former = this.log;
    this.log = draft.log;
    for (const { table, id, place } of moved) this.index.set(table, id, place);
    this.liveBytes = moved.reduce((sum, { place }) => sum + place.bytes, 0);
    this.cache.clear();
    this.compactFrom = Math.max(compactFromBytes, draft.log.size * 1.5);
    await former.letGo();
  }

  /** Puts an empty frame at the end, so that damage to any that holds records is told from a torn write. */
  async close(): Promise<void> {
    if (this.endsOpen) await this.append(encodeBatch([]));
    await this.abandon();
  }

  /** Closes as a crash would. */
  async abandon(): Promise<void> {
    this.cache.clear();
    this.seal.forget();
    await this.log.letGo();
  }

  private adopt(frame: Frame, changes: Iterable<EncodedChange>): void {
    for (const { table, id, value, bytes } of changes) {
      const former = value
        ? this.index.set(table, id, { frame, at: value.at, length: value.length, bytes })
        : this.index.delete(table, id);
      this.liveBytes += (value ? bytes : 0) - (former?.bytes ?? 0);
    }
  }

  private async readAll(places: { id: string; value: Place }[]): Promise<StoredRecord[]> {
    const logs = new Set(places.map(({ value }) => value.frame.log));
    for (const log of logs) log.hold();
    try {
      const records: StoredRecord[] = [];
      for (const { id, value } of places) {
        const batch = this.cache.get(value.frame) ?? (await this.readFrame(value.frame));
        records.push({ id, bytes: batch.slice(value.at, value.at + value.length) });
      }
      return records;
    } finally {
      for (const log of logs) await log.letGo();
    }
  }

  private async readFrame(frame: Frame): Promise<Uint8Array> {
    const batch = await frame.log.read(frame, this.seal);
    this.cache.set(frame, batch);
    return batch;
  }

  private async copyLive(target: FrameLog): Promise<{ table: string; id: string; place: Place }[]> {
    const moved: { table: string; id: string; place: Place }[] = [];
    let batch: { table: string; id: string; bytes: Uint8Array }[] = [];
    let batchBytes = 0;
    const flush = async () => {
      const encoded = encodeBatch(batch);
      const frame = await target.append(encoded.bytes, this.seal);
      for (const { table, id, value, bytes } of encoded.changes) {
        moved.push({ table, id, place: { frame, at: value!.at, length: value!.length, bytes } });
      }
      batch = [];
      batchBytes = 0;
    };
    for (const { table, id, value } of this.index.all()) {
      const [record] = await this.readAll([{ id, value }]);
      batch.push({ table, id, bytes: record!.bytes });
      batchBytes += value.bytes;
      if (batchBytes >= compactedFrameBytes) await flush();
    }
    await flush();
    await target.sync();
    return moved;
  }
}
