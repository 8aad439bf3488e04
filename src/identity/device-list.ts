import { SottoError } from "../protocol/errors.ts";
import type { DeviceId, UserId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import { verifyCertificate } from "./device-certificate.ts";
import { decodeDeviceListEntry, deviceListEntryHash, deviceListEntrySignedBytes } from "./device-list-entry.ts";
import type { AccountKeyChange, DeviceListEntry } from "./device-list-entry.ts";
import { equalBytes } from "../protocol/equal-bytes.ts";
import { isSignatureValid } from "./signature.ts";

export { decodeDeviceListEntry, deviceListEntrySignedBytes, encodeDeviceListEntry } from "./device-list-entry.ts";
export type { DeviceListEntry } from "./device-list-entry.ts";

/**
 * A device as its list has it. `accountKey`: the one that certified it, 32 bytes. `revokedVersion`: the version of the entry that
 * revoked it, or with which its user started over; its key stays known.
 */
export interface ListedDevice {
  readonly deviceKey: Uint8Array;
  readonly accountKey: Uint8Array;
  readonly certificate: Uint8Array;
  readonly addedVersion: number;
  readonly revokedVersion?: number;
}

/**
 * All devices a user ever had. Append-only; `head` (32 bytes) is the hash of the entry `version`. `accountKey`: the one that counts
 * now. A reset gives up the one before, with every device that it certified.
 */
export interface DeviceList {
  readonly user: UserId;
  readonly accountKey: Uint8Array;
  readonly version: number;
  readonly head: Uint8Array;
  readonly devices: ReadonlyMap<DeviceId, ListedDevice>;
}

/** A place in a device list that was seen before and cannot be taken back. `head`: 32 bytes. */
export interface DeviceListPin {
  readonly version: number;
  readonly head: Uint8Array;
}

/**
 * The list with one more entry, signed by `accountKey` (32 bytes); `undefined` begins a list. Of a reset, `accountKey` is the new one.
 * Throws SottoError `device-list-invalid`, and `device-list-conflict` for an entry that extends another version.
 */
export function extendDeviceList(
  list: DeviceList | undefined,
  entryBytes: Uint8Array,
  accountKey: Uint8Array,
): DeviceList {
  const { entry, signature } = decodeOrRefuse(entryBytes);
  if (!isSignatureValid(signature, deviceListEntrySignedBytes(entry), accountKey)) {
    refuse("The entry is not signed by the account key.");
  }
  requireSuccessor(list, entry);
  if (entry.accountKeys) requireReset(list, entry.accountKeys, accountKey);
  else if (list && !equalBytes(list.accountKey, accountKey)) refuse("The list belongs to another account key.");
  const devices = new Map(list?.devices);
  if (entry.operation === "reset") revokeAll(devices, entry.version);
  if (entry.operation === "revoke") revokeDevice(devices, entry);
  else addDevice(devices, entry, accountKey);
  return { user: entry.user, accountKey, version: entry.version, head: deviceListEntryHash(entryBytes), devices };
}

/**
 * The list that `entries` spell out from the first on; `accountKey` (32 bytes) is the one that counts at its end. With `pinned`, what
 * was seen before must still stand in it. What stands between two resets is verified under the key of that time. Throws SottoError `untrusted-list` for an older, forked or wrongly signed list.
 */
export function verifyDeviceList(
  entries: readonly Uint8Array[],
  accountKey: Uint8Array,
  pinned?: DeviceListPin,
): DeviceList {
  let list: DeviceList | undefined;
  let pinSeen = pinned === undefined;
  let key = accountKeyAt(entries, 0, accountKey);
  for (const entry of entries) {
    key = resetOf(entry)?.next ?? key;
    list = extendOrDistrust(list, entry, key);
    if (pinned && list.version === pinned.version) {
      if (!equalBytes(list.head, pinned.head)) {
        throw new SottoError("untrusted-list", { detail: "The list forks from the one that was seen before." });
      }
      pinSeen = true;
    }
  }
  if (!list) throw new SottoError("untrusted-list", { detail: "The list is empty." });
  if (!pinSeen)
    throw new SottoError("untrusted-list", { detail: "The list is older than the one that was seen before." });
  if (!equalBytes(list.accountKey, accountKey))
    throw new SottoError("untrusted-list", { detail: "The list ends under another account key." });
  return list;
}

/**
 * The account key (32 bytes) that counted at a version of a list. `entries`: those after that version, or from further back on;
 * `accountKey`: the one that counts at their end. Judges nothing; an entry that is malformed counts as none.
 */
export function accountKeyAt(entries: readonly Uint8Array[], version: number, accountKey: Uint8Array): Uint8Array {
  for (const bytes of entries) {
    const reset = resetOf(bytes);
    if (reset && reset.version > version) return reset.replaced;
  }
  return accountKey;
}

function resetOf(bytes: Uint8Array): (AccountKeyChange & { version: number }) | undefined {
  try {
    const { version, accountKeys } = decodeDeviceListEntry(bytes).entry;
    return accountKeys && { version, ...accountKeys };
  } catch {
    return undefined;
  }
}

function extendOrDistrust(list: DeviceList | undefined, entry: Uint8Array, accountKey: Uint8Array): DeviceList {
  try {
    return extendDeviceList(list, entry, accountKey);
  } catch (cause) {
    throw new SottoError("untrusted-list", { cause });
  }
}

function requireSuccessor(list: DeviceList | undefined, entry: DeviceListEntry): void {
  if (list && list.user !== entry.user) refuse("The list belongs to another user.");
  if (!list && entry.operation !== "add") refuse("A list begins with a device.");
  if (entry.version > limits.deviceListEntries) refuse("The list is full.");
  const version = (list?.version ?? 0) + 1;
  const head = list?.head ?? new Uint8Array(32);
  if (entry.version !== version) throw new SottoError("device-list-conflict");
  if (!equalBytes(entry.previousHash, head)) throw new SottoError("device-list-conflict");
}

/** A key that was given up never counts again: whoever has it would. */
function requireReset(
  list: DeviceList | undefined,
  { replaced, next }: AccountKeyChange,
  accountKey: Uint8Array,
): void {
  if (!list || !equalBytes(list.accountKey, replaced)) refuse("The reset replaces another account key.");
  if (!equalBytes(next, accountKey)) refuse("The reset is signed by another account key than it names.");
  const former = [list.accountKey, ...[...list.devices.values()].map((device) => device.accountKey)];
  if (former.some((key) => equalBytes(key, next))) refuse("The reset names an account key that the list had.");
}

function addDevice(devices: Map<DeviceId, ListedDevice>, entry: DeviceListEntry, accountKey: Uint8Array): void {
  const certificate = verifyCertificate(entry.certificate, accountKey);
  const fits =
    certificate.user === entry.user &&
    certificate.device === entry.device &&
    certificate.listVersion === entry.version &&
    equalBytes(certificate.deviceKey, entry.deviceKey);
  if (!fits) refuse("The certificate is for another device, key or version.");
  if (devices.has(entry.device)) refuse("The device is in the list, or was.");
  if (equalBytes(entry.deviceKey, accountKey)) refuse("An account key cannot be a device key.");
  for (const known of devices.values()) {
    if (equalBytes(known.deviceKey, entry.deviceKey)) refuse("Another device has this key, or had it.");
  }
  const { deviceKey, version } = entry;
  devices.set(entry.device, { deviceKey, accountKey, certificate: entry.certificate, addedVersion: version });
}

function revokeDevice(devices: Map<DeviceId, ListedDevice>, entry: DeviceListEntry): void {
  const device = devices.get(entry.device);
  if (!device) refuse("The device is not in the list.");
  if (device.revokedVersion !== undefined) refuse("The device is revoked already.");
  if (!equalBytes(device.deviceKey, entry.deviceKey)) refuse("The device has another key.");
  if (entry.certificate.length > 0) refuse("A revocation carries no certificate.");
  devices.set(entry.device, { ...device, revokedVersion: entry.version });
}

function revokeAll(devices: Map<DeviceId, ListedDevice>, version: number): void {
  for (const [id, device] of devices) devices.set(id, { ...device, revokedVersion: device.revokedVersion ?? version });
}

function decodeOrRefuse(bytes: Uint8Array): ReturnType<typeof decodeDeviceListEntry> {
  try {
    return decodeDeviceListEntry(bytes);
  } catch (cause) {
    throw new SottoError("device-list-invalid", { detail: "The entry is malformed.", cause });
  }
}

function refuse(detail: string): never {
  throw new SottoError("device-list-invalid", { detail });
}
