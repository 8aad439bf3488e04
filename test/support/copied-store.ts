import { memoryStore, type ClientStore, type OpenClientStore, type RecordChange } from "../../src/client/index.ts";
import { tables } from "../../src/client/records.ts";

/** A second store with all that an open one holds now: a backup, or the disk of a cloned machine. */
export async function copyOfOpen(from: Pick<OpenClientStore, "list">): Promise<ClientStore> {
  const changes: RecordChange[] = [];
  for (const table of Object.values(tables)) {
    for (const { id, bytes } of await from.list(table)) changes.push({ table, id, bytes });
  }
  const copy = memoryStore();
  const to = await copy.open();
  await to.write(changes);
  await to.close();
  return copy;
}

/** The same of a closed one. */
export async function copyOf(store: ClientStore): Promise<ClientStore> {
  const from = await store.open();
  const copy = await copyOfOpen(from);
  await from.close();
  return copy;
}
