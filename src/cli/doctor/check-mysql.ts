import { databaseName } from "../../../config/load-settings.ts";
import type { Settings } from "../../../config/settings.ts";
import { lackingPrivileges } from "../../store/mysql/inspect-privileges.ts";
import { inspectServer, type ServerFacts } from "../../store/mysql/inspect-server.ts";
import { databaseAdvice } from "../../server/database-advice.ts";
import { openDatabase } from "../../store/open-node-store.ts";
import { checkGrowth } from "./check-growth.ts";
import type { Finding } from "./finding.ts";

/** Beyond this, times of messages and of what is due would puzzle people. */
const clockApartMs = 2_000;
/** MariaDB's own default: a batch of large messages, or a commit with its Welcome, is one statement. */
const leastPacketBytes = 16 * 1024 * 1024;
const leastMariaDb = [10, 6];
const leastMysql = [8, 0];

/** A database that nodes share: whether it answers, what it is, and whether it keeps what it has accepted. */
export async function checkMysql(settings: Settings): Promise<Finding[]> {
  const name = databaseName(settings);
  try {
    const facts = await inspectServer(settings.DATABASE_URL);
    return [
      checkVersion(name, facts),
      ...checkDurability(facts),
      ...checkPacket(facts),
      checkClock(facts),
      await checkPrivileges(settings),
      ...(await checkSizes(name, settings)),
    ];
  } catch (error) {
    const code = (error as { code?: string }).code ?? "no reason given";
    const todo = databaseAdvice(code);
    return [{ check: "database", state: "bad", says: `${name} cannot be used (${code})`, todo }];
  }
}

function checkVersion(name: string, { version, isMariaDb }: ServerFacts): Finding {
  const least = isMariaDb ? leastMariaDb : leastMysql;
  const says = `${name}: ${isMariaDb ? "" : "MySQL "}${version}`;
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  const isEnough = major > least[0]! || (major === least[0] && minor >= least[1]!);
  if (isEnough) return { check: "database", state: "good", says };
  return { check: "database", state: "bad", says, todo: "MySQL 8 or MariaDB 10.6 and newer are needed" };
}

function checkDurability({ flushAtCommit, isSeenOnlyWhenDurable }: ServerFacts): Finding[] {
  if (flushAtCommit !== 1) {
    const says = `innodb_flush_log_at_trx_commit is ${flushAtCommit}: what was accepted can be lost when the machine stops`;
    return [{ check: "durable", state: "bad", says, todo: "set it to 1" }];
  }
  if (isSeenOnlyWhenDurable)
    return [{ check: "durable", state: "good", says: "accepted is on disk before it is seen" }];
  const says =
    "the binlog is off, or not written through: others may see a message for an instant before it is on disk";
  return [
    { check: "durable", state: "note", says, todo: "log_bin=ON and sync_binlog=1 rule that out, for one more flush" },
  ];
}

function checkPacket({ maxPacketBytes }: ServerFacts): Finding[] {
  if (maxPacketBytes >= leastPacketBytes) return [];
  const says = `max_allowed_packet is ${maxPacketBytes} bytes: large messages, and changes of large groups, can be refused`;
  return [{ check: "packet", state: "bad", says, todo: `set it to ${leastPacketBytes} or more` }];
}

function checkClock({ clockAheadMs }: ServerFacts): Finding {
  const says = `the database's clock is ${Math.abs(Math.round(clockAheadMs))} ms ${clockAheadMs < 0 ? "behind" : "ahead of"} this machine's`;
  if (Math.abs(clockAheadMs) < clockApartMs) return { check: "clock", state: "good", says };
  return { check: "clock", state: "note", says, todo: "let both follow the same time server" };
}

/** What lacks here shows when a migration or a purge stops half-way, maybe weeks after the start. */
async function checkPrivileges({ DATABASE_URL }: Settings): Promise<Finding> {
  const lacking = await lackingPrivileges(DATABASE_URL);
  if (lacking.length === 0) {
    return {
      check: "grants",
      state: "good",
      says: "the database's user may do what nodes, migrations and the purge do",
    };
  }
  const rights = lacking.join(", ");
  const schema = decodeURIComponent(new URL(DATABASE_URL).pathname.slice(1));
  return {
    check: "grants",
    state: "bad",
    says: `the database's user lacks ${rights}: nodes, migrations and the purge need it`,
    todo: `GRANT ${rights} ON \`${schema}\`.* TO the user that DATABASE_URL names`,
  };
}

async function checkSizes(name: string, settings: Settings): Promise<Finding[]> {
  const store = await openDatabase({ url: settings.DATABASE_URL, connections: 2 }, settings);
  try {
    const { conversations, messages, devices, due, bytes } = await store.measure();
    const says = `${conversations} conversations, ${messages} messages, ${devices} devices, ${due} to deliver, ${Math.ceil(bytes / 1024)} KiB`;
    const growth = await store.measureGrowth(await store.clock());
    const retentionDays = settings.HISTORY_RETENTION_DAYS;
    return [{ check: "database", state: "good", says }, checkGrowth({ growth, messages, bytes, retentionDays })];
  } catch {
    return [{ check: "database", state: "note", says: `${name} has no schema of this version`, todo: "sotto migrate" }];
  } finally {
    await store.close();
  }
}
