import type { LinkOffer } from "../../../actors/ports/store-devices.ts";
import type { DeviceId, UserId } from "../../../protocol/ids.ts";
import { blobOf, idOf, sameBytes } from "../../blobs.ts";
import type { StoreContext } from "../store-context.ts";

interface OfferRow {
  channel: Uint8Array;
  user: UserId;
  device: Uint8Array;
  deviceKey: Uint8Array;
  kemKey: Uint8Array;
  sealed: Uint8Array | null;
  expiresAt: number;
}

/** See `DeviceStore.putLinkOffer`. A renewal on the same channel keeps an answer that is there already. */
export function putLinkOffer(context: StoreContext, offer: Omit<LinkOffer, "sealed">): "stored" | "taken" {
  const { db, now } = context;
  const device = blobOf(offer.device);
  db.run("DELETE FROM link_offers WHERE (channel = ? OR device = ?) AND expires_at <= ?", offer.channel, device, now);
  const waiting = db.all<OfferRow>(
    `SELECT channel, user, device, device_key AS deviceKey, kem_key AS kemKey, sealed, expires_at AS expiresAt
     FROM link_offers WHERE channel = ? OR device = ?`,
    offer.channel,
    device,
  );
  const own = (row: OfferRow) =>
    row.user === offer.user && sameBytes(row.device, device) && sameBytes(row.deviceKey, offer.deviceKey);
  if (!waiting.every(own)) return "taken";
  const renewed = waiting.find((row) => sameBytes(row.channel, offer.channel) && sameBytes(row.kemKey, offer.kemKey));
  if (renewed !== undefined) {
    db.run("UPDATE link_offers SET expires_at = ? WHERE channel = ?", offer.expiresAt, offer.channel);
    return "stored";
  }
  if (db.get("SELECT 1 AS found FROM devices WHERE device = ?", device) !== undefined) return "taken";
  deleteLinkOffersOf(context, device);
  db.run(
    `INSERT INTO link_offers (channel, user, device, device_key, kem_key, expires_at) VALUES (?, ?, ?, ?, ?, ?)`,
    offer.channel,
    offer.user,
    device,
    offer.deviceKey,
    offer.kemKey,
    offer.expiresAt,
  );
  return "stored";
}

/** See `DeviceStore.findLinkOffer`. */
export function findLinkOffer({ db, now }: StoreContext, user: UserId, channel: Uint8Array): LinkOffer | undefined {
  const row = db.get<OfferRow>(
    `SELECT channel, user, device, device_key AS deviceKey, kem_key AS kemKey, sealed, expires_at AS expiresAt
     FROM link_offers WHERE channel = ? AND user = ? AND expires_at > ?`,
    channel,
    user,
    now,
  );
  if (row === undefined) return undefined;
  const { deviceKey, kemKey, sealed, expiresAt } = row;
  return { user, channel, device: idOf<DeviceId>(row.device), deviceKey, kemKey, sealed, expiresAt };
}

/** Whether an offer of exactly this device waited without an answer; it has one now, and will not take another. */
export function answerLinkOffer(
  { db, now }: StoreContext,
  answer: { user: UserId; channel: Uint8Array; device: DeviceId; deviceKey: Uint8Array; sealed: Uint8Array },
): boolean {
  const answered = db.run(
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
export function deleteLinkOffersOf({ db }: StoreContext, device: Uint8Array): void {
  db.run("DELETE FROM link_offers WHERE device = ?", device);
}
