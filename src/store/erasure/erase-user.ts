/**
 * Takes a user out of a database, stage by stage, both stores alike:
 *
 *   devices: closed out, under the pseudonym ──▶ rest: the user's own rows ──▶ conversations: one by one ──▶ end: the name goes
 *      └──────────────────────────────(something has come meanwhile)◀────────────────────────────────────────┘
 * The name stands beside the pseudonym in one row, for as long as this takes: a run that broke off goes on by it.
 */
import type { Erasure, ErasurePlace, ErasureStep } from "../../actors/ports/store-erasure.ts";
import { isErasedUser } from "../../protocol/erased-users.ts";
import type { UserId } from "../../protocol/ids.ts";
import { heldTables } from "../held-about-a-user.ts";
import { eraseNextConversation, findAgain } from "./erase-conversation.ts";
import { change, rowsOf, type Dialect, type Plan } from "./plan.ts";
import { Tally } from "./tally.ts";

interface Run {
  dialect: Dialect;
  chunk: number;
  now: number;
}

/** What refers to a row goes before the row. */
const tables = Object.entries(heldTables).toReversed();

/** See `ErasureStore.beginErasure`. */
export function* beginErasure({ user, pseudonym }: Erasure, now: number): Plan<Erasure | undefined> {
  const open = yield* rowsOf<{ pseudonym: UserId }>("SELECT pseudonym FROM erasures WHERE user = ?", user);
  if (open[0]) return { user, pseudonym: open[0].pseudonym };
  if (isErasedUser(user) || !(yield* isHeld(user))) return undefined;
  yield* change("INSERT INTO erasures (pseudonym, user, begun_at) VALUES (?, ?, ?)", pseudonym, user, now);
  return { user, pseudonym };
}

/** See `ErasureStore.eraseStep`. */
export function* eraseStep(erasure: Erasure, place: ErasurePlace, run: Run): Plan<ErasureStep> {
  const tally = new Tally();
  if (place.stage === "devices") {
    yield* closeOutDevices(erasure, tally, run.now);
    return { rows: tally.rows, conversations: 0, next: { stage: "rest" } };
  }
  if (place.stage === "conversations") {
    const { isThrough, next } = yield* eraseNextConversation(erasure, place, tally, run);
    return { rows: tally.rows, conversations: isThrough ? 1 : 0, next };
  }
  if (place.stage === "rest") {
    const isDone = yield* eraseRest(erasure, tally, run);
    return { rows: tally.rows, conversations: 0, next: { stage: isDone ? "conversations" : "rest" } };
  }
  yield* findAgain(erasure);
  if (yield* isHeld(erasure.user)) return { rows: [], conversations: 0, next: { stage: "devices" } };
  const end = "UPDATE erasures SET user = NULL, erased_at = ? WHERE pseudonym = ? AND user = ?";
  yield* change(end, run.now, erasure.pseudonym, erasure.user);
  return { rows: [], conversations: 0, next: undefined };
}

/** From here on none of them is let in or heard; what else is done meets nobody who goes on writing. */
function* closeOutDevices({ user, pseudonym }: Erasure, tally: Tally, now: number): Plan<void> {
  const devices = yield* rowsOf("SELECT 1 AS found FROM devices WHERE user = ? LIMIT 1", user);
  const lists = yield* rowsOf("SELECT 1 AS found FROM device_lists WHERE user = ?", pseudonym);
  if (devices.length > 0 && lists.length === 0) {
    // What devices refer to, without a key or an entry, for those would lead back to the name.
    const list = "INSERT INTO device_lists (user, account_key, version, head) VALUES (?, ?, 0, ?)";
    yield* change(list, pseudonym, new Uint8Array(0), new Uint8Array(0));
  }
  const sql = "UPDATE devices SET user = ?, revoked_at = ?, added_version = 0, inbox_position = 0 WHERE user = ?";
  tally.kept("devices", yield* change(sql, pseudonym, now, user));
  // What was not there in full is part of no message.
  const unfinished = "UPDATE blobs SET expires_at = ? WHERE user = ? AND received < size AND expires_at > ?";
  yield* change(unfinished, now, user, now);
}

/** Whether all of it is done: what is the user's alone, in about `chunk` rows. */
function* eraseRest(erasure: Erasure, tally: Tally, { chunk }: Run): Plan<boolean> {
  let done = 0;
  for (const [table, held] of tables) {
    if (done < chunk && held.erased !== "by-conversation")
      done += yield* eraseRows(erasure, table, chunk - done, tally);
  }
  if (done >= chunk) return false;
  tally.deleted("blocks", yield* change("DELETE FROM blocks WHERE blocked = ?", erasure.user));
  return true;
}

/** Answers how many rows it found. */
function* eraseRows({ user, pseudonym }: Erasure, table: string, limit: number, tally: Tally): Plan<number> {
  const { where, key, erased } = heldTables[table]!;
  const users = usersIn(where, erased === "gone-with-devices" ? pseudonym : user);
  type Key = Record<string, string | number | Uint8Array>;
  const find = `SELECT ${key.join(", ")} FROM ${table} WHERE ${where} LIMIT ?`;
  const rows = yield* rowsOf<Key>(find, ...users, limit);
  const isThis = `${where} AND ${key.map((column) => `${column} = ?`).join(" AND ")}`;
  for (const row of rows) {
    const which = [...users, ...key.map((column) => row[column]!)];
    if (typeof erased === "string") {
      tally.deleted(table, yield* change(`DELETE FROM ${table} WHERE ${isThis}`, ...which));
      continue;
    }
    const rename = `UPDATE ${table} SET ${erased.renamed} = ? WHERE ${isThis}`;
    tally.kept(table, yield* change(rename, pseudonym, ...which));
  }
  return rows.length;
}

function* isHeld(user: UserId): Plan<boolean> {
  // In the order of the list: the first tables are asked by key.
  for (const [table, { where }] of Object.entries(heldTables)) {
    const found = yield* rowsOf(`SELECT 1 AS found FROM ${table} WHERE ${where} LIMIT 1`, ...usersIn(where, user));
    if (found.length > 0) return true;
  }
  const blocked = yield* rowsOf("SELECT 1 AS found FROM blocks WHERE blocked = ? LIMIT 1", user);
  return blocked.length > 0;
}

const usersIn = (where: string, user: UserId): UserId[] => Array.from(where.matchAll(/\?/g), () => user);
