import { createConnection } from "mysql2/promise";

/** What a MySQL or MariaDB server says about itself, as far as Sotto's promises stand on it. */
export interface ServerFacts {
  /** As the server names itself: `10.11.6-MariaDB`, `8.0.39`. */
  version: string;
  isMariaDb: boolean;
  /** 1: a commit is on disk before it is answered. */
  flushAtCommit: number;
  /** A row is seen by others only when its commit is durable: the binlog is on, and written through at each commit. */
  isSeenOnlyWhenDurable: boolean;
  maxConnections: number;
  /** The largest statement that it takes, in bytes. */
  maxPacketBytes: number;
  /** The server's clock minus ours, in milliseconds; half of the way there and back is taken off. */
  clockAheadMs: number;
}

const answerWithinMs = 5_000;

/** Asks a server once. Throws what the driver throws: it has a `code`. */
export async function inspectServer(url: string): Promise<ServerFacts> {
  const connection = await createConnection({ uri: url, connectTimeout: answerWithinMs });
  try {
    const variables = await readVariables(connection);
    const askedAt = Date.now();
    const [rows] = await connection.query("SELECT ROUND(UNIX_TIMESTAMP(NOW(3)) * 1000) AS now");
    const answeredAt = Date.now();
    const version = variables.get("version") ?? "";
    return {
      version,
      isMariaDb: /mariadb/i.test(version),
      flushAtCommit: Number(variables.get("innodb_flush_log_at_trx_commit")),
      isSeenOnlyWhenDurable: variables.get("log_bin") === "ON" && variables.get("sync_binlog") === "1",
      maxConnections: Number(variables.get("max_connections")),
      maxPacketBytes: Number(variables.get("max_allowed_packet")),
      clockAheadMs: Number((rows as [{ now: number | string }])[0].now) - (askedAt + answeredAt) / 2,
    };
  } finally {
    connection.destroy();
  }
}

async function readVariables(connection: Awaited<ReturnType<typeof createConnection>>): Promise<Map<string, string>> {
  const durable = ["innodb_flush_log_at_trx_commit", "log_bin", "sync_binlog"];
  const names = ["version", ...durable, "max_connections", "max_allowed_packet"];
  const [rows] = await connection.query("SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)", [names]);
  return new Map((rows as { Variable_name: string; Value: string }[]).map((row) => [row.Variable_name, row.Value]));
}
