/**
 * The user: its signed device list. Owns the order of checks: what extends a list is verified under the account key before
 * the store compares and sets, and who must know is told after. Never makes or signs an entry: only a primary device can.
 */
import { fromBase64, toBase64 } from "../protocol/base64.ts";
import { SottoError } from "../protocol/errors.ts";
import type { DeviceId, UserId } from "../protocol/ids.ts";
import type { ReplyOf, RequestOf } from "../protocol/requests.ts";
import { deviceRoom, userRoom } from "../protocol/rooms.ts";
import type { Caller } from "./caller.ts";
import type { Contacts } from "./contacts.ts";
import { equalBytes } from "./equal-bytes.ts";
import type { Delivery } from "./ports/delivery.ts";
import type { CheckedListEntry, PublicChecks } from "./ports/public-checks.ts";
import type { AppendDeviceEntry, DeviceRow } from "./ports/store-devices.ts";
import type { Store } from "./ports/store.ts";

export interface UserPorts {
  store: Store;
  delivery: Delivery;
  checks: PublicChecks;
  contacts: Contacts;
}

export class Users {
  private readonly ports: UserPorts;

  constructor(ports: UserPorts) {
    this.ports = ports;
  }

  /** Entries after the versions asked for, of the caller and of users it shares a conversation with. Throws `forbidden`. */
  async readDeviceLists(caller: Caller, request: RequestOf<"devices:read">): Promise<ReplyOf<"devices:read">> {
    await this.ports.contacts.require(
      caller.user,
      request.users.map(({ user }) => user),
    );
    const lists = await this.ports.store.readDeviceLists(request.users);
    const users = lists.map(({ user, accountKey, entries }) => {
      return { user, accountKey: accountKey && toBase64(accountKey), entries: entries.map(toBase64) };
    });
    return { users };
  }

  /**
   * The first device of a user. `isProved` says whether the key in the entry answered the challenge. A retry of the same
   * registration finds it done. Throws `link-required` where there is a device, `device-list-invalid`, `admission-refused`.
   */
  async registerFirstDevice(
    user: UserId,
    request: RequestOf<"session:register">,
    isProved: (deviceKey: Uint8Array) => boolean,
  ): Promise<DeviceRow> {
    const accountKey = fromBase64(request.accountKey);
    const bytes = fromBase64(request.entry);
    const entry = this.ports.checks.extendDeviceList([], bytes, accountKey);
    const { device, deviceKey } = entry;
    if (entry.user !== user || device !== request.device) refuse("The entry is for another user or device.");
    if (!isProved(deviceKey)) throw new SottoError("admission-refused");
    const outcome = await this.ports.store.appendDeviceEntry(appendOf(entry, accountKey, bytes));
    if (outcome === "appended") await this.tellListChanged(user, entry.version);
    else await this.requireSameRegistration(user, device, deviceKey);
    return { user, device, deviceKey, addedVersion: entry.version, revokedAt: null };
  }

  /** Takes a device out of its user's list: its sockets close, its key packages and inbox go. */
  async revokeDevice(caller: Caller, request: RequestOf<"devices:revoke">): Promise<ReplyOf<"devices:revoke">> {
    const entry = await this.extendOwnList(caller.user, fromBase64(request.entry), "revoke");
    const closeRevoked = () => this.ports.delivery.closeSockets(deviceRoom(entry.device), { code: "device-revoked" });
    // A device that revokes itself gets its answer first.
    setImmediate(closeRevoked);
    return { listVersion: entry.version };
  }

  /**
   * Appends one entry to the list of `user` and tells who must know. With `link`, it answers a waiting offer in the same
   * transaction. Throws `device-list-invalid`, `device-list-conflict`, `too-many-devices`, `link-unknown`.
   */
  async extendOwnList(
    user: UserId,
    bytes: Uint8Array,
    operation: "add" | "revoke",
    linking?: { link: { channel: Uint8Array; sealed: Uint8Array }; device: DeviceId; deviceKey: Uint8Array },
  ): Promise<CheckedListEntry> {
    const [list] = await this.ports.store.readDeviceLists([{ user, after: 0 }]);
    if (!list?.accountKey) throw new SottoError("device-unknown");
    const entry = this.ports.checks.extendDeviceList(list.entries, bytes, list.accountKey);
    if (entry.user !== user || entry.operation !== operation)
      refuse(`The entry is not of this user, or does not ${operation}.`);
    if (linking && !isFor(entry, linking)) refuse("The entry is for another device than the one that waits.");
    const append = { ...appendOf(entry, list.accountKey, bytes), ...(linking && { link: linking.link }) };
    const outcome = await this.ports.store.appendDeviceEntry(append);
    if (outcome === "conflict") throw new SottoError("device-list-conflict");
    if (outcome === "too-many") throw new SottoError("too-many-devices");
    if (outcome === "link-unknown") throw new SottoError("link-unknown");
    await this.tellListChanged(user, entry.version);
    return entry;
  }

  private async requireSameRegistration(user: UserId, device: DeviceId, deviceKey: Uint8Array): Promise<void> {
    const row = await this.ports.store.findDevice(device);
    if (row?.user === user && row.revokedAt === null && equalBytes(row.deviceKey, deviceKey)) return;
    const [list] = await this.ports.store.readDeviceLists([{ user, after: Number.MAX_SAFE_INTEGER }]);
    if (list && list.version > 0) throw new SottoError("link-required");
    refuse("The device id is taken.");
  }

  private async tellListChanged(user: UserId, version: number): Promise<void> {
    const change = { user, version };
    this.ports.delivery.emit(userRoom(user), "devices:changed", change);
    for (const peer of await this.ports.contacts.peersOf(user)) {
      this.ports.delivery.emit(userRoom(peer), "devices:changed", change);
    }
  }
}

function appendOf(entry: CheckedListEntry, accountKey: Uint8Array, bytes: Uint8Array): AppendDeviceEntry {
  const { user, version, previousHead, head, operation, device, deviceKey } = entry;
  const change = operation === "add" ? { operation, device, deviceKey } : { operation, device };
  return { user, accountKey, version, previousHead, head, entry: bytes, change };
}

function isFor(entry: CheckedListEntry, wanted: { device: DeviceId; deviceKey: Uint8Array }): boolean {
  return entry.device === wanted.device && equalBytes(entry.deviceKey, wanted.deviceKey);
}

function refuse(detail: string): never {
  throw new SottoError("device-list-invalid", { detail });
}
