/**
 * One conversation without the name: its log first, some entries at a time, then all the rest at once. The user's row goes on under the
 * pseudonym, so that the other side of a direct, and the members of a group whose tree still has the leaves, see that somebody was erased;
 * it holds no delivery back. A conversation that nobody is left to read goes whole.
 */
import type { Erasure, ErasurePlace } from "../../actors/ports/store-erasure.ts";
import type { ConversationId, UserId } from "../../protocol/ids.ts";
import { idOf } from "../blobs.ts";
import { eraseInLog } from "./erase-log.ts";
import { change, places, rowsOf, type Dialect, type Plan } from "./plan.ts";
import { removeConversation } from "./remove-conversation.ts";
import type { Tally } from "./tally.ts";

interface Parts {
  erasure: Erasure;
  /** 16 bytes. */
  conversation: Uint8Array;
  tally: Tally;
  now: number;
}

export interface Progress {
  /** Whether a conversation is done with. */
  isThrough: boolean;
  next: ErasurePlace;
}

type Place = Extract<ErasurePlace, { stage: "conversations" }>;
interface Run {
  dialect: Dialect;
  chunk: number;
  now: number;
}

/** A step in the next conversation that the user is named in. */
export function* eraseNextConversation(erasure: Erasure, { log }: Place, tally: Tally, run: Run): Plan<Progress> {
  const { dialect, chunk, now } = run;
  const [next] = yield* rowsOf<{ conversation: Uint8Array }>(
    "SELECT conversation FROM members WHERE user = ? ORDER BY conversation LIMIT 1",
    erasure.user,
  );
  if (next === undefined) return { isThrough: false, next: { stage: "end" } };
  const { conversation } = next;
  const id = idOf<ConversationId>(conversation);
  const [row] = yield* rowsOf<{ kind: string; generation: number; head: number }>(
    `SELECT kind, generation, head FROM conversations WHERE conversation = ? ${dialect.hold}`,
    conversation,
  );
  const parts = { erasure, conversation, tally, now };
  const again: Place = { stage: "conversations" };
  if (row === undefined || row.generation === 0 || !(yield* hasOthers(parts))) {
    const isGone = yield* removeConversation({ conversation, ...erasure }, tally, run);
    return { isThrough: isGone, next: again };
  }
  const after = log?.conversation === id ? log.after : 0;
  const { head } = row;
  const reached = yield* eraseInLog(erasure, { conversation: id, after, head }, chunk, tally);
  if (reached !== undefined) return { isThrough: false, next: { ...again, log: { conversation: id, after: reached } } };
  yield* deleteRows(parts);
  yield* deleteWordsOfDevices(parts);
  if (row.kind === "direct") yield* renameInDirect(parts);
  else yield* renameInGroup(parts);
  if (dialect.hasRuns) yield* renameRun(parts);
  yield* renameMember(parts);
  return { isThrough: true, next: again };
}

/** Groups whose policy names the user again, by a commit that was judged before the name was taken out: they are gone through once more. */
export function* findAgain({ user, pseudonym }: Erasure): Plan<number> {
  const named = yield* rowsOf<{ conversation: Uint8Array }>(
    `SELECT m.conversation FROM members m JOIN conversation_groups g ON g.conversation = m.conversation
     WHERE m.user = ? AND instr(g.policy, ?) > 0`,
    pseudonym,
    `"user":${JSON.stringify(user)}`,
  );
  const sql = "UPDATE members SET user = ? WHERE conversation = ? AND user = ?";
  for (const { conversation } of named) yield* change(sql, user, conversation, pseudonym);
  return named.length;
}

/** Somebody who is, or was, in it and has not been erased. */
function* hasOthers({ erasure, conversation }: Parts): Plan<boolean> {
  const others = yield* rowsOf(
    `SELECT 1 AS found FROM members m WHERE m.conversation = ? AND m.user <> ?
       AND NOT EXISTS (SELECT 1 FROM erasures e WHERE e.pseudonym = m.user) LIMIT 1`,
    conversation,
    erasure.user,
  );
  return others.length > 0;
}

/** What was the user's own there. */
function* deleteRows({ erasure, conversation, tally }: Parts): Plan<void> {
  for (const table of ["receipts", "history_keys", "history_shares", "readd_requests", "conversation_devices"]) {
    const sql = `DELETE FROM ${table} WHERE conversation = ? AND user = ?`;
    tally.deleted(table, yield* change(sql, conversation, erasure.user));
  }
}

