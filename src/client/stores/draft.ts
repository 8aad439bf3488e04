/** Changes that are to be written together, and what the store would hold with them. */
import { decodeRecord, encodeRecord } from "../record-codec.ts";
import type { OpenClientStore, RecordChange, StoredRecord } from "./client-store.ts";

type Readable = Pick<OpenClientStore, "get" | "list">;

/** A row as it will be: in bytes, or as a record that more may come to. */
interface Row {
  table: string;
  id: string;
  bytes?: Uint8Array | null;
  record?: object | null;
}

export class Draft {
  private readonly store: Readable;
  /** The last word on each row, in the order of the first. */
  private readonly rows = new Map<string, Row>();

  constructor(store: Readable) {
    this.store = store;
  }

  get changes(): RecordChange[] {
    return Array.from(this.rows.values(), (row) => ({ table: row.table, id: row.id, bytes: bytesOf(row) }));
  }

  write(...changes: readonly RecordChange[]): void {
    for (const change of changes) this.rows.set(nameOf(change), change);
  }

  /** A record as `change` makes it of the one that is there; null deletes. Read once and encoded once, however often it changes. */
  async edit<T extends object>(table: string, id: string, change: (record: T | undefined) => T | null): Promise<void> {
    const row = this.rows.get(nameOf({ table, id }));
    let record = row?.record as T | null | undefined;
    if (record === undefined) {
      const bytes = row ? row.bytes : await this.store.get(table, id);
      record = bytes ? decodeRecord<T>(bytes) : null;
    }
    const changed = change(record ?? undefined);
    if (changed || record) this.rows.set(nameOf({ table, id }), { table, id, record: changed });
  }

  async get(table: string, id: string): Promise<Uint8Array | undefined> {
    const row = this.rows.get(nameOf({ table, id }));
    return row ? (bytesOf(row) ?? undefined) : this.store.get(table, id);
  }

  /** In the order of ids. */
  async list(table: string, prefix: string): Promise<StoredRecord[]> {
    const rows = new Map((await this.store.list(table, { prefix })).map((row) => [row.id, row]));
    for (const row of this.rows.values()) {
      if (row.table !== table || !row.id.startsWith(prefix)) continue;
      const bytes = bytesOf(row);
      if (bytes) rows.set(row.id, { id: row.id, bytes });
      else rows.delete(row.id);
    }
    return [...rows.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1));
  }
}

const bytesOf = ({ bytes, record }: Row): Uint8Array | null => bytes ?? (record ? encodeRecord(record) : null);

/** Tables and ids are printable. */
const nameOf = ({ table, id }: Pick<RecordChange, "table" | "id">): string => `${table}\n${id}`;
