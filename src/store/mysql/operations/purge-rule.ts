/**
 * What a rule of the purge is, and the one that most are: rows that a condition finds. Nothing is locked that does not go: keys
 * are found by a plain read, then their rows are held one by one, those that somebody else holds left out, and looked at again.
 */
import type { MysqlConnection, MysqlContext, MysqlValue } from "../mysql-context.ts";

/** The times before which things have had their end. */
export interface Cutoffs {
  now: number;
  retention: number;
  /** The retention's day: all days before it are past. */
  retentionDay: number;
  undelivered: number;
  receipts: number;
  blobs: number;
}

/**
 * How rows end. Both answer numbers of rows, table by table. `remove`: one step, in one transaction of its own: about `chunk`
 * rows at the most; 0 of each when nothing is left, or nothing that is free. Rows that stay have a reason instead.
 */
export type PurgeRule = { tables: readonly string[]; rule: string } & (
  | { kept: true }
  | {
      count(context: MysqlContext, cutoffs: Cutoffs): Promise<number[]>;
      remove(context: MysqlContext, cutoffs: Cutoffs, chunk: number): Promise<number[]>;
    }
);

type Key = Record<string, MysqlValue>;

interface EndingRows {
  table: string;
  /** The columns of its primary key. */
  key: readonly string[];
  /** `?` is the cutoff. Like all parts a constant of this folder. */
  condition: string;
  at: keyof Cutoffs;
  rule: string;
  /** Holds what must not change while it is decided, and answers for which keys that worked. */
  hold?: (db: MysqlConnection, keys: readonly Key[]) => Promise<Key[]>;
}

export function rowsWhere({ table, key, condition, at, rule, hold }: EndingRows): PurgeRule {
  const columns = key.join(", ");
  // The optimizer would rather read a small table whole, and wait for rows that are not among these.
  const byKey = `${table} FORCE INDEX (PRIMARY)`;
  const among = (keys: readonly Key[]) =>
    `(${keys.map(() => `(${key.map((column) => `${column} = ?`).join(" AND ")})`).join(" OR ")})`;
  const valuesOf = (keys: readonly Key[]) => keys.flatMap((each) => key.map((column) => each[column]!));
  return {
    tables: [table],
    rule,
    count: async ({ db }, cutoffs) => {
      const sql = `SELECT COUNT(*) AS \`rows\` FROM ${table} WHERE ${condition}`;
      return [(await db.get<{ rows: number }>(sql, cutoffs[at]))!.rows];
    },
    remove: async ({ db }, cutoffs, chunk) => {
      const find = `SELECT ${columns} FROM ${table} WHERE ${condition} LIMIT ?`;
      const found = await db.all<Key>(find, cutoffs[at], chunk);
      const decidable = hold && found.length > 0 ? await hold(db, found) : found;
      if (decidable.length === 0) return [0];
      const take = `SELECT ${columns} FROM ${byKey} WHERE ${among(decidable)} FOR UPDATE SKIP LOCKED`;
      const held = await db.all<Key>(take, ...valuesOf(decidable));
      if (held.length === 0) return [0];
      const lookAgain = `SELECT ${columns} FROM ${byKey} WHERE ${among(held)} AND (${condition})`;
      const ended = await db.all<Key>(lookAgain, ...valuesOf(held), cutoffs[at]);
      if (ended.length === 0) return [0];
      return [await db.run(`DELETE ${table} FROM ${byKey} WHERE ${among(ended)}`, ...valuesOf(ended))];
    },
  };
}

export const kept = (table: string, rule: string): PurgeRule => ({
  tables: [table],
  rule: `kept: ${rule}`,
  kept: true,
});
