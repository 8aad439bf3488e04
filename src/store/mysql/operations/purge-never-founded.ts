import type { PurgeRule } from "./purge-rule.ts";

/** In this order, and the index by which each is found: by a scan, rows of others would be waited for. */
const parts = [
  { table: "conversation_groups", index: "PRIMARY" },
  { table: "group_members", index: "group_members_by_conversation" },
  { table: "members", index: "PRIMARY" },
  { table: "directs", index: "directs_by_conversation" },
  { table: "conversations", index: "PRIMARY" },
] as const;

/**
 * `chunk` counts conversations: their rows go from all tables at once or not at all. Nobody opens or founds one meanwhile; one
 * that somebody holds just now is left for next time.
 */
export const neverFounded: PurgeRule = {
  tables: parts.map(({ table }) => table),
  rule: "conversations that nobody founded, nor opened within the retention",
  count: ({ db }, { retention }) =>
    Promise.all(
      parts.map(async ({ table }) => {
        const sql = `SELECT COUNT(*) AS \`rows\` FROM ${table} WHERE conversation IN (
           SELECT conversation FROM conversations WHERE generation = 0 AND opened_at < ?)`;
        return (await db.get<{ rows: number }>(sql, retention))!.rows;
      }),
    ),
  remove: async ({ db }, { retention }, chunk) => {
    const none = parts.map(() => 0);
    const found = await db.all<{ conversation: Buffer }>(
      "SELECT conversation FROM conversations WHERE generation = 0 AND opened_at < ? ORDER BY opened_at LIMIT ?",
      retention,
      chunk,
    );
    if (found.length === 0) return none;
    const held = await db.all<{ conversation: Buffer }>(
      `SELECT conversation FROM conversations FORCE INDEX (PRIMARY)
       WHERE conversation IN (?) AND generation = 0 AND opened_at < ? FOR UPDATE SKIP LOCKED`,
      found.map(({ conversation }) => conversation),
      retention,
    );
    if (held.length === 0) return none;
    const gone = held.map(({ conversation }) => conversation);
    const rows: number[] = [];
    for (const { table, index } of parts) {
      const sql = `DELETE ${table} FROM ${table} FORCE INDEX (${index}) WHERE conversation IN (?)`;
      rows.push(await db.run(sql, gone));
    }
    return rows;
  },
};
