import type { DeviceStore, KeyPackageStock } from "../../../actors/ports/store-devices.ts";
import type { DeviceId, UserId } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import { blobOf } from "../../blobs.ts";
import type { StoreContext } from "../store-context.ts";

type Publish = Parameters<DeviceStore["publishKeyPackages"]>[0];
type Claimed = Awaited<ReturnType<DeviceStore["claimKeyPackages"]>>;

function isLive({ db }: StoreContext, device: Uint8Array, user: UserId): boolean {
  return (
    db.get("SELECT 1 AS live FROM devices WHERE device = ? AND user = ? AND revoked_at IS NULL", device, user) !==
    undefined
  );
}

/** See `DeviceStore.publishKeyPackages`. What a device publishes in the moment of its revocation is not kept. */
export function publishKeyPackages(context: StoreContext, publish: Publish): "published" | "too-many" {
  const { db, now } = context;
  const device = blobOf(publish.device);
  if (!isLive(context, device, publish.user)) return "published";
  const isNew = ({ hash }: { hash: Uint8Array }) =>
    db.get("SELECT 1 AS found FROM key_packages WHERE device = ? AND hash = ?", device, hash) === undefined;
  const oneTime = publish.oneTime.filter(isNew);
  const { count } = db.get<{ count: number }>(
    "SELECT count(*) AS count FROM key_packages WHERE device = ? AND last_resort = 0 AND expires_at > ?",
    device,
    now,
  )!;
  if (count + oneTime.length > limits.keyPackagesPerDevice) return "too-many";
  const insert = (keyPackage: Publish["oneTime"][number], lastResort: 0 | 1) =>
    db.run(
      `INSERT INTO key_packages (device, suite, last_resort, hash, bytes, expires_at) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
      device,
      publish.suite,
      lastResort,
      keyPackage.hash,
      keyPackage.bytes,
      keyPackage.expiresAt,
    );
  for (const keyPackage of oneTime) insert(keyPackage, 0);
  if (publish.lastResort !== undefined) {
    db.run("DELETE FROM key_packages WHERE device = ? AND suite = ? AND last_resort = 1", device, publish.suite);
    insert(publish.lastResort, 1);
  }
  return "published";
}

/** See `DeviceStore.countKeyPackages`. Suites without any package are left out. */
export function countKeyPackages({ db, now }: StoreContext, device: DeviceId): KeyPackageStock[] {
  const rows = db.all<{ suite: number; oneTime: number; lastResort: number }>(
    `SELECT suite, sum(last_resort = 0) AS oneTime, max(last_resort) AS lastResort
     FROM key_packages WHERE device = ? AND expires_at > ? GROUP BY suite ORDER BY suite`,
    blobOf(device),
    now,
  );
  return rows.map(({ suite, oneTime, lastResort }) => ({ suite, oneTime, lastResort: lastResort === 1 }));
}

/** See `DeviceStore.claimKeyPackages`. A device named twice gives one package. */
export function claimKeyPackages(
  context: StoreContext,
  suite: number,
  devices: readonly { user: UserId; device: DeviceId }[],
): Claimed {
  const { db, now } = context;
  const claimed: Claimed = [];
  const asked = new Set<DeviceId>();
  for (const { user, device } of devices) {
    const blob = blobOf(device);
    if (asked.has(device) || !isLive(context, blob, user)) continue;
    asked.add(device);
    // One-time packages come before the last resort, the oldest first.
    const found = db.get<{ id: number; bytes: Uint8Array; lastResort: number }>(
      `SELECT id, bytes, last_resort AS lastResort FROM key_packages
       WHERE device = ? AND suite = ? AND expires_at > ? ORDER BY last_resort, id LIMIT 1`,
      blob,
      suite,
      now,
    );
    if (found === undefined) continue;
    if (found.lastResort === 0) db.run("DELETE FROM key_packages WHERE id = ?", found.id);
    claimed.push({ user, device, bytes: found.bytes, lastResort: found.lastResort === 1 });
  }
  return claimed;
}

/** What a revocation takes with it. */
export function deleteKeyPackagesOf({ db }: StoreContext, device: Uint8Array): void {
  db.run("DELETE FROM key_packages WHERE device = ?", device);
}
