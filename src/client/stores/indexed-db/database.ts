/** IndexedDB in promises: one database for each store, with what says how it is sealed, and its frames. */
import { SottoError } from "../../../protocol/errors.ts";

const objectStores = { state: "state", frames: "frames" } as const;
const version = 1;

/** In `frames`, under [log, number]. */
export interface StoredFrame {
  log: number;
  number: number;
  sealed: Uint8Array;
}

const databaseName = (name: string): string => `sotto/${name}`;

/**
 * Opens the database, and makes it where there is none. `gone`: called when it is deleted or cleared under the hands of its opener. Error:
 * `store-unreadable`.
 */
export async function openDatabase(name: string, gone: () => void): Promise<IDBDatabase> {
  const request = globalThis.indexedDB.open(databaseName(name), version);
  request.addEventListener("upgradeneeded", () => {
    request.result.createObjectStore(objectStores.state);
    request.result.createObjectStore(objectStores.frames, { keyPath: ["log", "number"] });
  });
  const database = await answerOf(request).catch((cause: unknown) => {
    throw new SottoError("store-unreadable", { detail: "The browser does not give this page its database.", cause });
  });
  database.addEventListener("versionchange", () => {
    database.close();
    gone();
  });
  database.addEventListener("close", gone);
  return database;
}

/** Whoever has it open loses it. */
export async function deleteDatabase(name: string): Promise<void> {
  await answerOf(globalThis.indexedDB.deleteDatabase(databaseName(name)));
}

/** For one reading. */
export function readable(database: IDBDatabase): { state: IDBObjectStore; frames: IDBObjectStore } {
  const transaction = database.transaction([objectStores.state, objectStores.frames], "readonly");
  return { state: transaction.objectStore(objectStores.state), frames: transaction.objectStore(objectStores.frames) };
}

/** Frames as they are stored, in order. Error: `store-unreadable`. */
export async function readFrames(database: IDBDatabase, range: IDBKeyRange, count: number): Promise<StoredFrame[]> {
  try {
    return (await answerOf(readable(database).frames.getAll(range, count))) as StoredFrame[];
  } catch (cause) {
    throw new SottoError("store-unreadable", { cause });
  }
}

export function answerOf<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("IndexedDB has refused.")));
  });
}

/**
 * One transaction over both object stores, durable when it resolves: the disk has been told. `work` awaits nothing but its own requests;
 * what it throws undoes all of it.
 */
export async function change<Result>(
  database: IDBDatabase,
  work: (stores: { state: IDBObjectStore; frames: IDBObjectStore }) => Promise<Result>,
): Promise<Result> {
  const names = [objectStores.state, objectStores.frames];
  const transaction = database.transaction(names, "readwrite", { durability: "strict" });
  const ended = endOf(transaction);
  try {
    const [state, frames] = names.map((name) => transaction.objectStore(name));
    const result = await work({ state: state!, frames: frames! });
    await ended;
    return result;
  } catch (error) {
    abort(transaction);
    await ended.catch(() => undefined);
    throw error;
  }
}

function endOf(transaction: IDBTransaction): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    transaction.addEventListener("complete", () => resolve());
    transaction.addEventListener("abort", () => reject(transaction.error ?? new SottoError("store-unreadable")));
  });
  // Whoever waits for a request hears of it there first.
  ended.catch(() => undefined);
  return ended;
}

/** It may have ended by itself. */
function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}
