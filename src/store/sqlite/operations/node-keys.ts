import type { StoreContext } from "../store-context.ts";

/** See `MaintenanceStore.nodeKey`. */
export function nodeKey({ db }: StoreContext, name: string, fresh: Uint8Array): Uint8Array {
  db.run("INSERT INTO node_keys (name, bytes) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", name, fresh);
  return db.get<{ bytes: Uint8Array }>("SELECT bytes FROM node_keys WHERE name = ?", name)!.bytes;
}
