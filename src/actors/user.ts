/**
 * The user: its signed device list. Owns the order of checks: what extends a list is verified under the account key before
 * the store compares and sets, and who must know is told after. Never makes or signs an entry: only a primary device can.
 */
import { fromBase64, toBase64 } from "../protocol/base64.ts";
import { isErasedUser } from "../protocol/erased-users.ts";
import { SottoError } from "../protocol/errors.ts";
import type { DeviceId, UserId } from "../protocol/ids.ts";
import type { ReplyOf, RequestOf } from "../protocol/requests.ts";
import { deviceRoom, userRoom } from "../protocol/rooms.ts";
import type { Caller } from "./caller.ts";
import type { Contacts } from "./contacts.ts";
import { equalBytes } from "../protocol/equal-bytes.ts";
import { limitRate } from "./limit-rate.ts";
import type { Delivery } from "./ports/delivery.ts";
import type { CheckedListEntry, PublicChecks } from "./ports/public-checks.ts";
import type { RateLimiter } from "./ports/rate-limiter.ts";
import type { AppendDeviceEntry, DeviceListRows, DeviceRow } from "./ports/store-devices.ts";
import type { Telemetry } from "./ports/silent-telemetry.ts";
import type { Store } from "./ports/store.ts";

export interface UserPorts {
  store: Store;
  delivery: Delivery;
  checks: PublicChecks;
  contacts: Contacts;
  limiter: RateLimiter;
  telemetry: Telemetry;
}

/** The device that waits, as it was offered, and the sealed answer to its offer. */
interface Linked {
  link: { channel: Uint8Array; sealed: Uint8Array };
  device: DeviceId;
  deviceKey: Uint8Array;
}

export class Users {
  private readonly ports: UserPorts;

  constructor(ports: UserPorts) {
    this.ports = ports;
  }

  /** Entries after the versions asked for, of the caller and of users it shares a conversation with, or has. Throws `forbidden`. */
  async readDeviceLists(caller: Caller, request: RequestOf<"devices:read">): Promise<ReplyOf<"devices:read">> {
    await this.requireReadable(caller, request);
    const lists = await this.ports.store.readDeviceLists(request.users);
    // Who has seen a list that is not there any more is told so only as a contact: else somebody was erased a moment ago.
    const missing = lists.filter(({ user, accountKey }) => accountKey === null && !isErasedUser(user));
    const seen = missing.filter(({ user }) => request.users.some((asked) => asked.user === user && asked.after > 0));
    if (seen.length > 0)
      await this.ports.contacts.requireNow(
        caller.user,
        seen.map(({ user }) => user),
      );
    return { users: await Promise.all(lists.map((list) => this.readableList(list))) };
  }

  private async readableList({ user, accountKey, entries }: DeviceListRows) {
    if (!isErasedUser(user))
      return { user, accountKey: accountKey && toBase64(accountKey), entries: entries.map(toBase64) };
    const devices = await this.ports.store.readErasedDevices(user);
    const erased = devices.map(({ device, deviceKey }) => ({ device, deviceKey: toBase64(deviceKey) }));
    return { user, accountKey: null, entries: [], erased };
  }

  /**
   * In a group also of those who have left it, where the caller may read what they said there: it is signed by their devices. And for a
   * caller who has left it, of those who were there then.
   */
  private async requireReadable({ user }: Caller, { users, conversation }: RequestOf<"devices:read">): Promise<void> {
    // Whoever knows a pseudonym has met it in a log.
    const others = users.map((one) => one.user).filter((other) => !isErasedUser(other));
    const { store, contacts } = this.ports;
    const met = conversation === undefined ? [] : await store.metInHistory(conversation, user, others);
    const strangers = others.filter((other) => !met.includes(other));
    if (strangers.length > 0) await contacts.requireFor(user, strangers, conversation);
  }

