/**
 * Where a device keeps what it must not lose: keys, group states, outbox, messages. A store belongs to one device of one
 * user and has one writer at a time; `open` takes the lock or throws `store-locked`.
 */
export interface ClientStore {
  /** Errors: `store-locked`, `store-unreadable`, `storage-evicted`. */
  open(): Promise<OpenClientStore>;
}

export interface StoredRecord {
  id: string;
  bytes: Uint8Array;
}

export interface RecordChange {
  table: string;
  id: string;
  /** Null deletes. */
  bytes: Uint8Array | null;
}

export interface ListOptions {
  /** Only ids that begin so. */
  prefix?: string;
  /** Exclusive bounds. */
  after?: string;
  before?: string;
  limit?: number;
  /** Highest ids first. */
  reverse?: boolean;
}

export interface OpenClientStore {
  /**
   * Fires where a store can be taken from its opener: another page has taken it over, or the browser has thrown it away. Its reason is
   * the `SottoError` that every later call throws: `store-locked`, `storage-evicted`.
   */
  readonly lost?: AbortSignal;
  get(table: string, id: string): Promise<Uint8Array | undefined>;
  /** In the order of ids, compared by UTF-16 code units. Tables and ids are printable ASCII. */
  list(table: string, options?: ListOptions): Promise<StoredRecord[]>;
  /** All of it or none, and durable when the promise resolves: it survives the end of the process and of power. */
  write(changes: readonly RecordChange[]): Promise<void>;
  /** Lets go of the lock. Idempotent. */
  close(): Promise<void>;
}
