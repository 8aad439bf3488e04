import type { AdvanceOutcome, BeginOutcome, BlobRow } from "../../../actors/ports/store-blobs.ts";
import type { BlobId } from "../../../protocol/blobs.ts";
import { limits } from "../../../protocol/limits.ts";
import type { StoreContext } from "../store-context.ts";

const columns = "id AS blob, user, size, received, expires_at AS expiresAt";

/** See `BlobStore.beginBlob`. */
export function beginBlob(
  context: StoreContext,
  { blob, user, size }: Pick<BlobRow, "blob" | "user" | "size">,
  quotaBytes: number,
): BeginOutcome {
  const { db, now } = context;
  const known = db.get<BlobRow>(`SELECT ${columns} FROM blobs WHERE id = ?`, blob);
  if (known !== undefined) {
    const isOurs = known.user === user && known.size === size && known.expiresAt > now;
    return isOurs ? { status: "known", row: known } : { status: "taken" };
  }
  if (db.get("SELECT 1 AS found FROM device_lists WHERE user = ?", user) === undefined) {
    return { status: "device-unknown" };
  }
  const { bytes, blobs } = db.get<{ bytes: number; blobs: number }>(
    "SELECT coalesce(sum(size), 0) AS bytes, count(*) AS blobs FROM blobs WHERE user = ? AND expires_at > ?",
    user,
    now,
  )!;
  if (bytes + size > quotaBytes || blobs >= limits.blobsPerUser) return { status: "quota-exceeded" };
  const row: BlobRow = { blob, user, size, received: 0, expiresAt: now + limits.blobUploadTtlMs };
  db.run(
    "INSERT INTO blobs (id, user, size, received, expires_at) VALUES (?, ?, ?, 0, ?)",
    blob,
    user,
    size,
    row.expiresAt,
  );
  return { status: "begun", row };
}

/** See `BlobStore.advanceBlob`. */
export function advanceBlob(context: StoreContext, blob: BlobId, from: number, to: number): AdvanceOutcome {
  const row = findBlob(context, blob);
  if (row === undefined) return { status: "unknown" };
  if (row.received !== from) return { status: "elsewhere", row };
  const { db, now, retentionMs } = context;
  const expiresAt = now + (to === row.size ? retentionMs + limits.blobMarginMs : limits.blobUploadTtlMs);
  db.run("UPDATE blobs SET received = ?, expires_at = ? WHERE id = ?", to, expiresAt, blob);
  return { status: "advanced", row: { ...row, received: to, expiresAt } };
}

/** See `BlobStore.findBlob`. */
export function findBlob({ db, now }: StoreContext, blob: BlobId): BlobRow | undefined {
  return db.get<BlobRow>(`SELECT ${columns} FROM blobs WHERE id = ? AND expires_at > ?`, blob, now);
}

/** See `BlobStore.expireBlob`. */
export function expireBlob({ db, now }: StoreContext, blob: BlobId): void {
  db.run("UPDATE blobs SET expires_at = min(expires_at, ?) WHERE id = ?", now, blob);
}

/** See `BlobStore.listExpiredBlobs`. */
export function listExpiredBlobs({ db }: StoreContext, now: number, limit: number): BlobRow[] {
  return db.all<BlobRow>(
    `SELECT ${columns} FROM blobs WHERE expires_at <= ? ORDER BY expires_at, id LIMIT ?`,
    now,
    limit,
  );
}

/** See `BlobStore.countExpiredBlobs`. */
export function countExpiredBlobs({ db }: StoreContext, now: number): number {
  return db.get<{ count: number }>("SELECT count(*) AS count FROM blobs WHERE expires_at <= ?", now)!.count;
}

/** See `BlobStore.forgetBlobs`. */
export function forgetBlobs({ db }: StoreContext, blobs: readonly BlobId[]): void {
  db.run("DELETE FROM blobs WHERE id IN (SELECT value FROM json_each(?))", JSON.stringify(blobs));
}

/** See `BlobStore.knownBlobs`. */
export function knownBlobs({ db }: StoreContext, blobs: readonly BlobId[]): BlobId[] {
  return db
    .all<{ id: BlobId }>("SELECT id FROM blobs WHERE id IN (SELECT value FROM json_each(?))", JSON.stringify(blobs))
    .map(({ id }) => id);
}
