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

const deletion = 0;
const value = 1;

/** Batches put one after another are one batch. */
export function encodeBatch(changes: readonly RecordChange[]): Uint8Array {
  // Tables and ids are ASCII: one byte a character.
  const length = changes.reduce(
    (sum, { table, id, bytes }) => sum + 13 + table.length + id.length + (bytes?.length ?? -4),
    0,
  );
  const writer = new ByteWriter(length);
  for (const { table, id, bytes } of changes) {
    writer
      .u8(bytes ? value : deletion)
      .text(table)
      .text(id);
    if (bytes) writer.opaque(bytes);
  }
  return writer.finish();
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
