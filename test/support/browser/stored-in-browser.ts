import type { Page } from "playwright-core";
import { frameSeal, openVaultAgain } from "../../../src/client/stores/journal/frame-seal.ts";
import { decodeBatch } from "../../../src/client/stores/journal/batch-codec.ts";
import { decodeRecord, tables, type HistoryKeyRecord } from "../../../src/client/records.ts";
import { memoryStore, type ClientStore } from "../../../src/client/index.ts";
import { sodiumReady } from "../../../src/identity/sodium.ts";
import { secretsOf } from "../client-secrets.ts";

/** A database as a script of its origin reads it; bytes in base64. */
export interface StoredInBrowser {
  vaultHeader: string;
  identity: string;
  frames: { number: number; sealed: string }[];
}

/** What the page's IndexedDB holds, read by a script in the page. */
export async function storedBy(page: Page): Promise<StoredInBrowser> {
  // What the compiler of the tests puts around functions with a name.
  await page.evaluate("globalThis.__name = (named) => named");
  return page.evaluate(async () => {
    const base64 = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
      new Promise((resolve) => {
        const reader = new FileReader();
        reader.addEventListener("load", () => resolve((reader.result as string).replace(/^.*,/, "")));
        reader.readAsDataURL(new Blob([bytes]));
      });
    const answer = (request: IDBRequest): Promise<unknown> =>
      new Promise((resolve, reject) => {
        request.addEventListener("success", () => resolve(request.result));
        request.addEventListener("error", () => reject(request.error!));
      });
    const [first] = await indexedDB.databases();
    const database = (await answer(indexedDB.open(first!.name!))) as IDBDatabase;
    const state = database.transaction("state").objectStore("state");
    const [header, place] = (await Promise.all([answer(state.get("header")), answer(state.get("log"))])) as [
      { vaultHeader: Uint8Array<ArrayBuffer> },
      { log: number; identity: string },
    ];
    const all = (await answer(database.transaction("frames").objectStore("frames").getAll())) as {
      log: number;
      number: number;
      sealed: Uint8Array<ArrayBuffer>;
    }[];
    database.close();
    const frames = await Promise.all(
      all
        .filter(({ log }) => log === place.log)
        .map(async ({ number, sealed }) => ({ number, sealed: await base64(sealed) })),
    );
    return { vaultHeader: await base64(header.vaultHeader), identity: place.identity, frames };
  });
}

/** For who knows the password: a store with all that was stored. Error: `store-unreadable`. */
export async function openedWith(password: string, stored: StoredInBrowser): Promise<ClientStore> {
  await sodiumReady();
  const seal = frameSeal(openVaultAgain(Buffer.from(stored.vaultHeader, "base64"), password));
  const store = memoryStore();
  const open = await store.open();
  for (const { number, sealed } of stored.frames) {
    const batch = seal.open(`${stored.identity}/${number}`, Buffer.from(sealed, "base64"));
    for (const { table, id, value } of decodeBatch(batch)) {
      await open.write([{ table, id, bytes: value && batch.slice(value.at, value.at + value.length) }]);
    }
  }
  await open.close();
  return store;
}

/** Every private key and history key in a store. */
export async function keysOf(store: ClientStore): Promise<{ privateKeys: Uint8Array[]; historyKeys: Uint8Array[] }> {
  const privateKeys = await secretsOf(store);
  const open = await store.open();
  const historyKeys = (await open.list(tables.historyKeys)).map(
    ({ bytes }) => decodeRecord<HistoryKeyRecord>(bytes).key,
  );
  await open.close();
  return { privateKeys, historyKeys };
}
