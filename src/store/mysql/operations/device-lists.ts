import type { AppendDeviceEntry, DeviceListRows, DeviceRow } from "../../../actors/ports/store-devices.ts";
import type { DeviceId, UserId } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import { blobOf, idOf, sameBytes } from "../../blobs.ts";
import { nextAccountKey } from "../../next-account-key.ts";
import type { MysqlContext } from "../mysql-context.ts";
import { deleteInboxOf } from "./inbox.ts";
import { deleteKeyPackagesOf } from "./key-packages.ts";
import { answerLinkOffer, deleteLinkOffersOf } from "./link-offers.ts";
import { deleteRecovery, deleteRecoveryGrantsBy } from "./recovery.ts";
import { deleteArchiveGrants } from "./archive-grants.ts";
import { deleteDeviceName } from "./device-names.ts";
import { deletePushSubscriptionOf } from "./push-subscriptions.ts";

/** See `DeviceStore.findDevice`. */
export async function findDevice({ db }: MysqlContext, device: DeviceId): Promise<DeviceRow | undefined> {
  const row = await db.get<Omit<DeviceRow, "device">>(
    `SELECT user, device_key AS deviceKey, added_version AS addedVersion, revoked_at AS revokedAt
     FROM devices WHERE device = ?`,
    blobOf(device),
  );
  return row && { ...row, device };
}

/** See `DeviceStore.findDevices`. */
export async function findDevices(
  { db }: MysqlContext,
  devices: readonly DeviceId[],
): Promise<(DeviceRow | undefined)[]> {
  if (devices.length === 0) return [];
  const rows = await db.all<Omit<DeviceRow, "device"> & { device: Buffer }>(
    `SELECT device, user, device_key AS deviceKey, added_version AS addedVersion, revoked_at AS revokedAt
     FROM devices WHERE device IN (?)`,
    devices.map(blobOf),
  );
  const found = new Map(rows.map((row) => [idOf<DeviceId>(row.device), row]));
  return devices.map((device) => {
    const row = found.get(device);
    return row && { ...row, device };
  });
}

interface ListRow {
  accountKey: Uint8Array;
  version: number;
  head: Uint8Array;
}

/** Versions of users' device lists; a user who has none is not in it. */
export async function deviceListVersions({ db }: MysqlContext, users: readonly UserId[]): Promise<Map<UserId, number>> {
  if (users.length === 0) return new Map();
  const sql = "SELECT user, version FROM device_lists WHERE user IN (?)";
  const rows = await db.all<{ user: UserId; version: number }>(sql, users);
  return new Map(rows.map(({ user, version }) => [user, version]));
}

/** See `DeviceStore.readDeviceLists`. */
export async function readDeviceLists(
  { db }: MysqlContext,
  users: readonly { user: UserId; after: number }[],
): Promise<DeviceListRows[]> {
  if (users.length === 0) return [];
  const names = users.map(({ user }) => user);
  const lists = await db.all<ListRow & { user: UserId }>(
    "SELECT user, account_key AS accountKey, version, head FROM device_lists WHERE user IN (?)",
    names,
  );
  // What is read after the list's head may be longer than the head says: the rest is left for the next time.
  const listOf = new Map(lists.map((list) => [list.user, list]));
  return Promise.all(
    users.map(async ({ user, after }) => {
      const list = listOf.get(user);
      if (list === undefined) return { user, accountKey: null, version: 0, head: null, entries: [] };
      const { accountKey, version, head } = list;
      if (after >= version) return { user, accountKey, version, head, entries: [] };
      const rows = await db.all<{ entry: Uint8Array }>(
        "SELECT entry FROM device_list_entries WHERE user = ? AND version > ? AND version <= ? ORDER BY version",
        user,
        after,
        version,
      );
      return { user, accountKey, version, head, entries: rows.map(({ entry }) => entry) };
    }),
  );
}

/**
 * See `DeviceStore.appendDeviceEntry`. The list's row is locked first; a user's first entry claims it by inserting it, so that
 * of two that come at once one finds the other's.
 */
