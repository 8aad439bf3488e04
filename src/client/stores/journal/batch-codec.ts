import { concatBytes } from "../../../crypto/primitives/bytes.ts";
import { ByteReader } from "../../../protocol/byte-reader.ts";
import { ByteWriter } from "../../../protocol/byte-writer.ts";
import type { RecordChange } from "../client-store.ts";

/** A change as it lies in a batch's bytes: where its value begins, how long it is, and how much of the batch it takes up. */
export interface EncodedChange {
  table: string;
  id: string;
  /** Null for a deletion. */
  value: { at: number; length: number } | null;
  bytes: number;
}

/** Changes as they are written, and where each of them lies in that. */
export interface EncodedBatch {
  bytes: Uint8Array;
  changes: readonly EncodedChange[];
}

const deletion = 0;
const value = 1;

export function encodeBatch(changes: readonly RecordChange[]): EncodedBatch {
  // Tables and ids are ASCII: one byte a character.
  const length = changes.reduce(
    (sum, { table, id, bytes }) => sum + 13 + table.length + id.length + (bytes?.length ?? -4),
    0,
  );
  const writer = new ByteWriter(length);
  let end = 0;
  const encoded = changes.map(({ table, id, bytes }): EncodedChange => {
    writer
      .u8(bytes ? value : deletion)
      .text(table)
      .text(id);
    if (bytes) writer.opaque(bytes);
    const start = end;
    end = writer.length;
    return { table, id, value: bytes && { at: end - bytes.length, length: bytes.length }, bytes: end - start };
  });
  return { bytes: writer.finish(), changes: encoded };
}

/** Batches put one after another are one batch. */
export function joinBatches(batches: readonly EncodedBatch[]): EncodedBatch {
  if (batches.length === 1) return batches[0]!;
  let offset = 0;
  const changes = batches.flatMap((batch) => {
    const before = offset;
    offset += batch.bytes.length;
    return batch.changes.map((change) => ({
      ...change,
      value: change.value && { ...change.value, at: before + change.value.at },
    }));
  });
  return { bytes: concatBytes(...batches.map(({ bytes }) => bytes)), changes };
}

/** In the order of writing. Throws `MalformedBytes`. */
export function* decodeBatch(batch: Uint8Array): Generator<EncodedChange> {
  const reader = new ByteReader(batch);
  while (reader.remaining > 0) {
    const start = batch.length - reader.remaining;
    const kind = reader.u8();
    const table = reader.text();
    const id = reader.text();
    const length = kind === value ? reader.opaqueView().length : 0;
    const end = batch.length - reader.remaining;
    yield { table, id, value: kind === value ? { at: end - length, length } : null, bytes: end - start };
  }
}
