import { memoryStore, type ClientStore, type OpenClientStore, type RecordChange } from "../../src/client/index.ts";
import { copyOfOpen } from "./copied-store.ts";

/** Whether the write at which the power fails is on the disk. */
export type CrashPoint = { write: number; stored: boolean };

/**
 * A store whose machine loses power at one of its writes: that write and everything after it never return, and `survived`
 * resolves with what a restart finds.
 */
export class CrashingStore implements ClientStore {
  writes = 0;
  readonly survived: Promise<ClientStore>;
  private readonly inner: ClientStore;
  private point: CrashPoint | undefined;
  private isOver = false;
  private crash: (disk: ClientStore) => void = () => undefined;

  constructor(point?: CrashPoint, inner: ClientStore = memoryStore()) {
    this.inner = inner;
    this.point = point;
    this.survived = new Promise((resolve) => (this.crash = resolve));
  }

  /** The power fails at the `next`th write from now (1: the next). */
  failAt(next: number, stored: boolean): void {
    this.point = { write: this.writes + next, stored };
  }

  /** What a restart finds, when the power has failed; from now on it does not fail any more. */
  async outcome(): Promise<ClientStore | undefined> {
    this.point = undefined;
    return this.isOver ? this.survived : undefined;
  }

  async open(): Promise<OpenClientStore> {
    const store = await this.inner.open();
    const never = new Promise<never>(() => undefined);
    return {
      get: (table, id) => (this.isOver ? never : store.get(table, id)),
      list: (table, options) => (this.isOver ? never : store.list(table, options)),
      close: () => (this.isOver ? never : store.close()),
      write: async (changes: readonly RecordChange[]) => {
        if (this.isOver) return never;
        this.writes += 1;
        if (this.writes !== this.point?.write) return store.write(changes);
        this.isOver = true;
        if (this.point.stored) await store.write(changes);
        this.crash(await copyOfOpen(store));
        return never;
      },
    };
  }
}
