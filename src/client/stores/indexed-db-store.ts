import { createVault, smallVaultParameters, type VaultSecret } from "../../crypto/record-sealing.ts";
import { sodiumReady } from "../../identity/sodium.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { ClientStore, OpenClientStore } from "./client-store.ts";
import { deleteDatabase, openDatabase } from "./indexed-db/database.ts";
import { IndexedDbLog } from "./indexed-db/indexed-db-log.ts";
import { isPersistent } from "./indexed-db/persistence.ts";
import { isMarked, mark, unmark } from "./indexed-db/store-mark.ts";
import { enter, found, newLogPlace, readVaultHeader } from "./indexed-db/store-state.ts";
import { takeWriterLock, type WhenLocked, type WriterLock } from "./indexed-db/writer-lock.ts";
import { frameSeal, openVaultAgain } from "./journal/frame-seal.ts";
import { openJournal } from "./journal/journal-store.ts";
import { Journal } from "./journal/journal.ts";

/** Under a passphrase, or under 32 bytes that nobody can guess, such as those that a passkey's PRF gives. */
export type IndexedDbSecret = { passphrase: string; key?: never } | { key: Uint8Array; passphrase?: never };

export type IndexedDbStoreOptions = IndexedDbSecret & {
  /** What guessing a passphrase costs. Default: Argon2id with 3 passes over 64 MiB. Only read when the store is made. */
  kdf?: { opslimit: number; memlimitBytes: number };
  /**
   * While another page of this origin has the store open: be refused with `store-locked` (the default), wait until it is closed, or take
   * it over: the other page's `lost` fires, and nothing more of it is written.
   */
  whenLocked?: WhenLocked;
  /** Ends the waiting. */
  signal?: AbortSignal;
  /** The caller knows that the store was made: where it is not, `open` throws `storage-evicted`. A page mostly finds out by itself. */
  mustExist?: boolean;
  /** Default true. False: the page itself asks the browser to keep its storage, at a better moment. */
  askToPersist?: boolean;
};

export interface IndexedDbStore extends ClientStore {
  /**
   * Whether the browser has promised to keep the store when it runs out of room. Resolves after the first opening, which does not wait
   * for it: some browsers ask a person. Without that promise keep a recovery key, or another device.
   */
  readonly isPersistent: Promise<boolean>;
}

/**
 * A store in a browser, in a page or a worker, one for each name and origin. Everything in it, names included, is encrypted under the
 * passphrase or the key; without it there is no way back. Needs a secure context. Errors of `open`: `store-locked`, `store-unreadable`,
 * `storage-evicted` (it was there and is gone: `deleteIndexedDbStore`, then begin anew), `aborted`, `invalid-argument`.
 */
export function indexedDbStore(name: string, options: IndexedDbStoreOptions): IndexedDbStore {
  let tell = (_answer: boolean): void => undefined;
  return {
    isPersistent: new Promise<boolean>((resolve) => (tell = resolve)),
    async open() {
      const secret = requireSecret(options);
      if (!globalThis.indexedDB || !globalThis.navigator?.locks) {
        throw new SottoError("invalid-argument", {
          detail: "This store needs IndexedDB and Web Locks: a secure context.",
        });
      }
      await sodiumReady();
      const { whenLocked = "refuse", signal } = options;
      if (whenLocked === "take-over") await requireRightSecret(name, secret);
      const lock = await takeWriterLock(name, { whenLocked, signal });
      try {
        const opened = await openLocked(name, secret, options, lock);
        void isPersistent({ ask: options.askToPersist ?? true }).then(tell);
        return opened;
      } catch (error) {
        await lock.release();
        throw error;
      }
    },
  };
}

/** For who begins anew: the store, and that there was one. Whoever has it open loses it. */
export async function deleteIndexedDbStore(name: string): Promise<void> {
  await deleteDatabase(name);
  unmark(name);
}

async function openLocked(
  name: string,
  secret: VaultSecret,
  options: IndexedDbStoreOptions,
  lock: WriterLock,
): Promise<OpenClientStore> {
  const gone = new AbortController();
  const database = await openDatabase(name, () => gone.abort(new SottoError("storage-evicted")));
  const lost = AbortSignal.any([lock.lost, gone.signal]);
  try {
    const journal = await unlock(name, secret, options, database);
    lost.throwIfAborted();
    lost.addEventListener("abort", () => database.close(), { once: true });
    const release = async () => {
      database.close();
      await lock.release();
    };
    return openJournal(journal, release, lost);
  } catch (error) {
    database.close();
    if (lost.aborted) throw lost.reason;
    throw error instanceof SottoError ? error : new SottoError("store-unreadable", { cause: error });
  }
}

async function unlock(
  name: string,
  secret: VaultSecret,
  { kdf, mustExist }: IndexedDbStoreOptions,
  database: IDBDatabase,
): Promise<Journal> {
  const writer = globalThis.crypto.randomUUID();
  const stored = await enter(database, writer);
  if (stored) {
    const vault = openVaultAgain(stored.vaultHeader, secret);
    const journal = await Journal.open(new IndexedDbLog(database, writer, stored.place), frameSeal(vault));
    mark(name);
    return journal;
  }
  if (mustExist || isMarked(name)) throw new SottoError("storage-evicted");
  const parameters = kdf ? { passes: kdf.opslimit, memoryBytes: kdf.memlimitBytes } : smallVaultParameters;
  const { header, vault } = createVault(secret, parameters);
  const place = newLogPlace(1);
  await found(database, writer, { vaultHeader: header, place });
  mark(name);
  return Journal.open(new IndexedDbLog(database, writer, place), frameSeal(vault));
}

/** A mistyped passphrase takes no store away from another page. Error: `store-unreadable`. */
async function requireRightSecret(name: string, secret: VaultSecret): Promise<void> {
  const database = await openDatabase(name, () => undefined);
  try {
    const header = await readVaultHeader(database);
    if (header) openVaultAgain(header, secret).close();
  } finally {
    database.close();
  }
}

function requireSecret({ passphrase, key }: IndexedDbStoreOptions): VaultSecret {
  const secret = passphrase ?? key;
  if (secret === undefined || secret === "" || (typeof secret !== "string" && secret.length !== 32)) {
    throw new SottoError("invalid-argument", {
      detail: "A store is opened with a passphrase, or with a key of 32 bytes.",
    });
  }
  return secret;
}
