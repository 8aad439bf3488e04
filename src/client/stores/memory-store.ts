import { SottoError } from "../../protocol/errors.ts";
import type { ClientStore, ListOptions, OpenClientStore, RecordChange } from "./client-store.ts";
import { checkChanges, OrderedRecords } from "./ordered-records.ts";

/**
 * A store that lasts as long as the object: closing and opening it again finds everything, the end of the process loses it.
 * For tests, and for devices that are meant to be forgotten.
 */
export function memoryStore(): ClientStore {
  const records = new OrderedRecords<Uint8Array>();
  let isOpen = false;
  return {
    async open() {
      if (isOpen) throw new SottoError("store-locked");
      isOpen = true;
      return openRecords(records, () => (isOpen = false));
    },
  };
}

function openRecords(records: OrderedRecords<Uint8Array>, release: () => void): OpenClientStore {
  let isClosed = false;
  const mustBeOpen = () => {
    if (isClosed) throw new SottoError("closed", { detail: "The store has been closed." });
  };
  return {
    async get(table, id) {
      mustBeOpen();
      return records.get(table, id)?.slice();
    },
    async list(table: string, options?: ListOptions) {
      mustBeOpen();
      return records.list(table, options).map(({ id, value }) => ({ id, bytes: value.slice() }));
    },
    async write(changes: readonly RecordChange[]) {
      mustBeOpen();
      checkChanges(changes);
      for (const { table, id, bytes } of changes) {
        if (bytes) records.set(table, id, bytes.slice());
        else records.delete(table, id);
      }
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      release();
    },
  };
}
