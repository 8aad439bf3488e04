import type { LinkOffer } from "../../../actors/ports/store-devices.ts";
import type { DeviceId, UserId } from "../../../protocol/ids.ts";
import { blobOf, idOf, sameBytes } from "../../blobs.ts";
import type { MysqlContext } from "../mysql-context.ts";

interface OfferRow {
  channel: Uint8Array;
  user: UserId;
  device: Uint8Array;
  deviceKey: Uint8Array;
  kemKey: Uint8Array;
  sealed: Uint8Array | null;
  expiresAt: number;
}

const columns = "channel, user, device, device_key AS deviceKey, kem_key AS kemKey, sealed, expires_at AS expiresAt";

/** See `DeviceStore.putLinkOffer`. A renewal on the same channel keeps an answer that is there already. */
export async function putLinkOffer(
  context: MysqlContext,
  offer: Omit<LinkOffer, "sealed">,
): Promise<"stored" | "taken"> {
  const { db, now } = context;
  const device = blobOf(offer.device);
  await db.run(
    "DELETE FROM link_offers WHERE (channel = ? OR device = ?) AND expires_at <= ?",
    offer.channel,
    device,
    now,
  );
  const waiting = await db.all<OfferRow>(
    `SELECT ${columns} FROM link_offers WHERE channel = ? OR device = ? FOR UPDATE`,
    offer.channel,
    device,
  );
  const own = (row: OfferRow) =>
    row.user === offer.user && sameBytes(row.device, device) && sameBytes(row.deviceKey, offer.deviceKey);
  if (!waiting.every(own)) return "taken";
  const renewed = waiting.find((row) => sameBytes(row.channel, offer.channel) && sameBytes(row.kemKey, offer.kemKey));
  if (renewed !== undefined) {
    await db.run("UPDATE link_offers SET expires_at = ? WHERE channel = ?", offer.expiresAt, offer.channel);
    return "stored";
  }
  if ((await db.get("SELECT 1 AS found FROM devices WHERE device = ?", device)) !== undefined) return "taken";
  await deleteLinkOffersOf(context, device);
  const stored = await db.run(
    "INSERT IGNORE INTO link_offers (channel, user, device, device_key, kem_key, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
    offer.channel,
    offer.user,
    device,
    offer.deviceKey,
    offer.kemKey,
    offer.expiresAt,
  );
  return stored === 1 ? "stored" : "taken";
}

/** See `DeviceStore.findLinkOffer`. */
export async function findLinkOffer(
  { db, now }: MysqlContext,
  user: UserId,
  channel: Uint8Array,
): Promise<LinkOffer | undefined> {
  const row = await db.get<OfferRow>(
    `SELECT ${columns} FROM link_offers WHERE channel = ? AND user = ? AND expires_at > ?`,
    channel,
    user,
    now,
  );
  if (row === undefined) return undefined;
  const { deviceKey, kemKey, sealed, expiresAt } = row;
  return { user, channel, device: idOf<DeviceId>(row.device), deviceKey, kemKey, sealed, expiresAt };
}

/** Whether an offer of exactly this device waited without an answer; it has one now, and will not take another. */
export async function answerLinkOffer(
  { db, now }: MysqlContext,
  answer: { user: UserId; channel: Uint8Array; device: DeviceId; deviceKey: Uint8Array; sealed: Uint8Array },
): Promise<boolean> {
  const answered = await db.run(
    `UPDATE link_offers SET sealed = ?
     WHERE channel = ? AND user = ? AND device = ? AND device_key = ? AND sealed IS NULL AND expires_at > ?`,
    answer.sealed,
    answer.channel,
    answer.user,
    blobOf(answer.device),
    answer.deviceKey,
    now,
  );
  return answered === 1;
}

/** What a revocation takes with it. */
export async function deleteLinkOffersOf({ db }: MysqlContext, device: Uint8Array): Promise<void> {
  await db.run("DELETE FROM link_offers WHERE device = ?", device);
}
