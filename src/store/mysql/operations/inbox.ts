import type { DeviceStore, InboxRow } from "../../../actors/ports/store-devices.ts";
import type { ConversationId, DeviceId, UserId } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import { blobOf, idOf } from "../../blobs.ts";
import { InboxPage, inboxRowsPerFetch } from "../../inbox-page.ts";
import type { MysqlContext } from "../mysql-context.ts";

/** `inbox.kind` in the table. */
export const inboxKinds = { welcome: 1, readd: 2 } as const;

/** What an entry refers to. */
interface Entry {
  conversation: Uint8Array;
  kind: number;
  /** Of a Welcome: the commit's. */
  sequence: number | null;
}

interface InboxJoin {
  position: number;
  conversation: Uint8Array;
  generation: number;
  kind: number;
  at: number;
  sequence: number | null;
  welcome: Uint8Array | null;
  subject: Uint8Array | null;
  user: UserId | null;
  epoch: number | null;
  keyPackage: Uint8Array | null;
  signature: Uint8Array | null;
}

/** See `DeviceStore.readInbox`. A Welcome is of use for as long as the log is there; a request has less time. */
export async function readInbox(
  { db, now, retentionMs, undeliveredTtlMs }: MysqlContext,
  device: DeviceId,
  after: number,
  limit: number,
  maxBytes = Number.MAX_SAFE_INTEGER,
): ReturnType<DeviceStore["readInbox"]> {
  const page = new InboxPage<InboxJoin>(limit, maxBytes);
  const fetchAfter = (position: number) =>
    db.all<InboxJoin>(
      `SELECT i.position, i.conversation, i.generation, i.kind, i.at, i.sequence, w.welcome, i.subject, r.user, r.epoch,
       r.key_package AS keyPackage, r.signature
     FROM inbox i
     LEFT JOIN welcomes w ON i.kind = 1 AND w.conversation = i.conversation AND w.sequence = i.sequence
     LEFT JOIN readd_requests r ON i.kind = 2 AND r.conversation = i.conversation AND r.device = i.subject
     WHERE i.device = ? AND i.position > ? AND i.at >= IF(i.kind = 1, ?, ?) ORDER BY i.position LIMIT ?`,
      blobOf(device),
      position,
      now - retentionMs,
      now - undeliveredTtlMs,
      inboxRowsPerFetch,
    );
  while (page.take(await fetchAfter(page.rows.at(-1)?.position ?? after))) continue;
  return { entries: page.rows.map(inboxRow), more: page.more };
}

function inboxRow(row: InboxJoin): InboxRow {
  const { position, generation, at, sequence, welcome, subject, user, epoch, keyPackage, signature } = row;
  const common = { position, conversation: idOf<ConversationId>(row.conversation), generation, at };
  if (row.kind === inboxKinds.welcome && sequence !== null && welcome !== null) {
    return { ...common, kind: "welcome", sequence, welcome };
  }
  if (subject === null || user === null || epoch === null || keyPackage === null || signature === null) {
    throw new Error("An inbox entry refers to what is not there.");
  }
  return { ...common, kind: "readd", user, device: idOf<DeviceId>(subject), epoch, keyPackage, signature };
}

/** See `DeviceStore.ackInbox`. A Welcome goes with its last reference; a request to be re-added waits for its answer. */
export async function ackInbox(context: MysqlContext, device: DeviceId, position: number): Promise<void> {
  await deleteEntries(context, "device = ? AND position <= ?", blobOf(device), position);
}

/** What a revocation takes with it: the inbox, and the device's own requests in the inboxes of others. */
export async function deleteInboxOf(context: MysqlContext, device: Uint8Array): Promise<void> {
  await deleteEntries(context, "device = ?", device);
  const requests = await context.db.all<{ conversation: Uint8Array }>(
    "SELECT conversation FROM readd_requests WHERE device = ?",
    device,
  );
  for (const { conversation } of requests) await deleteReadd(context, conversation, device);
}

/** Withdraws a device's request to be re-added from every inbox. */
export async function deleteReadd({ db }: MysqlContext, conversation: Uint8Array, device: Uint8Array): Promise<void> {
  await db.run(
    "DELETE FROM inbox WHERE conversation = ? AND kind = 2 AND sequence IS NULL AND subject = ?",
    conversation,
    device,
  );
  await db.run("DELETE FROM readd_requests WHERE conversation = ? AND device = ?", conversation, device);
}

/** Takes the Welcomes to a conversation out of a device's inbox: it is added anew, and they lead to where it is no more. */
export async function deleteWelcomes(
  context: MysqlContext,
  conversation: Uint8Array,
  device: Uint8Array,
): Promise<void> {
  await deleteEntries(context, "device = ? AND kind = 1 AND conversation = ?", device, conversation);
}

/** Puts one entry at the end of a device's inbox and returns its place. A full inbox loses the oldest of the same kind. */
export async function postToInbox(
  context: MysqlContext,
  device: Uint8Array,
  entry: Entry & { generation: number; subject: Uint8Array | null },
): Promise<number> {
  const { db, now } = context;
  // The device's row is held from here on: places come one after the other.
  await db.run("UPDATE devices SET inbox_position = inbox_position + 1 WHERE device = ?", device);
  const sql = "SELECT inbox_position AS position FROM devices WHERE device = ?";
  const { position } = (await db.get<{ position: number }>(sql, device))!;
  await db.run(
    `INSERT INTO inbox (device, position, conversation, generation, kind, sequence, subject, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    device,
    position,
    entry.conversation,
    entry.generation,
    entry.kind,
    entry.sequence,
    entry.subject,
    now,
  );
  await dropOldest(context, device, entry.kind);
  return position;
}

async function dropOldest(context: MysqlContext, device: Uint8Array, kind: number): Promise<void> {
  const last = await context.db.get<{ position: number }>(
    "SELECT position FROM inbox WHERE device = ? AND kind = ? ORDER BY position DESC LIMIT 1 OFFSET ?",
    device,
    kind,
    limits.inboxEntriesPerDevice,
  );
  if (last === undefined) return;
  await deleteEntries(context, "device = ? AND kind = ? AND position <= ?", device, kind, last.position);
}

async function deleteEntries(
  context: MysqlContext,
  which: string,
  ...parameters: (string | number | Uint8Array)[]
): Promise<void> {
  const { db } = context;
  const sql = `SELECT conversation, kind, sequence FROM inbox WHERE ${which} FOR UPDATE`;
  const gone = await db.all<Entry>(sql, ...parameters);
  if (gone.length === 0) return;
  await db.run(`DELETE FROM inbox WHERE ${which}`, ...parameters);
  await dropWelcomes(context, gone);
}

/**
 * A Welcome goes with its last entry. Its row is locked before anybody looks whether an entry is left: of two that delete the
 * last two at once, the second sees that there is none. One that is missed all the same goes with the purge.
 */
async function dropWelcomes({ db }: MysqlContext, gone: readonly Entry[]): Promise<void> {
  for (const { conversation, sequence } of gone.filter(({ kind }) => kind === inboxKinds.welcome)) {
    const key = [conversation, sequence] as const;
    await db.get("SELECT 1 AS held FROM welcomes WHERE conversation = ? AND sequence = ? FOR UPDATE", ...key);
    const sql = "SELECT 1 AS found FROM inbox WHERE conversation = ? AND kind = 1 AND sequence = ? LIMIT 1";
    if ((await db.get(sql, ...key)) !== undefined) continue;
    await db.run("DELETE FROM welcomes WHERE conversation = ? AND sequence = ?", ...key);
  }
}
