import { createRequire } from "node:module";

/** What may stand in a column or a parameter. Booleans travel as 0 and 1. */
export type SqlValue = string | number | null | Uint8Array;
export type SqlRow = Record<string, SqlValue>;

export interface SqlStatement {
  /** How many rows it changed. */
  run(parameters: readonly SqlValue[]): number;
  get(parameters: readonly SqlValue[]): SqlRow | undefined;
  all(parameters: readonly SqlValue[]): SqlRow[];
}

/** The little that the store needs of a SQLite library. Every call blocks its thread. */
export interface SqlDriver {
  readonly name: "node:sqlite" | "libsql";
  exec(sql: string): void;
  prepare(sql: string): SqlStatement;
  close(): void;
}

/** As `node:sqlite` has it; this Node's types may be older than the module. */
interface NodeSqlite {
  DatabaseSync: new (file: string) => {
    exec(sql: string): void;
    prepare(sql: string): {
      run(...parameters: SqlValue[]): { changes: number | bigint };
      get(...parameters: SqlValue[]): SqlRow | undefined;
      all(...parameters: SqlValue[]): SqlRow[];
    };
    close(): void;
  };
}

type LibsqlRow = Record<string, SqlValue | ArrayBuffer>;
interface Libsql {
  new (file: string): {
    exec(sql: string): void;
    prepare(sql: string): {
      run(parameters: readonly SqlValue[]): { changes: number };
      get(parameters: readonly SqlValue[]): LibsqlRow | undefined;
      all(parameters: readonly SqlValue[]): LibsqlRow[];
    };
    close(): void;
  };
}

const require = createRequire(import.meta.url);

/** Opens a file with `node:sqlite` where this Node has it (22.13), else with libsql. */
export function openDriver(file: string): SqlDriver {
  const builtIn = loadNodeSqlite();
  return builtIn === undefined ? openLibsql(file) : openNodeSqlite(builtIn, file);
}

function loadNodeSqlite(): NodeSqlite | undefined {
  try {
    return require("node:sqlite") as NodeSqlite;
  } catch {
    return undefined;
  }
}

function openNodeSqlite(library: NodeSqlite, file: string): SqlDriver {
  const database = new library.DatabaseSync(file);
  return {
    name: "node:sqlite",
    exec: (sql) => database.exec(sql),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        run: (parameters) => Number(statement.run(...parameters).changes),
        get: (parameters) => statement.get(...parameters),
        all: (parameters) => statement.all(...parameters),
      };
    },
    close: () => database.close(),
  };
}

function openLibsql(file: string): SqlDriver {
  const database = new (require("libsql") as Libsql)(file);
  return {
    name: "libsql",
    exec: (sql) => database.exec(sql),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        run: (parameters) => statement.run(parameters).changes,
        get: (parameters) => statement.get(parameters) as SqlRow | undefined,
        all: (parameters) => statement.all(parameters).map(withBytes),
      };
    },
    close: () => database.close(),
  };
}

/** libsql gives blobs as ArrayBuffer from `all`. */
function withBytes(row: LibsqlRow): SqlRow {
  for (const column in row) {
    const value = row[column];
    if (value instanceof ArrayBuffer) row[column] = new Uint8Array(value);
  }
  return row as SqlRow;
}
