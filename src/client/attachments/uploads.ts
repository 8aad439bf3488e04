/**
 * The uploads of one client: a few at once, whichever conversations they are for, each noted in the store. What nobody will ask for any
 * more is removed from the node, also if that has to wait for a connection.
 */
import type { AttachmentContent } from "../../crypto/attachment.ts";
import type { BlobId } from "../../protocol/blobs.ts";
import { SottoError } from "../../protocol/errors.ts";
import { withDeadline } from "../async/waiting.ts";
import { WakeLoop } from "../async/wake-loop.ts";
import type { Connection } from "../connection/connection.ts";
import { reportFailure, type Fault, type Timings } from "../core.ts";
import { encodeRecord, tables, type UploadRecord } from "../records.ts";
import type { OpenClientStore, RecordChange } from "../stores/client-store.ts";
import { reopened, type AttachmentSource, type Files } from "./attachment-source.ts";
import type { BlobClient } from "./blob-client.ts";
import { upload } from "./upload.ts";

interface UploadsParts {
  store: OpenClientStore;
  connection: Connection;
  blobs: BlobClient;
  timings: Timings;
  closing: AbortSignal;
  files: Files | undefined;
  report(fault: Fault): void;
}

export interface UploadOrder {
  /** Names its record in the store. */
  id: string;
  record: UploadRecord;
  /** Undefined after a restart: it is found again by the record. */
  source?: AttachmentSource | undefined;
  progress(sent: number, total: number): void;
  signal: AbortSignal;
}

const atOnce = 2;

export class Uploads {
  readonly files: Files | undefined;
  private readonly parts: UploadsParts;
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly waiting: (() => void)[] = [];
  private readonly removals: WakeLoop;
  private running = 0;

  constructor(parts: UploadsParts) {
    this.parts = parts;
    this.files = parts.files;
    this.removals = new WakeLoop(
      () => this.removeAbandoned(),
      (error) => reportFailure(parts, error),
    );
    parts.connection.on("state", ({ state }) => state === "online" && this.removals.wake());
  }

  changeOf(id: string, record: UploadRecord | null): RecordChange {
    return { table: tables.uploads, id, bytes: record && encodeRecord(record) };
  }

  /** Resolves with what the message is to say of the file. Throws what `upload` throws. */
  run(order: UploadOrder): Promise<Pick<AttachmentContent, "blob" | "key" | "hash">> {
    const work = this.runInTurn(order);
    const tracked = work.catch(() => undefined).finally(() => this.underWay.delete(tracked));
    this.underWay.add(tracked);
    return work;
  }

  /** For blobs that no message names any more. Resolves when that is stored. */
  async abandon(blobs: readonly BlobId[]): Promise<void> {
    if (blobs.length === 0 || this.parts.closing.aborted) return;
    await this.parts.store.write(this.abandonmentOf(blobs));
    this.removeSoon();
  }

  /** The same, for the write after which nobody names them; `removeSoon` once that is done, or the next connection removes them. */
  abandonmentOf(blobs: readonly BlobId[]): RecordChange[] {
    return blobs.map((id) => ({ table: tables.abandonedBlobs, id, bytes: new Uint8Array(0) }));
  }

  removeSoon(): void {
    this.removals.wake();
  }

  /** Resolves when nothing is written any more: after the client has begun to close. */
  async settled(): Promise<void> {
    await Promise.all(this.underWay);
    await this.removals.settled();
  }

  private async runInTurn(order: UploadOrder) {
    const { id, record, source, signal: given } = order;
    const { blobs, store, closing, timings } = this.parts;
    const signal = AbortSignal.any([given, closing]);
    await this.turn(signal);
    try {
      return await upload(
        record,
        source ?? reopened(record.source, this.files),
        {
          blobs,
          progress: (sent, total) => order.progress(sent, total),
          note: (changed) => store.write([this.changeOf(id, changed)]),
          online: (until) => this.online(until),
          abandon: (blob) => this.abandon([blob]),
          reconnect: { baseMs: timings.reconnectBaseMs, maxMs: timings.reconnectMaxMs },
        },
        signal,
      );
    } finally {
      this.running -= 1;
      // All that wait: some may have been given up, and who finds no room waits on.
      for (const wake of this.waiting.splice(0)) wake();
    }
  }

  private async turn(signal: AbortSignal): Promise<void> {
    while (this.running >= atOnce) {
      await withDeadline(new Promise<void>((resolve) => this.waiting.push(resolve)), { signal });
    }
    this.running += 1;
  }

  private async online(signal: AbortSignal): Promise<void> {
    const { connection } = this.parts;
    if (connection.state === "online") return;
    let off = (): void => undefined;
    const came = new Promise<void>((resolve) => {
      off = connection.on("state", ({ state }) => state === "online" && resolve());
    });
    await withDeadline(came, { signal }).finally(off);
  }

  /** What cannot be removed ends by itself at the node. */
  private async removeAbandoned(): Promise<void> {
    const { store, blobs, connection, closing } = this.parts;
    for (const { id } of await store.list(tables.abandonedBlobs)) {
      if (connection.state !== "online" || closing.aborted) return;
      try {
        await blobs.remove(id as BlobId, closing);
      } catch (error) {
        if (!(error instanceof SottoError) || error.retryable || error.code === "aborted") return;
      }
      await store.write([{ table: tables.abandonedBlobs, id, bytes: null }]);
    }
  }
}
