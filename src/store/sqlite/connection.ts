import { openDriver, type SqlDriver, type SqlStatement, type SqlValue } from "./driver.ts";

/** One open database with its prepared statements, each compiled once. Not to be shared between threads. */
export class Connection {
  readonly #driver: SqlDriver;
  readonly #statements = new Map<string, SqlStatement>();
  /** Apart from the others: of libsql's, one that found no row by `all` finds none by the next `get`, whatever is there. */
  readonly #listing = new Map<string, SqlStatement>();

  constructor(file: string, busyTimeoutMs: number) {
    this.#driver = openDriver(file);
    // First of all, so that two processes that open the file at once wait for each other.
    this.#driver.prepare(`PRAGMA busy_timeout = ${Math.trunc(busyTimeoutMs)}`).all([]);
    this.#driver.prepare("PRAGMA journal_mode = WAL").all([]);
    this.#driver.exec(`
      PRAGMA synchronous = FULL;
      PRAGMA foreign_keys = ON;
      PRAGMA secure_delete = ON;
      PRAGMA temp_store = MEMORY;
      PRAGMA cache_size = -65536;
    `);
    // 16 MB between checkpoints: each of them costs two flushes more.
    this.#driver.prepare("PRAGMA wal_autocheckpoint = 4000").all([]);
    this.#driver.prepare("PRAGMA journal_size_limit = 67108864").all([]);
  }

  get driverName(): string {
    return this.#driver.name;
  }

  exec(sql: string): void {
    this.#driver.exec(sql);
  }

  run(sql: string, ...parameters: SqlValue[]): number {
    return this.#prepared(this.#statements, sql).run(parameters);
  }

  /** The row's shape is the caller's word: it stands beside the SQL. */
  get<Row>(sql: string, ...parameters: SqlValue[]): Row | undefined {
    return this.#prepared(this.#statements, sql).get(parameters) as Row | undefined;
  }

  all<Row>(sql: string, ...parameters: SqlValue[]): Row[] {
    return this.#prepared(this.#listing, sql).all(parameters) as Row[];
  }

  close(): void {
    this.#statements.clear();
    this.#listing.clear();
    this.#driver.close();
  }

  #prepared(statements: Map<string, SqlStatement>, sql: string): SqlStatement {
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = this.#driver.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  }
}
