/** Changes that are to be written together, and what the store would hold with them. */
import type { OpenClientStore, RecordChange, StoredRecord } from "./client-store.ts";

type Readable = Pick<OpenClientStore, "get" | "list">;

export class Draft {
  private readonly store: Readable;
  /** The last word on each row, in the order of the first. */
  private readonly rows = new Map<string, RecordChange>();

  constructor(store: Readable) {
    this.store = store;
  }

  get changes(): RecordChange[] {
    return [...this.rows.values()];
  }

  write(...changes: readonly RecordChange[]): void {
    for (const change of changes) this.rows.set(nameOf(change), change);
  }

  async get(table: string, id: string): Promise<Uint8Array | undefined> {
    const change = this.rows.get(nameOf({ table, id }));
    return change ? (change.bytes ?? undefined) : this.store.get(table, id);
  }

  /** In the order of ids. */
  async list(table: string, prefix: string): Promise<StoredRecord[]> {
    const rows = new Map((await this.store.list(table, { prefix })).map((row) => [row.id, row]));
    for (const change of this.rows.values()) {
      if (change.table !== table || !change.id.startsWith(prefix)) continue;
      if (change.bytes) rows.set(change.id, { id: change.id, bytes: change.bytes });
      else rows.delete(change.id);
    }
    return [...rows.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1));
  }
}

/** Tables and ids are printable. */
const nameOf = ({ table, id }: Pick<RecordChange, "table" | "id">): string => `${table}\n${id}`;
