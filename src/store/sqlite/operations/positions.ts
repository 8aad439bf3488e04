import type { AckOutcome, AckRow } from "../../../actors/ports/store-log.ts";
import { blobOf } from "../../blobs.ts";
import { advanceOf, type PositionGround } from "../../advance.ts";
import { parseRanges } from "../../sequence-ranges.ts";
import type { StoreContext } from "../store-context.ts";
import type { UserDelivery } from "../../user-delivery.ts";
import { blocksThere } from "./blocks.ts";
import { writeDelivered, type LastReceipt } from "./receipts.ts";

interface DevicePosition extends LastReceipt {
  user: string;
  joined: number;
  left: number | null;
  position: number;
  /** JSON ranges: this device's own word. */
  unopened: string;
  head: number;
  revokedAt: number | null;
  floor: number;
  isBlocking: number;
  /** The user's, as `UserDelivery` has them; ranges in JSON. */
  userJoined: number;
  delivered: number;
  missing: string;
  userUnopened: string;
}

/** See `LogStore.advancePositions`. */
export function advancePositions(context: StoreContext, acks: readonly AckRow[]): AckOutcome[] {
  return acks.map((ack) => advancePosition(context, ack));
}

function advancePosition(context: StoreContext, ack: AckRow): AckOutcome {
  const conversation = blobOf(ack.conversation);
  const device = blobOf(ack.device);
  const row = findPosition(context, conversation, device);
  const advance = advanceOf(ack, row && groundOf(row));
  if (row === undefined || advance.status !== "advance") return advance as AckOutcome;
  if (advance.delivery !== undefined) writeDelivery(context, conversation, ack, advance.delivery);
  const { tells } = advance;
  const isTold = typeof tells === "boolean" ? tells : hasEntryOfOthers(context, conversation, ack, tells.ifOthersAfter);
  const written = isTold ? writeDelivered(context, conversation, device, ack, row) : undefined;
  context.db.run(
    `UPDATE conversation_devices SET position = ?, unopened = ?, receipt_version = ?, receipt_since = ?
     WHERE conversation = ? AND device = ?`,
    ack.sequence,
    JSON.stringify(ack.unopened),
    written?.version ?? row.lastVersion,
    written?.since ?? row.lastSince,
    conversation,
    device,
  );
  return { status: "advanced", receipt: written === undefined ? null : { at: written.at, version: written.version } };
}

function groundOf(row: DevicePosition): PositionGround {
  const { userJoined: joined, delivered, missing, userUnopened, unopened } = row;
  const delivery = { joined, delivered, missing: parseRanges(missing), unopened: parseRanges(userUnopened) };
  return { ...row, unopened: parseRanges(unopened), delivery };
}

function findPosition({ db }: StoreContext, conversation: Uint8Array, device: Uint8Array): DevicePosition | undefined {
  return db.get<DevicePosition>(
    `SELECT cd.user, cd.joined_sequence AS joined, cd.left_sequence AS left, cd.position, cd.unopened,
       cd.receipt_version AS lastVersion, cd.receipt_since AS lastSince, c.head, c.floor, c.last_commit AS lastCommit,
       c.receipt_version AS receiptVersion, d.revoked_at AS revokedAt, m.joined_sequence AS userJoined,
       m.delivered_sequence AS delivered, m.missing, m.unopened AS userUnopened, ${blocksThere} AS isBlocking
     FROM conversation_devices cd JOIN conversations c ON c.conversation = cd.conversation
       JOIN devices d ON d.device = cd.device JOIN members m ON m.conversation = cd.conversation AND m.user = cd.user
     WHERE cd.conversation = ? AND cd.device = ?`,
    conversation,
    device,
  );
}

/** The user's own mark, whichever device acks. */
function writeDelivery({ db }: StoreContext, conversation: Uint8Array, ack: AckRow, delivery: UserDelivery): void {
  db.run(
    "UPDATE members SET delivered_sequence = ?, missing = ?, unopened = ? WHERE conversation = ? AND user = ?",
    delivery.delivered,
    JSON.stringify(delivery.missing),
    JSON.stringify(delivery.unopened),
    conversation,
    ack.user,
  );
}

function hasEntryOfOthers({ db }: StoreContext, conversation: Uint8Array, ack: AckRow, after: number): boolean {
  const found = db.get(
    `SELECT 1 AS found FROM messages
     WHERE conversation = ? AND sequence > ? AND sequence <= ? AND sender_user <> ? LIMIT 1`,
    conversation,
    after,
    ack.sequence,
    ack.user,
  );
  return found !== undefined;
}
