import type { DeviceStore, KeyPackageStock } from "../../../actors/ports/store-devices.ts";
import type { DeviceId, UserId } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import { blobOf } from "../../blobs.ts";
import type { MysqlContext } from "../mysql-context.ts";

type Publish = Parameters<DeviceStore["publishKeyPackages"]>[0];
type Claimed = Awaited<ReturnType<DeviceStore["claimKeyPackages"]>>;

/** Locks the device's row where asked to: publishing and revoking do not pass each other. */
async function isLive({ db }: MysqlContext, device: Uint8Array, user: UserId, lock = ""): Promise<boolean> {
  const sql = `SELECT 1 AS live FROM devices WHERE device = ? AND user = ? AND revoked_at IS NULL ${lock}`;
  return (await db.get(sql, device, user)) !== undefined;
}

/** See `DeviceStore.publishKeyPackages`. What a device publishes in the moment of its revocation is not kept. */
export async function publishKeyPackages(context: MysqlContext, publish: Publish): Promise<"published" | "too-many"> {
  const { db, now } = context;
  const device = blobOf(publish.device);
  if (!(await isLive(context, device, publish.user, "FOR UPDATE"))) return "published";
  const rows = await db.all<{ hash: Buffer; lastResort: number; expiresAt: number }>(
    "SELECT hash, last_resort AS lastResort, expires_at AS expiresAt FROM key_packages WHERE device = ?",
    device,
  );
  const known = new Set(rows.map(({ hash }) => hash.toString("hex")));
  const oneTime = publish.oneTime.filter(({ hash }) => !known.has(Buffer.from(hash).toString("hex")));
  const count = rows.filter(({ lastResort, expiresAt }) => lastResort === 0 && expiresAt > now).length;
  if (count + oneTime.length > limits.keyPackagesPerDevice) return "too-many";
  const row = ({ hash, bytes, expiresAt }: Publish["oneTime"][number], lastResort: 0 | 1) => [
    device,
    publish.suite,
    lastResort,
    hash,
    bytes,
    expiresAt,
  ];
  const inserted = oneTime.map((keyPackage) => row(keyPackage, 0));
  if (publish.lastResort !== undefined) {
    await db.run("DELETE FROM key_packages WHERE device = ? AND suite = ? AND last_resort = 1", device, publish.suite);
    inserted.push(row(publish.lastResort, 1));
  }
  if (inserted.length > 0) {
    const sql = "INSERT IGNORE INTO key_packages (device, suite, last_resort, hash, bytes, expires_at) VALUES ?";
    await db.run(sql, inserted);
  }
  return "published";
}

/** See `DeviceStore.countKeyPackages`. Suites without any package are left out. */
export async function countKeyPackages({ db, now }: MysqlContext, device: DeviceId): Promise<KeyPackageStock[]> {
  const rows = await db.all<{ suite: number; oneTime: number; lastResort: number }>(
    `SELECT suite, SUM(last_resort = 0) AS oneTime, MAX(last_resort) AS lastResort
     FROM key_packages WHERE device = ? AND expires_at > ? GROUP BY suite ORDER BY suite`,
    blobOf(device),
    now,
  );
  return rows.map(({ suite, oneTime, lastResort }) => ({
    suite,
    oneTime: Number(oneTime),
    lastResort: lastResort === 1,
  }));
}

/**
 * See `DeviceStore.claimKeyPackages`. A device named twice gives one package. A one-time package that another transaction is
 * taking is passed over, so that nobody waits and each is handed out once.
 */
export async function claimKeyPackages(
  context: MysqlContext,
  suite: number,
  devices: readonly { user: UserId; device: DeviceId }[],
): Promise<Claimed> {
  const claimed: Claimed = [];
  const asked = new Set<DeviceId>();
  for (const { user, device } of devices) {
    const blob = blobOf(device);
    if (asked.has(device) || !(await isLive(context, blob, user))) continue;
    asked.add(device);
    const found = (await takeOneTime(context, suite, blob)) ?? (await findLastResort(context, suite, blob));
    if (found !== undefined) claimed.push({ user, device, ...found });
  }
  return claimed;
}

async function takeOneTime(
  { db, now }: MysqlContext,
  suite: number,
  device: Uint8Array,
): Promise<{ bytes: Uint8Array; lastResort: boolean } | undefined> {
  const found = await db.get<{ id: number; bytes: Uint8Array }>(
    `SELECT id, bytes FROM key_packages WHERE device = ? AND suite = ? AND last_resort = 0 AND expires_at > ?
     ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED`,
    device,
    suite,
    now,
  );
  if (found === undefined) return undefined;
  await db.run("DELETE FROM key_packages WHERE id = ?", found.id);
  return { bytes: found.bytes, lastResort: false };
}

async function findLastResort(
  { db, now }: MysqlContext,
  suite: number,
  device: Uint8Array,
): Promise<{ bytes: Uint8Array; lastResort: boolean } | undefined> {
  const found = await db.get<{ bytes: Uint8Array }>(
    `SELECT bytes FROM key_packages WHERE device = ? AND suite = ? AND last_resort = 1 AND expires_at > ?
     ORDER BY id LIMIT 1`,
    device,
    suite,
    now,
  );
  return found && { bytes: found.bytes, lastResort: true };
}

/** What a revocation takes with it. */
export async function deleteKeyPackagesOf({ db }: MysqlContext, device: Uint8Array): Promise<void> {
  await db.run("DELETE FROM key_packages WHERE device = ?", device);
}