  /** Throws `forbidden` unless the caller shares a conversation with each of them. */
  requireContacts(caller: Caller, users: readonly UserId[]): Promise<void> {
    return this.ports.contacts.require(caller.user, users);
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
    if (outcome === "appended") this.tellListChanged(user, entry.version);
    else await this.requireSameRegistration(user, device, deviceKey);
    return { user, device, deviceKey, addedVersion: entry.version, revokedAt: null };
  }

  /** Where the user's list stands, as a reset has to name it. Throws `device-unknown` for who has none. */
  async readListHead(user: UserId): Promise<ReplyOf<"devices:head">> {
    const [list] = await this.ports.store.readDeviceLists([{ user, after: Number.MAX_SAFE_INTEGER }]);
    if (!list?.accountKey || !list.head) throw new SottoError("device-unknown");
    return { accountKey: toBase64(list.accountKey), version: list.version, head: toBase64(list.head) };
  }

  /**
   * The user starts over: a new account key, a first device under it, and all devices before are closed out. `isProved`, and a
   * retry, as of `registerFirstDevice`. Throws `device-unknown` for who has no list, `device-list-invalid`, `device-list-conflict`,
   * `admission-refused`, `rate-limited`.
   */
  async startOver(
    user: UserId,
    request: RequestOf<"session:reset">,
    isProved: (deviceKey: Uint8Array) => boolean,
  ): Promise<DeviceRow> {
    const known = await this.ports.store.findDevice(request.device);
    if (known?.user === user && known.revokedAt === null && isProved(known.deviceKey)) return known;
    const [list] = await this.ports.store.readDeviceLists([{ user, after: 0 }]);
    if (!list?.accountKey) throw new SottoError("device-unknown");
    const keys = { replaced: list.accountKey, next: fromBase64(request.accountKey) };
    const bytes = fromBase64(request.entry);
    const entry = this.ports.checks.resetDeviceList(list.entries, bytes, keys);
    const { device, deviceKey, version } = entry;
    if (entry.operation !== "reset" || entry.user !== user || device !== request.device)
      refuse("The entry is for another user or device, or does not start over.");
    if (!isProved(deviceKey)) throw new SottoError("admission-refused");
    await limitRate(this.ports.limiter, "reset", user);
    const change = { operation: "reset" as const, device, deviceKey, nextAccountKey: keys.next };
    const outcome = await this.ports.store.appendDeviceEntry({ ...appendOf(entry, keys.replaced, bytes), change });
    if (outcome !== "appended") throw new SottoError("device-list-conflict");
    // Whoever is admitted later was found alive after this: the device that comes, and those it links.
    const admittedBefore = await this.ports.store.clock();
    this.ports.delivery.closeSockets(userRoom(user), { code: "device-revoked" }, { admittedBefore });
    this.tellListChanged(user, version);
    return { user, device, deviceKey, addedVersion: version, revokedAt: null };
  }

  /**
   * A further device by the account key's word alone, which a recovery key has given back. `isProved`, and a retry, as of
   * `registerFirstDevice`. Throws `device-unknown` for who has no list, `device-list-invalid`, `device-list-conflict`,
   * `too-many-devices`, `admission-refused`, `device-revoked`.
   */
  async restoreDevice(
    user: UserId,
    request: RequestOf<"session:restore">,
    isProved: (deviceKey: Uint8Array) => boolean,
  ): Promise<DeviceRow> {
    const known = await this.ports.store.findDevice(request.device);
    if (known?.user === user && isProved(known.deviceKey)) {
      if (known.revokedAt !== null) throw new SottoError("device-revoked");
      return known;
    }
    const isThis = (entry: CheckedListEntry): void => {
      if (entry.device !== request.device) refuse("The entry is for another device.");
      if (!isProved(entry.deviceKey)) throw new SottoError("admission-refused");
    };
    const entry = await this.append(user, fromBase64(request.entry), "add", { isThis });
    this.tellListChanged(user, entry.version);
    const { device, deviceKey, version } = entry;
    return { user, device, deviceKey, addedVersion: version, revokedAt: null };
  }

