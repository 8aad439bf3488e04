import { tablesOfEachConversation } from "../../conversation-tables.ts";
import type { MysqlContext } from "../mysql-context.ts";
import type { PurgeRule } from "./purge-rule.ts";

/** A table, and the index by which its rows are found: by a scan, rows of others would be waited for. */
interface Part {
  table: string;
  index: string;
}

const indexes: Readonly<Record<string, string>> = {
  history_keys: "history_keys_by_conversation",
  group_members: "group_members_by_conversation",
  directs: "directs_by_conversation",
};
const partsIn = (tables: readonly string[]): Part[] =>
  tables.map((table) => ({ table, index: indexes[table] ?? "PRIMARY" }));

/** In this order: the conversation's own row last, since by it the others are found. */
const unfoundedParts = partsIn(["conversation_groups", "group_members", "members", "directs", "conversations"]);
const ofEach = ["commits", ...tablesOfEachConversation];
const abandonedParts = partsIn([...ofEach, "conversation_groups", "group_members", "members", "conversations"]);
const erasedDirectParts = partsIn([...ofEach, "members", "conversations", "directs"]);

/** Nobody opens or founds one meanwhile; one that somebody holds just now is left for next time. */
export const neverFounded = wholeConversations(
  "conversations that nobody founded, nor opened within the retention",
  unfoundedParts,
  "generation = 0 AND opened_at < ?",
  "opened_at",
);

export const abandoned = wholeConversations(
  "groups that everybody has left, and of which retention has passed all",
  abandonedParts,
  `kind = 'group' AND oldest_at IS NULL AND generation > 0 AND last_accepted_at < ?
     AND NOT EXISTS (SELECT 1 FROM group_members g WHERE g.conversation = conversations.conversation
       AND NOT EXISTS (SELECT 1 FROM erasures e WHERE e.pseudonym = g.user))`,
  "last_accepted_at",
);

export const erasedDirects = wholeConversations(
  "directs with a user who was erased, of which retention has passed all",
  erasedDirectParts,
  `kind = 'direct' AND oldest_at IS NULL AND generation > 0 AND last_accepted_at < ?
     AND EXISTS (SELECT 1 FROM members m JOIN erasures e ON e.pseudonym = m.user
       WHERE m.conversation = conversations.conversation)`,
  "last_accepted_at",
);

/** `chunk` counts conversations: their rows go from all tables at once or not at all. `ended`: `?` is the retention's end. */
function wholeConversations(rule: string, parts: readonly Part[], ended: string, order: string): PurgeRule {
  return {
    tables: parts.map(({ table }) => table),
    rule,
    count: ({ db }, { retention }) =>
      Promise.all(
        parts.map(async ({ table }) => {
          const sql = `SELECT COUNT(*) AS \`rows\` FROM ${table} WHERE conversation IN (
             SELECT conversation FROM conversations WHERE ${ended})`;
          return (await db.get<{ rows: number }>(sql, retention))!.rows;
        }),
      ),
    remove: async (context, { retention }, chunk) => {
      const gone = await holdEnded(context, { ended, order }, retention, chunk);
      const rows: number[] = [];
      for (const { table, index } of gone.length === 0 ? [] : parts) {
        const sql = `DELETE ${table} FROM ${table} FORCE INDEX (${index}) WHERE conversation IN (?)`;
        rows.push(await context.db.run(sql, gone));
      }
      return gone.length === 0 ? parts.map(() => 0) : rows;
    },
  };
}

async function holdEnded(
  { db }: MysqlContext,
  { ended, order }: { ended: string; order: string },
  retention: number,
  chunk: number,
): Promise<Buffer[]> {
  const found = await db.all<{ conversation: Buffer }>(
    `SELECT conversation FROM conversations WHERE ${ended} ORDER BY ${order} LIMIT ?`,
    retention,
    chunk,
  );
  if (found.length === 0) return [];
  const held = await db.all<{ conversation: Buffer }>(
    `SELECT conversation FROM conversations FORCE INDEX (PRIMARY) WHERE conversation IN (?) AND ${ended}
     FOR UPDATE SKIP LOCKED`,
    found.map(({ conversation }) => conversation),
    retention,
  );
  return held.map(({ conversation }) => conversation);
}
