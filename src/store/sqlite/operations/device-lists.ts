import type { AppendDeviceEntry, DeviceListRows, DeviceRow } from "../../../actors/ports/store-devices.ts";
import type { DeviceId, UserId } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import { blobOf, idOf, sameBytes } from "../../blobs.ts";
import { nextAccountKey } from "../../next-account-key.ts";
import type { StoreContext } from "../store-context.ts";
import { answerLinkOffer, deleteLinkOffersOf } from "./link-offers.ts";
import { deleteKeyPackagesOf } from "./key-packages.ts";
import { deleteInboxOf } from "./inbox.ts";
import { deleteRecovery, deleteRecoveryGrantsBy } from "./recovery.ts";
import { deleteArchiveGrants } from "./archive-grants.ts";
import { deleteDeviceName } from "./device-names.ts";
import { deletePushSubscriptionOf } from "./push-subscriptions.ts";

/** See `DeviceStore.findDevice`. */
export function findDevice({ db }: StoreContext, device: DeviceId): DeviceRow | undefined {
  const row = db.get<Omit<DeviceRow, "device">>(
    `SELECT user, device_key AS deviceKey, added_version AS addedVersion, revoked_at AS revokedAt
     FROM devices WHERE device = ?`,
    blobOf(device),
  );
  return (
    row && {
      user: row.user,
      device,
      deviceKey: row.deviceKey,
      addedVersion: row.addedVersion,
      revokedAt: row.revokedAt,
    }
  );
}

/** See `DeviceStore.findDevices`. */
export function findDevices(context: StoreContext, devices: readonly DeviceId[]): (DeviceRow | undefined)[] {
  return devices.map((device) => findDevice(context, device));
}

interface ListRow {
  accountKey: Uint8Array;
  version: number;
  head: Uint8Array;
}

function findList({ db }: StoreContext, user: UserId): ListRow | undefined {
  return db.get<ListRow>("SELECT account_key AS accountKey, version, head FROM device_lists WHERE user = ?", user);
}

/** The version of a user's device list, 0 where there is none. */
export function deviceListVersion({ db }: StoreContext, user: UserId): number {
  return db.get<{ version: number }>("SELECT version FROM device_lists WHERE user = ?", user)?.version ?? 0;
}

/** See `DeviceStore.readDeviceLists`. */
export function readDeviceLists(
  context: StoreContext,
  users: readonly { user: UserId; after: number }[],
): DeviceListRows[] {
  return users.map(({ user, after }) => {
    const list = findList(context, user);
    if (list === undefined) return { user, accountKey: null, version: 0, head: null, entries: [] };
    const entries = context.db.all<{ entry: Uint8Array }>(
      "SELECT entry FROM device_list_entries WHERE user = ? AND version > ? ORDER BY version",
      user,
      after,
    );
    return {
      user,
      accountKey: list.accountKey,
      version: list.version,
      head: list.head,
      entries: entries.map(({ entry }) => entry),
    };
  });
}

/** See `DeviceStore.appendDeviceEntry`. Everything is checked before anything is written. */
export function appendDeviceEntry(
  context: StoreContext,
  append: AppendDeviceEntry,
): "appended" | "conflict" | "too-many" | "link-unknown" {
  const { user, change, link } = append;
  const list = findList(context, user);
  if (!extendsList(append, list) || (list === undefined && isBeingErased(context, user))) return "conflict";
  if (append.version > limits.deviceListEntries) return "too-many";
  const device = findDevice(context, change.device);
  if (change.operation === "revoke") {
    if (device?.user !== user || device.revokedAt !== null) return "conflict";
    writeEntry(context, append);
    revokeDevice(context, user, change.device);
    return "appended";
  }
  if (device !== undefined) return "conflict";
  if (change.operation === "reset") revokeAll(context, user);
  else if (countLiveDevices(context, user) >= limits.devicesPerUser) return "too-many";
  if (link !== undefined && !answerLinkOffer(context, { user, ...change, ...link })) return "link-unknown";
  writeEntry(context, append);
  context.db.run(
    "INSERT INTO devices (device, user, device_key, added_version) VALUES (?, ?, ?, ?)",
    blobOf(change.device),
    user,
    change.deviceKey,
    append.version,
  );
  return "appended";
}

function isBeingErased({ db }: StoreContext, user: UserId): boolean {
  return db.get("SELECT 1 AS found FROM erasures WHERE user = ?", user) !== undefined;
}

function extendsList(append: AppendDeviceEntry, list: ListRow | undefined): boolean {
  if (list === undefined) return append.version === 1 && append.previousHead === null;
  return (
    append.version === list.version + 1 &&
    sameBytes(append.previousHead, list.head) &&
    sameBytes(append.accountKey, list.accountKey)
  );
}

function countLiveDevices({ db }: StoreContext, user: UserId): number {
  return db.get<{ count: number }>("SELECT count(*) AS count FROM devices WHERE user = ? AND revoked_at IS NULL", user)!
    .count;
}

function writeEntry({ db }: StoreContext, append: AppendDeviceEntry): void {
  const { user, version, head, entry } = append;
  db.run(
    `INSERT INTO device_lists (user, account_key, version, head) VALUES (?, ?, ?, ?)
     ON CONFLICT (user) DO UPDATE SET account_key = excluded.account_key, version = excluded.version, head = excluded.head`,
    user,
    nextAccountKey(append),
    version,
    head,
  );
  db.run("INSERT INTO device_list_entries (user, version, entry) VALUES (?, ?, ?)", user, version, entry);
}

/** Keys in the archive go, too: whoever could open them is gone, and they would stand in the place of new ones. */
function revokeAll(context: StoreContext, user: UserId): void {
  context.db.run("DELETE FROM history_keys WHERE user = ?", user);
  deleteRecovery(context, user);
  const sql = "SELECT device FROM devices WHERE user = ? AND revoked_at IS NULL";
  for (const { device } of context.db.all<{ device: Uint8Array }>(sql, user)) revokeDevice(context, user, idOf(device));
}

function revokeDevice(context: StoreContext, user: UserId, device: DeviceId): void {
  const blob = blobOf(device);
  context.db.run("UPDATE devices SET revoked_at = ? WHERE device = ?", context.now, blob);
  deleteKeyPackagesOf(context, blob);
  deleteLinkOffersOf(context, blob);
  deleteInboxOf(context, blob);
  deletePushSubscriptionOf(context, blob);
  deleteArchiveGrants(context, blob);
  deleteDeviceName(context, blob);
  deleteRecoveryGrantsBy(context, user, blob);
}