export async function appendDeviceEntry(
  context: MysqlContext,
  append: AppendDeviceEntry,
): Promise<"appended" | "conflict" | "too-many" | "link-unknown"> {
  const { user, change, link } = append;
  const list = await lockList(context, user);
  if (!extendsList(append, list) || (list === undefined && (await isBeingErased(context, user)))) return "conflict";
  if (append.version > limits.deviceListEntries) return "too-many";
  const device = await findDevice(context, change.device);
  if (change.operation === "revoke") {
    if (device?.user !== user || device.revokedAt !== null) return "conflict";
    if (!(await writeEntry(context, append))) return "conflict";
    await revokeDevice(context, user, change.device);
    return "appended";
  }
  if (device !== undefined) return "conflict";
  if (change.operation !== "reset" && (await countLiveDevices(context, user)) >= limits.devicesPerUser)
    return "too-many";
  if (link !== undefined && !(await answerLinkOffer(context, { user, ...change, ...link }))) return "link-unknown";
  if (!(await writeEntry(context, append))) return "conflict";
  if (change.operation === "reset") await revokeAll(context, user);
  const added = await context.db.run(
    "INSERT IGNORE INTO devices (device, user, device_key, added_version) VALUES (?, ?, ?, ?)",
    blobOf(change.device),
    user,
    change.deviceKey,
    append.version,
  );
  if (added !== 1) throw new DeviceTaken();
  return "appended";
}

/** Two users took the same device id in the same moment: the transaction of the second is undone. */
export class DeviceTaken extends Error {
  override readonly name = "DeviceTaken";
}

async function lockList({ db }: MysqlContext, user: UserId): Promise<ListRow | undefined> {
  return db.get<ListRow>(
    "SELECT account_key AS accountKey, version, head FROM device_lists WHERE user = ? FOR UPDATE",
    user,
  );
}

async function isBeingErased({ db }: MysqlContext, user: UserId): Promise<boolean> {
  return (await db.get("SELECT 1 AS found FROM erasures WHERE user = ?", user)) !== undefined;
}

function extendsList(append: AppendDeviceEntry, list: ListRow | undefined): boolean {
  if (list === undefined) return append.version === 1 && append.previousHead === null;
  return (
    append.version === list.version + 1 &&
    sameBytes(append.previousHead, list.head) &&
    sameBytes(append.accountKey, list.accountKey)
  );
}

async function countLiveDevices({ db }: MysqlContext, user: UserId): Promise<number> {
  const sql = "SELECT COUNT(*) AS count FROM devices WHERE user = ? AND revoked_at IS NULL";
  return (await db.get<{ count: number }>(sql, user))!.count;
}

/** False where somebody else's first entry of this user came first. */
async function writeEntry({ db }: MysqlContext, append: AppendDeviceEntry): Promise<boolean> {
  const { user, version, head, entry } = append;
  const accountKey = nextAccountKey(append);
  const moved =
    version === 1
      ? await db.run(
          "INSERT IGNORE INTO device_lists (user, account_key, version, head) VALUES (?, ?, 1, ?)",
          user,
          accountKey,
          head,
        )
      : await db.run(
          "UPDATE device_lists SET account_key = ?, version = ?, head = ? WHERE user = ? AND version = ?",
          accountKey,
          version,
          head,
          user,
          version - 1,
        );
  if (moved !== 1) return false;
  await db.run("INSERT INTO device_list_entries (user, version, entry) VALUES (?, ?, ?)", user, version, entry);
  return true;
}

/** Keys in the archive go, too: whoever could open them is gone, and they would stand in the place of new ones. */
async function revokeAll(context: MysqlContext, user: UserId): Promise<void> {
  await context.db.run("DELETE FROM history_keys WHERE user = ?", user);
  await deleteRecovery(context, user);
  const sql = "SELECT device FROM devices WHERE user = ? AND revoked_at IS NULL";
  const live = await context.db.all<{ device: Uint8Array }>(sql, user);
  for (const { device } of live) await revokeDevice(context, user, idOf(device));
}

async function revokeDevice(context: MysqlContext, user: UserId, device: DeviceId): Promise<void> {
  const blob = blobOf(device);
  await context.db.run("UPDATE devices SET revoked_at = ? WHERE device = ?", context.now, blob);
  await deleteKeyPackagesOf(context, blob);
  await deleteLinkOffersOf(context, blob);
  await deleteInboxOf(context, blob);
  await deletePushSubscriptionOf(context, blob);
  await deleteArchiveGrants(context, blob);
  await deleteDeviceName(context, blob);
  await deleteRecoveryGrantsBy(context, user, blob);
}
