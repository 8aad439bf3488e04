import type { ResultSetHeader } from "mysql2";
import type { Pool, PoolConnection } from "mysql2/promise";

export type MysqlValue = string | number | null | Uint8Array | readonly MysqlValue[];

/** Statements on one connection, or on any that is free. Values are escaped by the driver; an array spells out an `IN (?)`. */
export class MysqlConnection {
  readonly #raw: Pool | PoolConnection;

  constructor(raw: Pool | PoolConnection) {
    this.#raw = raw;
  }

  async get<Row>(sql: string, ...parameters: readonly MysqlValue[]): Promise<Row | undefined> {
    const [row] = await this.all<Row>(sql, ...parameters);
    return row;
  }

  /** The rows' shape is the caller's word: it stands beside the SQL. */
  async all<Row>(sql: string, ...parameters: readonly MysqlValue[]): Promise<Row[]> {
    const [rows] = await this.#raw.query(sql, parameters.map(plain));
    return rows as Row[];
  }

  /** Answers how many rows it touched: for an UPDATE those that it found, changed or not; for an INSERT IGNORE 1 or 0. */
  async run(sql: string, ...parameters: readonly MysqlValue[]): Promise<number> {
    const [result] = await this.#raw.query(sql, parameters.map(plain));
    return (result as ResultSetHeader).affectedRows;
  }

  /** Several statements in one packet; their results in order. */
  async many(sql: string, ...parameters: readonly MysqlValue[]): Promise<unknown[]> {
    const [results] = await this.#raw.query(sql, parameters.map(plain));
    return results as unknown[];
  }
}

/** The driver writes a Buffer as bytes, and any other array as a list. */
function plain(value: MysqlValue): unknown {
  if (value instanceof Uint8Array) {
    return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  return Array.isArray(value) ? value.map(plain) : value;
}

/** What an operation works with: a connection (inside a transaction at READ COMMITTED, where it writes) and the time. */
export interface MysqlContext {
  readonly db: MysqlConnection;
  /** Milliseconds since 1970 by the database's clock. */
  readonly now: number;
  readonly retentionMs: number;
  readonly undeliveredTtlMs: number;
}