/** What the user's devices asked of others, and let others do: that stays, without who let it. */
function* deleteWordsOfDevices({ erasure, conversation, tally }: Parts): Plan<void> {
  const rows = yield* rowsOf<{ device: Uint8Array }>("SELECT device FROM devices WHERE user = ?", erasure.pseudonym);
  if (rows.length === 0) return;
  const devices = rows.map(({ device }) => device);
  const requests = `DELETE FROM inbox WHERE conversation = ? AND kind = 2 AND subject IN (${places(devices)})`;
  tally.deleted("inbox", yield* change(requests, conversation, ...devices));
  const shares = `UPDATE history_shares SET device = ?, signature = ? WHERE conversation = ? AND device IN (${places(devices)})`;
  const [nobody, unsigned] = [new Uint8Array(16), new Uint8Array(64)];
  tally.kept("history_shares", yield* change(shares, nobody, unsigned, conversation, ...devices));
}

/** To the other side it is as if it were blocked: nothing is taken in here any more. */
function* renameInDirect({ erasure, conversation, tally, now }: Parts): Plan<void> {
  const { user, pseudonym } = erasure;
  const [pair] = yield* rowsOf<{ a: UserId; b: UserId }>(
    "SELECT user_a AS a, user_b AS b FROM directs WHERE conversation = ?",
    conversation,
  );
  if (pair === undefined) return;
  const other = pair.a === user ? pair.b : pair.a;
  const [first, second] = [pseudonym, other].toSorted();
  const rename = "UPDATE directs SET user_a = ?, user_b = ? WHERE conversation = ?";
  tally.kept("directs", yield* change(rename, first!, second!, conversation));
  yield* change("INSERT INTO blocks (user, blocked, at) VALUES (?, ?, ?)", pseudonym, other, now);
}

function* renameInGroup({ erasure, conversation, tally }: Parts): Plan<void> {
  const { user, pseudonym } = erasure;
  const members = "UPDATE group_members SET user = ? WHERE conversation = ? AND user = ?";
  tally.kept("group_members", yield* change(members, pseudonym, conversation, user));
  const [row] = yield* rowsOf<{ creator: UserId; policy: string | null; leavers: string }>(
    "SELECT creator, policy, leavers FROM conversation_groups WHERE conversation = ?",
    conversation,
  );
  if (row === undefined) return;
  const renamed = (one: UserId): UserId => (one === user ? pseudonym : one);
  const leavers = (JSON.parse(row.leavers) as UserId[]).map(renamed);
  const rename = "UPDATE conversation_groups SET creator = ?, policy = ?, leavers = ? WHERE conversation = ?";
  const policy = row.policy === null ? null : withRenamedRoles(row.policy, renamed);
  const rows = yield* change(rename, renamed(row.creator), policy, JSON.stringify(leavers), conversation);
  tally.kept("conversation_groups", rows);
}

/** The roles stay in the order that policies have. */
function withRenamedRoles(policy: string, renamed: (user: UserId) => UserId): string {
  const { roles, ...others } = JSON.parse(policy) as { roles: { user: UserId; role: string }[] };
  const after = roles.map((holder) => ({ ...holder, user: renamed(holder.user) }));
  return JSON.stringify({ roles: after.toSorted((one, other) => (one.user < other.user ? -1 : 1)), ...others });
}

function* renameRun({ erasure, conversation }: Parts): Plan<void> {
  const sql = "UPDATE conversations SET run_user = ? WHERE conversation = ? AND run_user = ?";
  yield* change(sql, erasure.pseudonym, conversation, erasure.user);
}

/** Last of all: by this row the conversation is found. Without a join nothing is waited for, nor said of what was read. */
function* renameMember({ erasure, conversation, tally }: Parts): Plan<void> {
  const rows = yield* change(
    `UPDATE members SET user = ?, joined_sequence = NULL, delivered_sequence = 0, missing = '[]', unopened = '[]',
       expired_sequence = 0, expired_version = 0, read_sequence = 0, read_at = 0, read_device = NULL, read_log_hash = NULL,
       read_unopened = NULL, read_signature = NULL, read_for_all = 0, read_version = 0, read_since = 0
     WHERE conversation = ? AND user = ?`,
    erasure.pseudonym,
    conversation,
    erasure.user,
  );
  tally.kept("members", rows);
}
