/**
 * What a database says of the store in it, beside the frames: how the root key is wrapped, which log counts, and who may write.
 *
 * Writers are told apart by a token that each leaves when it opens the store. Every change looks for its own first, in the same
 * transaction, so that a page whose lock was taken from it writes nothing more, however late it hears of that.
 */
import { SottoError } from "../../../protocol/errors.ts";
import { answerOf, change, readable } from "./database.ts";

const keys = { header: "header", log: "log", writer: "writer" } as const;
const format = 1;

interface Header {
  format: number;
  vaultHeader: Uint8Array;
}

/** The log that counts. `identity`: what its frames are sealed for, of no other log. */
export interface LogPlace {
  log: number;
  identity: string;
}

export const newLogPlace = (log: number): LogPlace => ({ log, identity: globalThis.crypto.randomUUID() });

/** Makes the caller the writer, and answers what there is; undefined in an empty database. Error: `store-unreadable`. */
export async function enter(
  database: IDBDatabase,
  writer: string,
): Promise<{ vaultHeader: Uint8Array; place: LogPlace } | undefined> {
  return change(database, async ({ state, frames }) => {
    state.put(writer, keys.writer);
    const header = (await answerOf(state.get(keys.header))) as Header | undefined;
    if (!header) return undefined;
    const place = (await answerOf(state.get(keys.log))) as LogPlace | undefined;
    if (header.format !== format || !place) {
      throw new SottoError("store-unreadable", { detail: "This is not a store, or one of a later version." });
    }
    // A draft, or a log that was replaced, of a page that was closed in the middle.
    frames.delete(IDBKeyRange.upperBound([place.log], true));
    frames.delete(IDBKeyRange.lowerBound([place.log + 1]));
    return { vaultHeader: header.vaultHeader, place };
  });
}

/** How the root key is wrapped; undefined in an empty database. For who is not the writer. */
export async function readVaultHeader(database: IDBDatabase): Promise<Uint8Array | undefined> {
  const { state } = readable(database);
  return ((await answerOf(state.get(keys.header))) as Header | undefined)?.vaultHeader;
}

export async function found(
  database: IDBDatabase,
  writer: string,
  { vaultHeader, place }: { vaultHeader: Uint8Array; place: LogPlace },
): Promise<void> {
  await change(database, async ({ state }) => {
    await requireWriter(state, writer);
    state.put({ format, vaultHeader } satisfies Header, keys.header);
    state.put(place, keys.log);
  });
}

/** Error: `store-locked`, when another has become the writer. */
export async function requireWriter(state: IDBObjectStore, writer: string): Promise<void> {
  if ((await answerOf(state.get(keys.writer))) !== writer) throw new SottoError("store-locked");
}

/** From now on this log counts. */
export function countOn(state: IDBObjectStore, place: LogPlace): void {
  state.put(place, keys.log);
}
