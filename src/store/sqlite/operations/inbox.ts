import type { DeviceStore, InboxRow } from "../../../actors/ports/store-devices.ts";
import type { ConversationId, DeviceId, UserId } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import { blobOf, idOf } from "../../blobs.ts";
import { InboxPage, inboxRowsPerFetch } from "../../inbox-page.ts";
import type { StoreContext } from "../store-context.ts";

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
export function readInbox(
  { db, now, retentionMs, undeliveredTtlMs }: StoreContext,
  device: DeviceId,
  after: number,
  limit: number,
  maxBytes = Number.MAX_SAFE_INTEGER,
): Awaited<ReturnType<DeviceStore["readInbox"]>> {
  const page = new InboxPage<InboxJoin>(limit, maxBytes);
  const fetchAfter = (position: number) =>
    db.all<InboxJoin>(
      `SELECT i.position, i.conversation, i.generation, i.kind, i.at, i.sequence, w.welcome, i.subject, r.user, r.epoch,
       r.key_package AS keyPackage, r.signature
     FROM inbox i
     LEFT JOIN welcomes w ON i.kind = 1 AND w.conversation = i.conversation AND w.sequence = i.sequence
     LEFT JOIN readd_requests r ON i.kind = 2 AND r.conversation = i.conversation AND r.device = i.subject
     WHERE i.device = ? AND i.position > ? AND i.at >= iif(i.kind = 1, ?, ?) ORDER BY i.position LIMIT ?`,
      blobOf(device),
      position,
      now - retentionMs,
      now - undeliveredTtlMs,
      inboxRowsPerFetch,
    );
  while (page.take(fetchAfter(page.rows.at(-1)?.position ?? after))) continue;
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
export function ackInbox(context: StoreContext, device: DeviceId, position: number): void {
  deleteEntries(context, blobOf(device), position);
}

/** What a revocation takes with it: the inbox, and the device's own requests in the inboxes of others. */
export function deleteInboxOf(context: StoreContext, device: Uint8Array): void {
  deleteEntries(context, device, Number.MAX_SAFE_INTEGER);
  const { db } = context;
  const requests = db.all<{ conversation: Uint8Array }>(
    "SELECT conversation FROM readd_requests WHERE device = ?",
    device,
  );
  for (const { conversation } of requests) deleteReadd(context, conversation, device);
}

/** Withdraws a device's request to be re-added from every inbox. */
export function deleteReadd({ db }: StoreContext, conversation: Uint8Array, device: Uint8Array): void {
  db.run(
    "DELETE FROM inbox WHERE conversation = ? AND kind = 2 AND sequence IS NULL AND subject = ?",
    conversation,
    device,
  );
  db.run("DELETE FROM readd_requests WHERE conversation = ? AND device = ?", conversation, device);
}

/** Takes the Welcomes to a conversation out of a device's inbox: it is added anew, and they lead to where it is no more. */
export function deleteWelcomes(context: StoreContext, conversation: Uint8Array, device: Uint8Array): void {
  const gone = context.db.all<Entry>(
    "DELETE FROM inbox WHERE device = ? AND kind = 1 AND conversation = ? RETURNING conversation, kind, sequence",
    device,
    conversation,
  );
  dropWelcomes(context, gone);
}

/** Puts one entry at the end of a device's inbox and returns its place. A full inbox loses the oldest of the same kind. */
export function postToInbox(
  context: StoreContext,
  device: Uint8Array,
  entry: Entry & { generation: number; subject: Uint8Array | null },
): number {
  const { db, now } = context;
  const [{ position }] = db.all<{ position: number }>(
    "UPDATE devices SET inbox_position = inbox_position + 1 WHERE device = ? RETURNING inbox_position AS position",
    device,
  ) as [{ position: number }];
  db.run(
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
  dropOldest(context, device, entry.kind);
  return position;
}

function dropOldest(context: StoreContext, device: Uint8Array, kind: number): void {
  const gone = context.db.all<Entry>(
    `DELETE FROM inbox WHERE device = ?1 AND kind = ?2 AND position <= (
       SELECT position FROM inbox WHERE device = ?1 AND kind = ?2 ORDER BY position DESC LIMIT 1 OFFSET ?3)
     RETURNING conversation, kind, sequence`,
    device,
    kind,
    limits.inboxEntriesPerDevice,
  );
  dropWelcomes(context, gone);
}

function deleteEntries(context: StoreContext, device: Uint8Array, upTo: number): void {
  const gone = context.db.all<Entry>(
    "DELETE FROM inbox WHERE device = ? AND position <= ? RETURNING conversation, kind, sequence",
    device,
    upTo,
  );
  dropWelcomes(context, gone);
}

/** A Welcome goes with its last entry. */
function dropWelcomes({ db }: StoreContext, gone: readonly Entry[]): void {
  for (const { conversation, sequence } of gone.filter(({ kind }) => kind === inboxKinds.welcome)) {
    db.run(
      `DELETE FROM welcomes WHERE conversation = ?1 AND sequence = ?2 AND NOT EXISTS (
         SELECT 1 FROM inbox WHERE conversation = ?1 AND kind = 1 AND sequence = ?2)`,
      conversation,
      sequence,
    );
  }
}
