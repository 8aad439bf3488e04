import { SottoError } from "../../../protocol/errors.ts";
import type { DraftLog, Frame, FrameLog, FrameSeal } from "../journal/frame-log.ts";
import { change, readFrames, type StoredFrame } from "./database.ts";
import { countOn, newLogPlace, requireWriter, type LogPlace } from "./store-state.ts";

/** Frames that are read at once: most have a few kilobytes, those of a rewritten log 128. */
const readAtOnce = 32;

/** A journal's frames as records of IndexedDB: one transaction each, durable when it ends. */
export class IndexedDbLog implements FrameLog {
  size = 0;
  private frames = 0;
  private holders = 1;
  private isReplaced = false;
  private readonly database: IDBDatabase;
  private readonly writer: string;
  private readonly origin: LogPlace;

  constructor(database: IDBDatabase, writer: string, origin: LogPlace) {
    this.database = database;
    this.writer = writer;
    this.origin = origin;
  }

  async *replay(): AsyncGenerator<{ frame: Frame; sealed: Uint8Array }> {
    for (;;) {
      const stored = await readFrames(this.database, this.from(this.frames + 1), readAtOnce);
      if (stored.length === 0) return;
      // One that is missing shows in the next: that was sealed for another place.
      for (const { sealed } of stored) yield { frame: this.take(sealed), sealed };
    }
  }

  place(number: number): string {
    return `${this.origin.identity}/${number}`;
  }

  async append(plaintext: Uint8Array, seal: FrameSeal): Promise<Frame> {
    const number = this.frames + 1;
    const sealed = seal.seal(this.place(number), plaintext);
    await change(this.database, async ({ state, frames }) => {
      await requireWriter(state, this.writer);
      frames.put({ log: this.origin.log, number, sealed } satisfies StoredFrame);
    });
    return this.take(sealed);
  }

  async sync(): Promise<void> {
    // Every transaction is durable when it ends.
  }

  async read(frame: Frame, seal: FrameSeal): Promise<Uint8Array> {
    const [stored] = await readFrames(this.database, IDBKeyRange.only(this.key(frame.number)), 1);
    if (!stored) throw new SottoError("store-unreadable", { detail: "The store is damaged." });
    return seal.open(this.place(frame.number), stored.sealed);
  }

  hold(): void {
    this.holders++;
  }

  async letGo(): Promise<void> {
    if (--this.holders === 0 && this.isReplaced) await this.erase();
  }

  async startDraft(): Promise<DraftLog> {
    const place = newLogPlace(this.origin.log + 1);
    const draft = new IndexedDbLog(this.database, this.writer, place);
    return {
      log: draft,
      publish: async () => {
        await change(this.database, async ({ state }) => {
          await requireWriter(state, this.writer);
          countOn(state, place);
        });
        this.isReplaced = true;
      },
      discard: () => draft.erase(),
    };
  }

  private take(sealed: Uint8Array): Frame {
    const frame = { log: this, number: ++this.frames, at: this.size, bytes: sealed.length };
    this.size += sealed.length;
    return frame;
  }

  /** What is left of it goes when the store is opened the next time. */
  private async erase(): Promise<void> {
    await change(this.database, async ({ state, frames }) => {
      await requireWriter(state, this.writer);
      frames.delete(this.from(0));
    }).catch(() => undefined);
  }

  private from(number: number): IDBKeyRange {
    return IDBKeyRange.bound(this.key(number), this.key(Infinity));
  }

  private key(number: number): [number, number] {
    return [this.origin.log, number];
  }
}
