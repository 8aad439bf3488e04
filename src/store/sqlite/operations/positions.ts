import type { AckOutcome, AckRow } from "../../../actors/ports/store-log.ts";
import { blobOf } from "../blobs.ts";
import type { StoreContext } from "../store-context.ts";
import { countUnopened, mergeUnopened, type Ranges } from "./unopened-ranges.ts";
import { writeDelivered } from "./receipts.ts";

interface DevicePosition {
  user: string;
  joined: number;
  left: number | null;
  position: number;
  unopened: string;
  head: number;
  revokedAt: number | null;
}

/** See `LogStore.advancePositions`. */
export function advancePositions(context: StoreContext, acks: readonly AckRow[]): AckOutcome[] {
  return acks.map((ack) => advancePosition(context, ack));
}

function advancePosition(context: StoreContext, ack: AckRow): AckOutcome {
  const { db } = context;
  const conversation = blobOf(ack.conversation);
  const device = blobOf(ack.device);
  const row = db.get<DevicePosition>(
    `SELECT cd.user, cd.joined_sequence AS joined, cd.left_sequence AS left, cd.position, cd.unopened, c.head,
       d.revoked_at AS revokedAt
     FROM conversation_devices cd JOIN conversations c ON c.conversation = cd.conversation
       JOIN devices d ON d.device = cd.device
     WHERE cd.conversation = ? AND cd.device = ?`,
    conversation,
    device,
  );
  if (row === undefined || row.user !== ack.user) return { status: "not-a-member" };
  if (row.revokedAt !== null) return { status: "device-revoked" };
  if (ack.sequence > Math.min(row.head, row.left ?? row.head)) return { status: "outside" };
  const repairs =
    ack.sequence === row.position &&
    ack.sequence >= row.joined &&
    countUnopened(ack.unopened) < countUnopened(JSON.parse(row.unopened) as Ranges);
  if (ack.sequence <= row.position && !repairs) return { status: "unchanged" };
  db.run(
    "UPDATE conversation_devices SET position = ?, unopened = ? WHERE conversation = ? AND device = ?",
    ack.sequence,
    JSON.stringify(ack.unopened),
    conversation,
    device,
  );
  return { status: "advanced", receipt: advanceUser(context, ack, row.joined) };
}

/** The user's own mark: monotone, whichever device acks, and what no device of theirs has opened yet. */
function advanceUser(context: StoreContext, ack: AckRow, joined: number): { at: number; version: number } | null {
  const { db } = context;
  const conversation = blobOf(ack.conversation);
  const member = db.get<{ delivered: number; unopened: string }>(
    "SELECT delivered_sequence AS delivered, unopened FROM members WHERE conversation = ? AND user = ?",
    conversation,
    ack.user,
  )!;
  const before = JSON.parse(member.unopened) as Ranges;
  const unopened = mergeUnopened(before, member.delivered, { ...ack, joined });
  const delivered = Math.max(member.delivered, ack.sequence);
  const opensMore = countUnopened(unopened.filter(([from]) => from <= member.delivered)) < countUnopened(before);
  if (delivered === member.delivered && !opensMore) return null;
  db.run(
    "UPDATE members SET delivered_sequence = ?, unopened = ? WHERE conversation = ? AND user = ?",
    delivered,
    JSON.stringify(unopened),
    conversation,
    ack.user,
  );
  const concernsOthers = opensMore || hasEntryOfOthers(context, conversation, ack, member.delivered);
  return concernsOthers ? writeDelivered(context, ack) : null;
}

/** Nobody waits for a receipt of what the user sent themselves. */
function hasEntryOfOthers({ db }: StoreContext, conversation: Uint8Array, ack: AckRow, after: number): boolean {
  const found = db.get(
    "SELECT 1 AS found FROM messages WHERE conversation = ? AND sequence > ? AND sequence <= ? AND sender_user <> ? LIMIT 1",
    conversation,
    after,
    ack.sequence,
    ack.user,
  );
  return found !== undefined;
}
