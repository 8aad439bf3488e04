import type { MysqlContext } from "../mysql-context.ts";

/** See `MaintenanceStore.nodeKey`. */
export async function nodeKey({ db }: MysqlContext, name: string, fresh: Uint8Array): Promise<Uint8Array> {
  await db.run("INSERT IGNORE INTO node_keys (name, bytes) VALUES (?, ?)", name, fresh);
  return (await db.get<{ bytes: Uint8Array }>("SELECT bytes FROM node_keys WHERE name = ?", name))!.bytes;
}