  /** Takes a device out of its user's list: its sockets close, its key packages and inbox go. */
  async revokeDevice(caller: Caller, request: RequestOf<"devices:revoke">): Promise<ReplyOf<"devices:revoke">> {
    const entry = await this.append(caller.user, fromBase64(request.entry), "revoke");
    const closeRevoked = () => this.ports.delivery.closeSockets(deviceRoom(entry.device), { code: "device-revoked" });
    // At once, so that it hears of nothing that comes later. A device that revokes itself gets its answer first.
    if (entry.device === caller.device) setImmediate(closeRevoked);
    else closeRevoked();
    this.tellListChanged(caller.user, entry.version);
    return { listVersion: entry.version };
  }

  /**
   * Adds the device that waits to the list of `user`, answers its offer in the same transaction, and tells who must know.
   * Throws `device-list-invalid`, `device-list-conflict`, `too-many-devices`, `link-unknown`.
   */
  async linkDevice(user: UserId, bytes: Uint8Array, linking: Linked): Promise<CheckedListEntry> {
    const entry = await this.append(user, bytes, "add", { linking });
    this.tellListChanged(user, entry.version);
    return entry;
  }

  private async append(
    user: UserId,
    bytes: Uint8Array,
    operation: "add" | "revoke",
    { linking, isThis }: { linking?: Linked; isThis?: (entry: CheckedListEntry) => void } = {},
  ): Promise<CheckedListEntry> {
    const [list] = await this.ports.store.readDeviceLists([{ user, after: 0 }]);
    if (!list?.accountKey) throw new SottoError("device-unknown");
    const entry = this.ports.checks.extendDeviceList(list.entries, bytes, list.accountKey);
    if (entry.user !== user || entry.operation !== operation)
      refuse(`The entry is not of this user, or does not ${operation}.`);
    if (linking && !isFor(entry, linking)) refuse("The entry is for another device than the one that waits.");
    isThis?.(entry);
    const append = { ...appendOf(entry, list.accountKey, bytes), ...(linking && { link: linking.link }) };
    const outcome = await this.ports.store.appendDeviceEntry(append);
    if (outcome === "conflict") throw new SottoError("device-list-conflict");
    if (outcome === "too-many") throw new SottoError("too-many-devices");
    if (outcome === "link-unknown") throw new SottoError("link-unknown");
    return entry;
  }

  private async requireSameRegistration(user: UserId, device: DeviceId, deviceKey: Uint8Array): Promise<void> {
    const row = await this.ports.store.findDevice(device);
    if (row?.user === user && row.revokedAt === null && equalBytes(row.deviceKey, deviceKey)) return;
    const [list] = await this.ports.store.readDeviceLists([{ user, after: Number.MAX_SAFE_INTEGER }]);
    if (list && list.version > 0) throw new SottoError("link-required");
    // Who had the name is being erased just now.
    if (!row) throw new SottoError("device-list-conflict");
    refuse("The device id is taken.");
  }

  /** In the background: the list has changed, whether everybody hears of it or not. */
  private tellListChanged(user: UserId, version: number): void {
    const change = { user, version };
    const tell = (who: UserId) => this.ports.delivery.emit(userRoom(who), "devices:changed", change);
    tell(user);
    this.ports.contacts.peersOf(user).then(
      (peers) => peers.forEach(tell),
      (error: unknown) => this.ports.telemetry.log.error("push.failed", { push: "devices:changed", user, error }),
    );
  }
}

function appendOf(entry: CheckedListEntry, accountKey: Uint8Array, bytes: Uint8Array): AppendDeviceEntry {
  const { user, version, previousHead, head, operation, device, deviceKey } = entry;
  const change = operation === "revoke" ? { operation, device } : { operation: "add" as const, device, deviceKey };
  return { user, accountKey, version, previousHead, head, entry: bytes, change };
}

function isFor(entry: CheckedListEntry, wanted: { device: DeviceId; deviceKey: Uint8Array }): boolean {
  return entry.device === wanted.device && equalBytes(entry.deviceKey, wanted.deviceKey);
}

function refuse(detail: string): never {
  throw new SottoError("device-list-invalid", { detail });
}
