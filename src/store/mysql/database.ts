/**
 * Connections to one MySQL or MariaDB, and transactions on them. Owns the session's settings, the database's clock and what
 * happens when two transactions meet. Invariants: writes run at READ COMMITTED; a connection that waits inside a transaction
 * for 5 s is ended by the server, so that a frozen process lets its row locks go.
 */
import { createPool, type Pool, type PoolConnection } from "mysql2/promise";
import { SottoError } from "../../protocol/errors.ts";
import { asFirst, faultOf, isPassing } from "./faults.ts";
import { MysqlConnection, type MysqlContext } from "./mysql-context.ts";

export interface DatabaseOptions {
  url: string;
  connections: number;
  /** Calls that may wait for a connection. */
  waitingCalls: number;
  retentionMs: number;
  undeliveredTtlMs: number;
  answerWithinMs?: number;
}

/** Shorter than the server's own patience below: an idle connection is given back before it is taken away. */
const idleMs = 2_000;
const session = `SET SESSION wait_timeout = 5, SESSION innodb_lock_wait_timeout = 2,
  SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'; SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED`;
export const clockColumn = "ROUND(UNIX_TIMESTAMP(NOW(3)) * 1000)";
const attemptsAtMost = 6;
/** For one transaction, or one read: a connection that has gone silent is given up, and its place in the pool with it. */
const defaultAnswerWithinMs = 12_000;
const endWithinMs = 5_000;
const keepAliveAfterMs = 10_000;

export class Database {
  private readonly pool: Pool;
  private readonly options: DatabaseOptions;
  private readonly answerWithinMs: number;
  /** The database's clock when it was last read, and ours (monotonic) in that moment. */
  private clock: { theirs: number; ours: number } | undefined;

  constructor(options: DatabaseOptions) {
    this.options = options;
    this.answerWithinMs = options.answerWithinMs ?? defaultAnswerWithinMs;
    this.pool = createPool({
      uri: options.url,
      connectionLimit: options.connections,
      queueLimit: options.waitingCalls,
      maxIdle: 0,
      idleTimeout: idleMs,
      connectTimeout: 5_000,
      enableKeepAlive: true,
      keepAliveInitialDelay: keepAliveAfterMs,
      multipleStatements: true,
      supportBigNumbers: true,
      decimalNumbers: true,
      stringifyObjects: true,
    });
    // The first statements of a connection: whoever it is given to comes after them.
    this.pool.pool.on("connection", (connection) => {
      connection.query(session, () => undefined);
      // Where the server takes the connection away, its next user hears of it; nobody else has to.
      connection.on("error", () => undefined);
    });
  }

  /** One read, outside of any transaction: each statement sees what was committed before it. */
  async read<Result>(body: (context: MysqlContext) => Promise<Result>): Promise<Result> {
    try {
      const connection = await this.pool.getConnection();
      return await this.useOnce(connection, this.answerWithinMs, async () => {
        const db = new MysqlConnection(connection);
        return body(this.contextOf(db, await this.now(db)));
      });
    } catch (error) {
      throw faultOf(error);
    }
  }

  /** One transaction: all of `body`, durable when this resolves, or nothing. It may run more than once. */
  async write<Result>(body: (context: MysqlContext) => Promise<Result>): Promise<Result> {
    return this.withConnection((connection) => this.transact(connection, body));
  }

  /**
   * A connection for somebody who begins and ends transactions by themselves. Passing faults are tried again. Throws `unavailable`
   * when the database has not answered within `limitMs`.
   */
  async withConnection<Result>(
    body: (connection: PoolConnection) => Promise<Result>,
    { limitMs = this.answerWithinMs }: { limitMs?: number } = {},
  ): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const connection = await this.pool.getConnection();
        return await this.useOnce(connection, limitMs, () => body(connection));
      } catch (error) {
        if (!isPassing(error) || attempt >= attemptsAtMost) throw faultOf(error);
        await new Promise((resolve) => setTimeout(resolve, 2 ** attempt * (1 + Math.random())));
      }
    }
  }

  /** Notes what the database's clock said a moment ago. */
  noteClock(theirs: number): void {
    this.clock = { theirs, ours: performance.now() };
  }

  contextOf(db: MysqlConnection, now: number): MysqlContext {
    const { retentionMs, undeliveredTtlMs } = this.options;
    return { db, now, retentionMs, undeliveredTtlMs };
  }

  /** The database's clock, to a few milliseconds; asked for when it was not heard of for a while. */
  private async now(db: MysqlConnection): Promise<number> {
    const heard = this.clock;
    if (heard && performance.now() - heard.ours < 10_000) {
      return Math.round(heard.theirs + performance.now() - heard.ours);
    }
    const { now } = (await db.get<{ now: number }>(`SELECT ${clockColumn} AS now`))!;
    this.noteClock(now);
    return now;
  }

  /** Connections that do not take their leave within some seconds are left to the server. */
  async close(): Promise<void> {
    await within(endWithinMs, this.pool.end()).catch(() => undefined);
  }

  /** Gives the connection back, or up. */
  private async useOnce<Result>(
    connection: PoolConnection,
    limitMs: number,
    body: () => Promise<Result>,
  ): Promise<Result> {
    try {
      const result = await within(limitMs, body());
      connection.release();
      return result;
    } catch (error) {
      // Whatever it was in the middle of: a rollback that cannot be sent is the server's to make.
      const isSilent = error instanceof NoAnswer;
      const isRolledBack = !isSilent && (await within(endWithinMs, connection.query("ROLLBACK")).then(yes, no));
      if (isRolledBack) connection.release();
      else connection.destroy();
      throw isSilent ? new SottoError("unavailable", { cause: error }) : error;
    }
  }

  private async transact<Result>(
    connection: PoolConnection,
    body: (context: MysqlContext) => Promise<Result>,
  ): Promise<Result> {
    const db = new MysqlConnection(connection);
    const [, rows] = await asFirst(db.many(`START TRANSACTION; SELECT ${clockColumn} AS now`));
    const { now } = (rows as [{ now: number }])[0];
    this.noteClock(now);
    const result = await body(this.contextOf(db, now));
    await connection.query("COMMIT");
    return result;
  }
}

class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

const yes = () => true;
const no = () => false;

/** Rejects with `NoAnswer` when the work takes longer. */
async function within<Result>(limitMs: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswer()), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
