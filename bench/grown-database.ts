/**
 * A database that has been in use for long, made in minutes: conversations that were founded over a node are copied, row by row, as often
 * as it takes, with as much history as is asked for. A node cannot tell them from others; devices write on in them.
 */
import { createConnection, type Connection } from "mysql2/promise";
import { idToBytes, newId, type ConversationId } from "../src/protocol/ids.ts";
import { dayOf } from "../src/store/mysql/days.ts";
import type { MariaDbServer } from "../test/support/servers/mariadb-server.ts";

/** `messages`: of each copy, over the last `historyDays`. */
export interface Growth {
  copies: number;
  messages: number;
}

const historyDays = 30;
const payloadBytes = 700;
const rowsPerStatement = 50_000;
const conversationsPerStatement = 5_000;

/** Copies of a conversation that has its founding commit alone. Their ids; each has `messages + 1` entries, by the first device of its roster. */
export async function copyConversation(
  url: string,
  source: ConversationId,
  { copies, messages }: Growth,
): Promise<ConversationId[]> {
  const connection = await createConnection({ uri: url, multipleStatements: true });
  const ids = Array.from({ length: copies }, () => newId<ConversationId>());
  try {
    await connection.query("CREATE TEMPORARY TABLE copied (copy_id BINARY(16) PRIMARY KEY)");
    await connection.query("CREATE TEMPORARY TABLE numbers (n BIGINT PRIMARY KEY)");
    for (let from = 1; from <= messages; from += conversationsPerStatement) {
      const some = Array.from({ length: Math.min(conversationsPerStatement, messages - from + 1) }, (_, at) => [
        from + at,
      ]);
      await connection.query("INSERT INTO numbers (n) VALUES ?", [some]);
    }
    const perStatement =
      messages === 0 ? conversationsPerStatement : Math.max(1, Math.floor(rowsPerStatement / messages));
    for (let from = 0; from < copies; from += perStatement) {
      await copyInto(connection, source, ids.slice(from, from + perStatement), messages);
    }
  } finally {
    connection.destroy();
  }
  return ids;
}

/** Resolves when the database has written out what was copied, so that no round pays for it. */
export async function settled(server: MariaDbServer): Promise<void> {
  await server.query("SET GLOBAL innodb_max_dirty_pages_pct = 0");
  for (;;) {
    const [row] = (await server.query("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'")) as {
      Value: string;
    }[];
    if (Number(row!.Value) < 100) break;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await server.query("SET GLOBAL innodb_max_dirty_pages_pct = 90");
}

/** The buffer pool, and what the messages take up on disk: both in bytes. */
export async function sizesOf(server: MariaDbServer, url: string): Promise<{ pool: number; messages: number }> {
  const [pool] = (await server.query("SELECT @@innodb_buffer_pool_size AS bytes")) as { bytes: number }[];
  await server.query("ANALYZE TABLE messages", url);
  const [messages] = (await server.query(
    "SELECT data_length + index_length AS bytes FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'messages'",
    url,
  )) as { bytes: number }[];
  return { pool: Number(pool!.bytes), messages: Number(messages!.bytes) };
}

async function copyInto(
  connection: Connection,
  source: ConversationId,
  ids: readonly ConversationId[],
  messages: number,
): Promise<void> {
  const today = dayOf(Date.now());
  const first = messages === 0 ? today : today - historyDays + 1;
  /** The day of a message: evenly, the last ones today. */
  const day = messages === 0 ? String(today) : `${first} + FLOOR((n.n - 1) * ${historyDays} / ${messages})`;
  const firstToday = messages === 0 ? 1 : Math.ceil(((historyDays - 1) * messages) / historyDays) + 2;
  const from = Buffer.from(idToBytes(source));
  const copy = async (table: string, columns: string, changed = columns) => {
    const sql = `INSERT INTO ${table} (conversation, ${columns}) SELECT k.copy_id, ${changed} FROM copied k JOIN ${table} s ON s.conversation = ?`;
    await connection.query(sql, [from]);
  };
  await connection.query("START TRANSACTION");
  await connection.query("DELETE FROM copied");
  await connection.query("INSERT INTO copied (copy_id) VALUES ?", [ids.map((id) => [Buffer.from(idToBytes(id))])]);
  await copy(
    "conversations",
    `head, tail_day, tail_start, oldest_at, delivered_to_all, kind, generation, epoch, roster_epoch, floor, last_accepted_at, receipt_version,
     last_commit, run_user, run_start, created_at, opened_at`,
    `s.head + ${messages}, ${today}, ${firstToday}, s.oldest_at - ${(historyDays - 1) * 86_400_000}, s.head + ${messages}, kind, generation, epoch,
     roster_epoch, floor, last_accepted_at, receipt_version, last_commit, run_user, run_start, created_at, opened_at`,
  );
  await copy("rosters", "leaves");
  await copy(
    "members",
    "user, joined_sequence, delivered_sequence, missing, unopened",
    `user, joined_sequence, joined_sequence + ${messages}, missing, unopened`,
  );
  await copy(
    "conversation_devices",
    "device, user, joined_sequence, position, unopened, last_number, last_id, last_sequence",
    `device, user, joined_sequence, joined_sequence + ${messages}, unopened,
     IF(user = (SELECT run_user FROM conversations o WHERE o.conversation = s.conversation), ${messages}, 0), last_id, last_sequence`,
  );
  await copy("commits", "generation, epoch, sequence, day", `generation, epoch, sequence, ${first}`);
  const entry = "sequence, day, kind, generation, epoch, sender_user, sender_device, id, number, accepted_at, payload";
  await copy("messages", entry, entry.replace("day", String(first)));
  if (messages > 0) {
    await connection.query(
      `INSERT INTO messages (conversation, ${entry})
       SELECT k.copy_id, s.sequence + n.n, ${day}, 0, s.generation, 1, s.sender_user, s.sender_device,
         UNHEX(MD5(CONCAT(HEX(k.copy_id), n.n))), n.n, s.accepted_at, REPEAT(CHAR(RAND() * 255), ${payloadBytes})
       FROM copied k JOIN messages s ON s.conversation = ? JOIN numbers n ORDER BY k.copy_id, n.n`,
      [from],
    );
  }
  await connection.query("COMMIT");
}
