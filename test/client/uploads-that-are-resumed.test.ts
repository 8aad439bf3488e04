import { expect } from "chai";
import { randomBytes } from "node:crypto";
import type { AttachmentSource } from "../../src/client/attachments/attachment-source.ts";
import type { BlobClient } from "../../src/client/attachments/blob-client.ts";
import { newUpload, upload, type UploadParts } from "../../src/client/attachments/upload.ts";
import { decodeRecord, encodeRecord, type UploadRecord } from "../../src/client/records.ts";
import { FileOpener } from "../../src/crypto/attachment-sealing.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import type { BlobId } from "../../src/protocol/blobs.ts";
import { SottoError } from "../../src/protocol/errors.ts";
import { refusal } from "../support/refusal.ts";
import { seeded } from "../support/seeded.ts";

/** A node that keeps parts in order, loses answers, and sometimes goes back to an older copy of itself. */
class FakeNode {
  readonly blobs = new Map<BlobId, Buffer[]>();
  /** Every part that has left the device, by blob and offset: also those that did not arrive. */
  readonly left = new Map<string, Buffer>();
  parts = 0;
  /** What happens to the next part; nothing if nothing is said. */
  fate: () => "arrives" | "is lost" | "arrives, unanswered" = () => "arrives";

  readonly client = {
    received: (blob: BlobId) => Promise.resolve(this.blobs.has(blob) ? this.lengthOf(blob) : undefined),
    putPart: async (blob: BlobId, { offset }: { offset: number }, bytes: Uint8Array) => {
      await Promise.resolve();
      const key = `${blob} ${offset}`;
      const before = this.left.get(key);
      expect(before === undefined || before.equals(bytes), "one place is sealed once").to.equal(true);
      this.left.set(key, Buffer.from(bytes));
      this.parts += 1;
      const fate = this.fate();
      if (fate === "is lost") throw new SottoError("offline");
      if (offset > 0 && !this.blobs.has(blob)) throw new SottoError("blob-unknown");
      if (offset !== this.lengthOf(blob)) throw new SottoError("upload-conflict");
      this.blobs.set(blob, [...(this.blobs.get(blob) ?? []), Buffer.from(bytes)]);
      if (fate === "arrives, unanswered") throw new SottoError("timeout");
      return { expiresAt: 0 };
    },
  } as unknown as BlobClient;

  private lengthOf(blob: BlobId): number {
    return (this.blobs.get(blob) ?? []).reduce((sum, { length }) => sum + length, 0);
  }
}

const size = 2_800_000;
const sourceOf = (bytes: Uint8Array): AttachmentSource => ({
  size: bytes.length,
  stored: null,
  open: async function* () {
    for (let at = 0; at < bytes.length; at += 100_000) yield await Promise.resolve(bytes.subarray(at, at + 100_000));
  },
});

describe("an upload that is resumed", function () {
  this.timeout(120_000);
  before(() => sodiumReady());

  const partsFor = (node: FakeNode, note: (record: UploadRecord) => Promise<void>): UploadParts => ({
    blobs: node.client,
    note,
    online: () => Promise.resolve(),
    abandon: async (blob) => void node.blobs.delete(blob),
    progress: () => undefined,
    reconnect: { baseMs: 0, maxMs: 0 },
  });
  const opened = (blob: Buffer[], file: { key: Uint8Array; hash: Uint8Array }): Buffer => {
    const opener = new FileOpener({ ...file, size });
    const sealed = Buffer.concat(blob);
    const plain: Uint8Array[] = [];
    for (let at = 0; !opener.isDone;) {
      const length = opener.expectedLength;
      plain.push(opener.take(sealed.subarray(at, at + length)));
      at += length;
    }
    return Buffer.concat(plain);
  };

  it("never seals two contents in one place, whatever breaks and whatever changes, and ends whole", async () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const random = seeded(seed);
      const node = new FakeNode();
      node.fate = () => (random() < 0.2 ? "is lost" : random() < 0.2 ? "arrives, unanswered" : "arrives");
      let bytes: Uint8Array = randomBytes(size);
      let stored = encodeRecord(newUpload(sourceOf(bytes)));
      let done: Awaited<ReturnType<typeof upload>> | undefined;
      for (let run = 0; done === undefined; run += 1) {
        const stop = new AbortController();
        let notes = Math.floor(random() * 6) + run;
        const note = async (record: UploadRecord): Promise<void> => {
          await Promise.resolve();
          // The process ends before or after what it writes is stored.
          if (notes-- <= 0) {
            if (random() < 0.5) stored = encodeRecord(record);
            stop.abort();
            throw new SottoError("aborted");
          }
          stored = encodeRecord(record);
        };
        try {
          done = await upload(decodeRecord<UploadRecord>(stored), sourceOf(bytes), partsFor(node, note), stop.signal);
        } catch (error) {
          expect(error).to.have.property("code", "aborted");
        }
        if (done !== undefined) break;
        if (random() < 0.2) bytes = randomBytes(size);
        const [blob, kept] = [...node.blobs][0] ?? [];
        if (blob && kept && random() < 0.2) node.blobs.set(blob, kept.slice(0, Math.floor(random() * kept.length)));
      }
      expect(opened(node.blobs.get(done.blob)!, done).equals(bytes), `seed ${seed}`).to.equal(true);
    }
  });

  it("sends nothing again that the node has", async () => {
    const node = new FakeNode();
    const bytes = randomBytes(size);
    let record = newUpload(sourceOf(bytes));
    const stop = new AbortController();
    const note = async (changed: UploadRecord): Promise<void> => {
      record = await Promise.resolve(changed);
      if (node.parts === 2) {
        stop.abort();
        throw new SottoError("aborted");
      }
    };
    await refusal(upload(record, sourceOf(bytes), partsFor(node, note), stop.signal), "aborted");
    const again = partsFor(node, () => Promise.resolve());
    const done = await upload(record, sourceOf(bytes), again, new AbortController().signal);
    expect(node.parts).to.equal(3);
    expect(opened(node.blobs.get(done.blob)!, done).equals(bytes)).to.equal(true);
  });

  it("begins anew, under another key, where the node has lost more than its last part: the file may be another by now", async () => {
    const node = new FakeNode();
    let record = newUpload(sourceOf(randomBytes(size)));
    const note = async (changed: UploadRecord): Promise<void> => void (record = await Promise.resolve(changed));
    await upload(record, sourceOf(randomBytes(size)), partsFor(node, note), new AbortController().signal);
    const { blob } = record;
    for (const kept of [1, 0]) {
      node.blobs.set(blob, node.blobs.get(blob)!.slice(0, kept));
      const bytes = randomBytes(size);
      const resumed = partsFor(node, () => Promise.resolve());
      const done = await upload(
        record,
        sourceOf(bytes),
        { ...resumed, abandon: () => Promise.resolve() },
        new AbortController().signal,
      );
      expect(done.blob).to.not.equal(blob);
      expect(opened(node.blobs.get(done.blob)!, done).equals(bytes)).to.equal(true);
    }
  });

  it("is not begun with a source that brings another number of bytes than it said", async () => {
    for (const other of [size - 1, size + 1, 0]) {
      const node = new FakeNode();
      const source = { ...sourceOf(randomBytes(other)), size };
      const attempt = upload(
        newUpload(source),
        source,
        partsFor(node, () => Promise.resolve()),
        new AbortController().signal,
      );
      await refusal(attempt, "source-lost");
    }
  });
});
