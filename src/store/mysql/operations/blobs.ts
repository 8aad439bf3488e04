import type { AdvanceOutcome, BeginOutcome, BlobRow } from "../../../actors/ports/store-blobs.ts";
import type { BlobId } from "../../../protocol/blobs.ts";
import { limits } from "../../../protocol/limits.ts";
import type { MysqlContext } from "../mysql-context.ts";

const columns = "id AS `blob`, user, size, received, expires_at AS expiresAt";

/** See `BlobStore.beginBlob`. The user's list row is held, so that several at once count each other. */
export async function beginBlob(
  { db, now }: MysqlContext,
  { blob, user, size }: Pick<BlobRow, "blob" | "user" | "size">,
  quotaBytes: number,
): Promise<BeginOutcome> {
  const list = await db.get("SELECT 1 AS held FROM device_lists WHERE user = ? FOR UPDATE", user);
  const known = await db.get<BlobRow>(`SELECT ${columns} FROM blobs WHERE id = ?`, blob);
  if (known !== undefined) {
    const isOurs = known.user === user && known.size === size && known.expiresAt > now;
    return isOurs ? { status: "known", row: known } : { status: "taken" };
  }
  if (list === undefined) return { status: "device-unknown" };
  const used = await db.get<{ bytes: number; blobs: number }>(
    `SELECT CAST(COALESCE(SUM(size), 0) AS SIGNED) AS bytes, COUNT(*) AS blobs FROM blobs
     WHERE user = ? AND expires_at > ?`,
    user,
    now,
  );
  if (used!.bytes + size > quotaBytes || used!.blobs >= limits.blobsPerUser) return { status: "quota-exceeded" };
  const row: BlobRow = { blob, user, size, received: 0, expiresAt: now + limits.blobUploadTtlMs };
  // Two users at once with one id, which nobody draws twice by chance: the first has it.
  const inserted = await db.run(
    "INSERT IGNORE INTO blobs (id, user, size, received, expires_at) VALUES (?, ?, ?, 0, ?)",
    blob,
    user,
    size,
    row.expiresAt,
  );
  return inserted === 0 ? { status: "taken" } : { status: "begun", row };
}

/** See `BlobStore.advanceBlob`. */
export async function advanceBlob(
  { db, now, retentionMs }: MysqlContext,
  blob: BlobId,
  from: number,
  to: number,
): Promise<AdvanceOutcome> {
  const row = await db.get<BlobRow>(
    `SELECT ${columns} FROM blobs WHERE id = ? AND expires_at > ? FOR UPDATE`,
    blob,
    now,
  );
  if (row === undefined) return { status: "unknown" };
  if (row.received !== from) return { status: "elsewhere", row };
  const expiresAt = now + (to === row.size ? retentionMs + limits.blobMarginMs : limits.blobUploadTtlMs);
  await db.run("UPDATE blobs SET received = ?, expires_at = ? WHERE id = ?", to, expiresAt, blob);
  return { status: "advanced", row: { ...row, received: to, expiresAt } };
}

/** See `BlobStore.findBlob`. */
export async function findBlob({ db, now }: MysqlContext, blob: BlobId): Promise<BlobRow | undefined> {
  return db.get<BlobRow>(`SELECT ${columns} FROM blobs WHERE id = ? AND expires_at > ?`, blob, now);
}

/** See `BlobStore.expireBlob`. */
export async function expireBlob({ db, now }: MysqlContext, blob: BlobId): Promise<void> {
  await db.run("UPDATE blobs SET expires_at = LEAST(expires_at, ?) WHERE id = ?", now, blob);
}

/** See `BlobStore.listExpiredBlobs`. */
export async function listExpiredBlobs({ db }: MysqlContext, now: number, limit: number): Promise<BlobRow[]> {
  return db.all<BlobRow>(
    `SELECT ${columns} FROM blobs WHERE expires_at <= ? ORDER BY expires_at, id LIMIT ?`,
    now,
    limit,
  );
}

/** See `BlobStore.countExpiredBlobs`. */
export async function countExpiredBlobs({ db }: MysqlContext, now: number): Promise<number> {
  return (await db.get<{ count: number }>("SELECT COUNT(*) AS count FROM blobs WHERE expires_at <= ?", now))!.count;
}

/** See `BlobStore.forgetBlobs`. */
export async function forgetBlobs({ db }: MysqlContext, blobs: readonly BlobId[]): Promise<void> {
  if (blobs.length > 0) await db.run("DELETE FROM blobs WHERE id IN (?)", [...blobs]);
}

/** See `BlobStore.knownBlobs`. */
export async function knownBlobs({ db }: MysqlContext, blobs: readonly BlobId[]): Promise<BlobId[]> {
  if (blobs.length === 0) return [];
  const found = await db.all<{ id: BlobId }>("SELECT id FROM blobs WHERE id IN (?)", [...blobs]);
  return found.map(({ id }) => id);
}
