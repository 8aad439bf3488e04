/** Stores of a browser, by handles, and a look behind them. */
import {
  deleteIndexedDbStore,
  indexedDbStore,
  SottoError,
  type IndexedDbStore,
  type IndexedDbStoreOptions,
  type OpenClientStore,
} from "../../../../src/client/index.ts";
import { answering } from "../calls.ts";

interface Held {
  store: IndexedDbStore;
  open: OpenClientStore;
}

const kdf = { opslimit: 1, memlimitBytes: 8192 };
const stores = new Map<string, Held>();
const waits = new Map<string, AbortController>();
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const opened = (name: string): OpenClientStore => stores.get(name)!.open;

type Choices = Omit<IndexedDbStoreOptions, "passphrase" | "key" | "signal"> & { passphrase?: string; key?: number[] };

const actions = {
  async open(name: string, { passphrase, key, ...choices }: Choices = {}) {
    const secret = key ? { key: Uint8Array.from(key) } : { passphrase: passphrase ?? "correct horse" };
    const waiting = new AbortController();
    waits.set(name, waiting);
    const store = indexedDbStore(name, { kdf, ...choices, ...secret, signal: waiting.signal });
    stores.set(name, { store, open: await store.open() });
  },
  stopWaiting: (name: string) => waits.get(name)!.abort(),
  isPersistent: (name: string) => stores.get(name)!.store.isPersistent,
  timesAsked: () => timesAsked,
  close: (name: string) => opened(name).close(),
  forget: (name: string) => deleteIndexedDbStore(name),

  /** Each record in a batch of its own; `together`: all in one. */
  async write(name: string, records: Record<string, string | null>, together = true) {
    const changes = Object.entries(records).map(([id, value]) => ({
      table: "notes",
      id,
      bytes: value === null ? null : encoder.encode(value),
    }));
    if (together) await opened(name).write(changes);
    else for (const change of changes) await opened(name).write([change]);
  },
  /** The steps of one write. */
  async stepsOfAWrite(name: string): Promise<string[]> {
    steps.length = 0;
    await opened(name).write([{ table: "notes", id: "a", bytes: encoder.encode("1") }]);
    steps.push("answered");
    return steps;
  },
  /** From now on this page does not hear that a lock was taken from it. */
  deafen() {
    const ask = navigator.locks.request.bind(navigator.locks) as (...given: unknown[]) => Promise<unknown>;
    const deaf = (...given: unknown[]) => ask(...given).catch(() => new Promise<never>(() => undefined));
    Object.assign(navigator.locks, { request: deaf });
  },
  /** From now on this page does not hear that a transaction has ended. */
  hearNothingMore() {
    IDBTransaction.prototype.addEventListener = () => undefined;
  },
  async read(name: string): Promise<Record<string, string>> {
    const records = await opened(name).list("notes");
    return Object.fromEntries(records.map(({ id, bytes }) => [id, decoder.decode(bytes)]));
  },
  /** The code with which the store was lost. */
  lost(name: string): Promise<string> {
    const lost = opened(name).lost!;
    return new Promise((resolve) => {
      const tell = () => resolve((lost.reason as SottoError).code);
      if (lost.aborted) tell();
      else lost.addEventListener("abort", tell);
    });
  },

  /** Writes of one record after another, until one fails; answers how it failed, and with what. */
  async writeUntilRefused(name: string): Promise<{ code: string; last: number }> {
    for (let last = 0; ; last++) {
      try {
        await opened(name).write([{ table: "notes", id: "count", bytes: encoder.encode(String(last + 1)) }]);
      } catch (error) {
        if (error instanceof SottoError) return { code: error.code, last };
        throw error;
      }
    }
  },

  /** What becomes of a write of so many bytes of noise. */
  async writeNoise(name: string, bytes: number): Promise<void> {
    const noise = new Uint8Array(bytes);
    for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(noise.subarray(at, at + 65_536));
    await opened(name).write([{ table: "noise", id: "noise", bytes: noise }]);
  },

  /** What stands in the database, byte by byte, as text. */
  async raw(name: string): Promise<{ frames: number; bytes: number; text: string }> {
    const database = await raw(name);
    const all = (store: string) => answer(database.transaction(store).objectStore(store).getAll());
    const frames = (await all("frames")) as { sealed: Uint8Array }[];
    const state = await all("state");
    database.close();
    const latin1 = new TextDecoder("latin1");
    const text = frames.map(({ sealed }) => latin1.decode(sealed)).join("\n") + JSON.stringify(state);
    return { frames: frames.length, bytes: frames.reduce((sum, { sealed }) => sum + sealed.length, 0), text };
  },
  /** Changes a frame behind the store's back, or leaves it out. */
  async spoil(name: string, number: number, how: "leave out" | "flip a bit" | "take another's") {
    const database = await raw(name);
    const frames = database.transaction("frames", "readwrite").objectStore("frames");
    const [frame, other] = (await answer(frames.getAll())) as { log: number; number: number; sealed: Uint8Array }[];
    const at = { ...frame!, number };
    if (how === "leave out") await answer(frames.delete([at.log, number]));
    if (how === "take another's") await answer(frames.put({ ...at, sealed: other!.sealed }));
    if (how === "flip a bit") {
      at.sealed[at.sealed.length - 1]! ^= 1;
      await answer(frames.put(at));
    }
    database.close();
  },
  /** As a page that was closed while it rewrote its log leaves it. */
  async leaveADraft(name: string) {
    const database = await raw(name);
    const frames = database.transaction("frames", "readwrite").objectStore("frames");
    const [frame] = (await answer(frames.getAll())) as { log: number }[];
    await answer(frames.put({ ...frame!, log: frame!.log + 1 }));
    database.close();
  },
};

/** How often the browser was asked to keep what is stored. */
let timesAsked = 0;
const { persist } = StorageManager.prototype;
StorageManager.prototype.persist = function (this: StorageManager) {
  timesAsked++;
  return persist.call(this);
};

/** What becomes of each transaction that writes, and of each answer to who wrote, in the order in which it happens. */
const steps: string[] = [];
const { transaction } = IDBDatabase.prototype;
IDBDatabase.prototype.transaction = function (this: IDBDatabase, ...asked: Parameters<typeof transaction>) {
  const begun = transaction.apply(this, asked);
  if (begun.mode === "readwrite") begun.addEventListener("complete", () => steps.push(`complete ${begun.durability}`));
  return begun;
};

const raw = (name: string): Promise<IDBDatabase> => answer(indexedDB.open(`sotto/${name}`));

function answer<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("refused")));
  });
}

export type StoreActions = typeof actions;
Object.assign(globalThis, { inPage: answering(actions) });
