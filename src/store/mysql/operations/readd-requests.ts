import type { PostedReadd, ReaddRequest } from "../../../actors/ports/store-devices.ts";
import type { ConversationId, DeviceId, UserId } from "../../../protocol/ids.ts";
import { blobOf, idOf } from "../../blobs.ts";
import type { MysqlContext } from "../mysql-context.ts";
import { deleteReadd, inboxKinds, postToInbox } from "./inbox.ts";

/** See `DeviceStore.postReadd`. The conversation's row is held: a commit that adds the device comes before or after. */
export async function postReadd(
  context: MysqlContext,
  request: ReaddRequest,
  joinedSequence?: number,
): Promise<PostedReadd> {
  const { db, now } = context;
  const conversation = blobOf(request.conversation);
  const device = blobOf(request.device);
  await db.get("SELECT 1 AS held FROM conversations WHERE conversation = ? FOR UPDATE", conversation);
  const asker = await db.get<{ joined: number | null }>(
    `SELECT cd.joined_sequence AS joined FROM devices d
     JOIN members m ON m.conversation = ? AND m.user = d.user AND m.left_sequence IS NULL
     LEFT JOIN conversation_devices cd ON cd.conversation = m.conversation AND cd.device = d.device
     WHERE d.device = ? AND d.user = ? AND d.revoked_at IS NULL`,
    conversation,
    device,
    request.user,
  );
  if (asker === undefined) return "not-a-member";
  if (joinedSequence !== undefined && asker.joined !== null && asker.joined > joinedSequence) return "stale-epoch";
  await deleteReadd(context, conversation, device);
  const others = await db.all<{ device: Uint8Array }>(
    `SELECT cd.device FROM conversation_devices cd JOIN devices d ON d.device = cd.device
     WHERE cd.conversation = ? AND cd.device <> ? AND cd.left_sequence IS NULL AND d.revoked_at IS NULL
     ORDER BY cd.device`,
    conversation,
    device,
  );
  if (others.length === 0) return [];
  await db.run(
    `INSERT INTO readd_requests (conversation, device, user, generation, epoch, key_package, signature, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    conversation,
    device,
    request.user,
    request.generation,
    request.epoch,
    request.keyPackage,
    request.signature,
    now,
  );
  const { generation } = request;
  const entry = { conversation, generation, kind: inboxKinds.readd, sequence: null, subject: device };
  const posted: { device: DeviceId; position: number; at: number }[] = [];
  for (const other of others) {
    const position = await postToInbox(context, other.device, entry);
    posted.push({ device: idOf<DeviceId>(other.device), position, at: now });
  }
  return posted;
}

/** See `DeviceStore.findReadd`. */
export async function findReadd(
  { db, now, undeliveredTtlMs }: MysqlContext,
  conversation: ConversationId,
  device: DeviceId,
): Promise<ReaddRequest | undefined> {
  const row = await db.get<{
    user: UserId;
    generation: number;
    epoch: number;
    keyPackage: Uint8Array;
    signature: Uint8Array;
  }>(
    `SELECT user, generation, epoch, key_package AS keyPackage, signature FROM readd_requests
     WHERE conversation = ? AND device = ? AND at >= ?`,
    blobOf(conversation),
    blobOf(device),
    now - undeliveredTtlMs,
  );
  return row && { conversation, device, ...row };
}
