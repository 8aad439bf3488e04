import { dashedId } from "./kept-entries.ts";
import { NodeProcess } from "./node-process.ts";
import { MariaDbServer } from "./servers/mariadb-server.ts";
import { RedisServer } from "./servers/redis-server.ts";

/** `id` and `conversation` in upper-case hex. */
export interface LogRow {
  conversation: string;
  sequence: number;
  id: string;
  kind: number;
}

type ProcessName = `node_${number}` | `worker_${number}`;

/** A transaction: waits for a row that another holds, or for the word of its process, or works. */
export interface OpenTransaction {
  id: string;
  state: "waiting" | "idle" | "working";
}

/** Nodes and workers as processes, with a Redis and a MariaDB of their own: what an operator runs, on one machine. */
export class Cluster {
  readonly database: MariaDbServer;
  readonly redis: RedisServer;
  readonly databaseUrl: string;
  readonly nodes: NodeProcess[] = [];
  readonly workers: NodeProcess[] = [];
  private readonly settings: Record<string, string>;

  private constructor(database: MariaDbServer, redis: RedisServer, databaseUrl: string, more: Record<string, string>) {
    this.database = database;
    this.redis = redis;
    this.databaseUrl = databaseUrl;
    this.settings = {
      REDIS_URL: redis.url,
      HOST: "127.0.0.1",
      DRAIN_SECONDS: "4",
      DRAIN_NOTICE_SECONDS: "0",
      ...more,
    };
  }

  static async start(
    options: { nodes?: number; workers?: number; settings?: Record<string, string> } = {},
  ): Promise<Cluster> {
    const [database, redis] = await Promise.all([MariaDbServer.start(), RedisServer.start()]);
    const cluster = new Cluster(database, redis, await database.newDatabase(), options.settings ?? {});
    try {
      const start = async (command: "start" | "worker", index: number) =>
        NodeProcess.start({ ...cluster.settings, DATABASE_URL: await cluster.urlFor(command, index) }, command);
      // The first one migrates; the others find it done.
      cluster.nodes.push(await start("start", 0));
      const others = Array.from({ length: (options.nodes ?? 3) - 1 }, (_, index) => start("start", index + 1));
      const workers = Array.from({ length: options.workers ?? 2 }, (_, index) => start("worker", index));
      cluster.nodes.push(...(await Promise.all(others)));
      cluster.workers.push(...(await Promise.all(workers)));
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  /** What the processes have said of errors that nobody caught. */
  get unhandled(): string[] {
    const lines = [...this.nodes, ...this.workers].flatMap(({ logs }) => logs.split("\n"));
    return lines.filter((line) => /rejection-unhandled|node\.crashed/.test(line));
  }

  /** All log entries, in order. */
  async log(): Promise<LogRow[]> {
    const rows = await this.database.query(
      "SELECT HEX(conversation) AS conversation, sequence, HEX(id) AS id, kind FROM messages ORDER BY conversation, sequence",
      this.databaseUrl,
    );
    return rows as LogRow[];
  }

  /** Up to where each device has acked; of its one conversation. */
  async positions(): Promise<Map<string, number>> {
    const rows = await this.database.query(
      "SELECT LOWER(HEX(device)) AS device, MAX(position) AS position FROM conversation_devices GROUP BY device",
      this.databaseUrl,
    );
    const all = rows as { device: string; position: number }[];
    return new Map(all.map(({ device, position }) => [dashedId(device), Number(position)]));
  }

  /** Those of one process that hold rows. The server looks anew only when nobody asked for 100 ms: so it takes that long. */
  async transactionsOf(name: ProcessName): Promise<OpenTransaction[]> {
    await new Promise((resolve) => setTimeout(resolve, 120));
    const rows = await this.database.query(
      `SELECT CAST(t.trx_id AS CHAR) AS id,
         IF(t.trx_state = 'LOCK WAIT', 'waiting', IF(p.command = 'Sleep', 'idle', 'working')) AS state
       FROM information_schema.innodb_trx t JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
       WHERE p.user = '${name}' AND t.trx_rows_locked > 0`,
    );
    return rows as OpenTransaction[];
  }

  async close(): Promise<void> {
    // In good order, which is tried by it, too: every process ends by itself, and in time.
    const ended = await Promise.all([...this.nodes, ...this.workers].map((process) => process.stop()));
    await Promise.all([...this.nodes, ...this.workers].map((process) => process.close()));
    await Promise.all([this.database.end(), this.redis.end()]);
    if (ended.some((status) => status !== 0)) throw new Error(`Processes ended badly: ${ended.join(", ")}`);
  }

  /** The database's URL for a process under a name of its own, by which the server tells whose transaction is whose. */
  private async urlFor(command: "start" | "worker", index: number): Promise<string> {
    const name: ProcessName = command === "start" ? `node_${index}` : `worker_${index}`;
    await this.database.query(`CREATE USER ${name}@'127.0.0.1'`);
    await this.database.query(`GRANT ALL ON *.* TO ${name}@'127.0.0.1'`);
    return this.databaseUrl.replace("root@", `${name}@`);
  }
}
