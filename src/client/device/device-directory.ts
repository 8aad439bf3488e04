/**
 * The device lists of this user and its contacts, verified and pinned. Owns trust on first use: the first account key seen
 * of a user is the one that counts, until the list that is held goes on to another by a reset, and a list only ever grows. On a device
 * that was linked or restored, what the other device or the vault knew of a contact stands for its list until that is read. Errors:
 * `identity-changed`, `untrusted-list`; whoever asked, they are emitted too, with the user they are about.
 */
import {
  accountKeyAt,
  decodeDeviceListEntry,
  verifyDeviceList,
  type DeviceList,
  type DeviceListPin,
  type ListedDevice,
} from "../../identity/device-list.ts";
import { deviceListEntryHash } from "../../identity/device-list-entry.ts";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import { fromBase64 } from "../../protocol/base64.ts";
import { isErasedUser } from "../../protocol/erased-users.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { ContactPin } from "../../crypto/contact-pins.ts";
import type { ConversationId, DeviceId, UserId } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { ReplyOf } from "../../protocol/requests.ts";
import type { Connection } from "../connection/connection.ts";
import { laterPin } from "./later-pin.ts";
import { decodeRecord, encodeRecord, tables, type ListRecord, type PinRecord } from "../records.ts";
import type { OpenClientStore, RecordChange } from "../stores/client-store.ts";
import { FreshRun } from "../async/fresh-run.ts";
import { TaskQueue } from "../async/task-queue.ts";
import { TypedEmitter } from "../async/typed-emitter.ts";

/** What a person, and the node, have said of the account key that is pinned for a user. */
export interface Trust {
  /** A person has compared. */
  confirmed: boolean;
  /** The node has claimed another key since, or ever; or the user has started over. */
  changed: boolean;
}

type ListAnswer = ReplyOf<"devices:read">["users"][number];

export interface ListedUser extends Trust {
  list: DeviceList;
  entries: Uint8Array[];
  /** A person has heard that it changed, and goes on without having compared. */
  accepted?: boolean;
}

export interface DirectoryEvents {
  /** What the node says of a user's devices is not what was seen before, or not the user's. */
  distrusted: { code: "identity-changed" | "untrusted-list"; user: UserId };
  /** The user has started over: the list goes on under another account key, which is pinned now. */
  startedOver: { user: UserId };
  /** A person has compared, or does not insist: what was held back for this user may go. */
  confirmed: { user: UserId };
}

export class DeviceDirectory extends TypedEmitter<DirectoryEvents> {
  private readonly store: OpenClientStore;
  private readonly connection: Connection;
  private readonly known = new Map<UserId, ListedUser>();
  /** What the vault, or the device that linked this one, told of users whose lists were not read as far since. */
  private readonly vaulted = new Map<UserId, ContactPin>();
  /** What was said of somebody who was erased since, and of whom no list has come under that name again. */
  private readonly former = new Map<UserId, Trust>();
  private own: { user: UserId; accountKey: Uint8Array } | undefined;
  /** Of users who were erased, as the node has said. */
  private readonly erased = new Map<UserId, ReadonlyMap<DeviceId, { deviceKey: Uint8Array }>>();
  private readonly pinning = new TaskQueue();
  private readonly refreshes = new Map<UserId, FreshRun<DeviceList | undefined>>();

  constructor(store: OpenClientStore, connection: Connection) {
    super();
    this.store = store;
    this.connection = connection;
  }

  /** This device's own user needs no trust on first use: it knows its account key. */
  pinOwn(user: UserId, accountKey: Uint8Array): void {
    this.own = { user, accountKey };
  }

  /** Takes up the lists in the store. */
  async load(): Promise<void> {
    for (const { bytes } of await this.store.list(tables.lists)) {
      const { user, accountKey, entries, accepted = false, ...said } = decodeRecord<ListRecord>(bytes);
      const { confirmed = false, changed = false } = said;
      if (entries.length === 0) this.former.set(user, { confirmed, changed });
      else this.known.set(user, { list: verifyDeviceList(entries, accountKey), entries, confirmed, changed, accepted });
    }
    for (const { bytes } of await this.store.list(tables.pins)) this.hold(decodeRecord<PinRecord>(bytes));
  }

  /** What of the contacts of a vault, or of another device, goes beyond what this one has read, to be stored; `hold` it when it is. */
  pinChanges(pins: readonly ContactPin[]): { pins: ContactPin[]; changes: RecordChange[] } {
    const ahead = pins
      .filter((pin) => pin.user !== this.own?.user && this.isAhead(pin))
      .map((pin) => laterPin(this.vaulted.get(pin.user), pin));
    const changes = ahead.map((pin) => ({ table: tables.pins, id: pin.user, bytes: encodeRecord(pin) }));
    return { pins: ahead, changes };
  }

  /** Takes over what another device of this user has put into the vault: contacts, and whom a person has compared there. */
  async merge(pins: readonly ContactPin[]): Promise<void> {
    const taken = this.pinChanges(pins);
    await this.store.write(taken.changes);
    for (const pin of taken.pins) this.hold(pin);
    for (const { user, accountKey, confirmed, changed } of pins) {
      const known = this.known.get(user);
      if (!known || known.confirmed || !confirmed || changed) continue;
      if (equalBytes(known.list.accountKey, accountKey)) await this.confirm(user, accountKey);
    }
  }

  hold(pin: ContactPin): void {
    this.vaulted.set(pin.user, pin);
  }

  /** All contacts, for a vault or another device: those whom a person has compared first, so that they are the last to be left out. */
  pins(): ContactPin[] {
    const pins = new Map(this.vaulted);
    for (const [name, { list, confirmed, changed }] of this.known) {
      if (isErasedUser(name)) continue;
      const { user, accountKey } = list;
      const { version, head } = this.furthestOf(list);
      pins.set(user, { user, accountKey, version, head, confirmed, changed });
    }
    const all = [...pins.values()].filter(({ user }) => user !== this.own?.user);
    const rank = ({ confirmed, changed }: ContactPin): number => (confirmed ? 0 : changed ? 1 : 2);
    return all.toSorted((one, other) => rank(one) - rank(other) || (one.user < other.user ? -1 : 1));
  }

  /** The list as it was last verified. */
  get(user: UserId): DeviceList | undefined {
    return this.known.get(user)?.list;
  }

  trustIn(user: UserId): Trust {
    const { confirmed = false, changed = false } =
      this.known.get(user) ?? this.vaulted.get(user) ?? this.former.get(user) ?? {};
    return { confirmed, changed };
  }

  /** Contacts whose key is not the one that it was, or another was claimed for, and of whom no person has said anything since. */
  unsettled(): UserId[] {
    const all = [...this.known].filter(([user, { changed, accepted }]) => changed && !accepted && !isErasedUser(user));
    return all.map(([user]) => user).toSorted();
  }

  /** Whether nothing is to be sealed for a user: a person has confirmed a key, and another is claimed, or has taken its place. */
  isHeldBack(user: UserId): boolean {
    const { confirmed, changed } = this.trustIn(user);
    return confirmed && changed;
  }

  /** Whether a device is of an account key that took the place of one that a person had confirmed, and nobody has compared it yet. */
  isInDoubt({ user, device }: { user: UserId; device: DeviceId }): boolean {
    const list = this.get(user);
    const listed = list?.devices.get(device);
    if (!list || !listed || !this.isHeldBack(user) || !equalBytes(listed.accountKey, list.accountKey)) return false;
    return [...list.devices.values()].some((one) => !equalBytes(one.accountKey, list.accountKey));
  }

  /** A person has compared this key (32 bytes). Error: `identity-changed` where it is not the one that is pinned. */
  async confirm(user: UserId, accountKey: Uint8Array): Promise<void> {
    const known = this.known.get(user);
    if (!known || !equalBytes(known.list.accountKey, accountKey)) throw new SottoError("identity-changed");
    await this.pin(user, known, { confirmed: true, changed: false });
    this.emit("confirmed", { user });
  }

  /** A person goes on with the key that is pinned without having compared: as if nobody ever had. */
  async accept(user: UserId): Promise<void> {
    const [known, vaulted] = [this.known.get(user), this.vaulted.get(user)];
    if (!known && !vaulted) return;
    if (known) await this.pin(user, known, { confirmed: false, accepted: true });
    else await this.markVaulted({ ...vaulted!, confirmed: false });
    this.emit("confirmed", { user });
  }

  /**
   * Whether a device's account key is one that its user's list accounts for: the pinned one, or for a device of before the user
   * started over the one of then. Of a user without a list everything is: nothing is pinned yet.
   */
  accountsFor({ user, device, accountKey }: { user: UserId; device: DeviceId; accountKey: Uint8Array }): boolean {
    if (this.isOfNow({ user, accountKey }) || this.isOfErased({ device, accountKey })) return true;
    const listed = this.get(user)?.devices.get(device);
    return listed !== undefined && equalBytes(listed.accountKey, accountKey);
  }

  /** Whether a device was one of somebody who was erased, under the account key that was pinned then. */
  isOfErased({ device, accountKey }: { device: DeviceId; accountKey: Uint8Array }): boolean {
    return this.erasedLists().some(({ devices }) => {
      const listed = devices.get(device);
      return listed !== undefined && equalBytes(listed.accountKey, accountKey);
    });
  }

  /** Whether an account key is the one that is pinned for its user, or none is. */
  isOfNow({ user, accountKey }: { user: UserId; accountKey: Uint8Array }): boolean {
    const pinned = this.get(user) ?? this.vaulted.get(user);
    return !pinned || equalBytes(pinned.accountKey, accountKey);
  }

  /** A device as a user's list has it, also as that of somebody who was erased had it. */
  deviceOf({ user, device }: { user: UserId; device: DeviceId }): ListedDevice | undefined {
    const listed = this.get(user)?.devices.get(device);
    return (
      listed ??
      this.erasedLists()
        .find((list) => list.user === user && list.devices.has(device))
        ?.devices.get(device)
    );
  }

  /**
   * Somebody was erased: the list that is held stays for what was said, under the pseudonym. Whoever comes under the name again is somebody
   * new, of which a person is told as of any other key; where one had compared the old one, messages wait for that.
   */
  noteErased(user: UserId, pseudonym: UserId): Promise<void> {
    return this.pinning.run(async () => {
      const known = this.known.get(user);
      if (!known || this.known.has(pseudonym)) return;
      const { list, entries, confirmed } = known;
      const { accountKey } = list;
      const kept: ListRecord = { user: pseudonym, accountKey, entries, confirmed: false, changed: false };
      const former: ListRecord = { user, accountKey, entries: [], confirmed, changed: true };
      await this.store.write(
        [kept, former].map((record) => ({ table: tables.lists, id: record.user, bytes: encodeRecord(record) })),
      );
      this.known.set(pseudonym, { list, entries, confirmed: false, changed: false });
      this.known.delete(user);
      this.former.set(user, { confirmed, changed: true });
    });
  }

  private erasedLists(): DeviceList[] {
    return [...this.known].filter(([user]) => isErasedUser(user)).map(([, { list }]) => list);
  }

  /** Whose list has a device: under the name, also of somebody who was erased since. */
  ownerOf(device: DeviceId): UserId | undefined {
    return [...this.known.values()].find(({ list }) => list.devices.has(device))?.list.user;
  }

  /**
   * The keys that the devices of somebody had who was erased: the node's word, for the list that signs them bears the name. Errors: those
   * of the connection.
   */
  async erasedDevices(pseudonym: UserId): Promise<ReadonlyMap<DeviceId, { deviceKey: Uint8Array }>> {
    const held = this.erased.get(pseudonym);
    if (held) return held;
    const answer = (await this.read([pseudonym])).get(pseudonym);
    const devices = new Map(
      answer?.erased?.map(({ device, deviceKey }) => [device, { deviceKey: fromBase64(deviceKey) }]),
    );
    this.erased.set(pseudonym, devices);
    return devices;
  }

  /** Devices that are not revoked, with their keys. */
  liveDevices(user: UserId): DeviceId[] {
    return [...(this.get(user)?.devices ?? [])]
      .filter(([, device]) => device.revokedVersion === undefined)
      .map(([device]) => device);
  }

  /** Hash of the list at a version, as this device verified it; undefined beyond what it knows. */
  headAt(user: UserId, version: number): Uint8Array | undefined {
    const entry = this.known.get(user)?.entries[version - 1];
    return entry && deviceListEntryHash(entry);
  }

  /** All entries of a user's list, for handing on. */
  entries(user: UserId): Uint8Array[] {
    return this.known.get(user)?.entries ?? [];
  }

  /**
   * Asks the node for what is new, verifies and pins it. Undefined for a user without a device. `inGroup`: a group that this
   * device may add the user to, where they share no conversation yet.
   */
  refresh(user: UserId, inGroup?: ConversationId): Promise<DeviceList | undefined> {
    const refreshes = this.refreshes.get(user) ?? new FreshRun<DeviceList | undefined>();
    this.refreshes.set(user, refreshes);
    return refreshes.run(() => this.fetch(user, inGroup).catch((error: unknown) => this.passOn(error, user)));
  }

  /** The same for many, in as few requests as can be. Takes in what it can of a request, then throws what was wrong with the first. */
  async refreshAll(users: readonly UserId[], inGroup?: ConversationId): Promise<void> {
    for (let first = 0; first < users.length; first += limits.usersPerDeviceListRead) {
      const some = users.slice(first, first + limits.usersPerDeviceListRead);
      if (some.length === 1) await this.refresh(some[0]!, inGroup);
      else await this.refreshSome(some, inGroup);
    }
  }

  private async refreshSome(users: readonly UserId[], inGroup?: ConversationId): Promise<void> {
    const after = new Map(users.map((user) => [user, this.versionOf(user)]));
    const answers = await this.read(users, inGroup);
    const taken = await Promise.allSettled(
      users.map((user) =>
        this.take(user, answers.get(user), after.get(user)!).catch((error: unknown) => this.passOn(error, user)),
      ),
    );
    for (const one of taken) if (one.status === "rejected") throw one.reason;
  }

  private versionOf(user: UserId): number {
    return this.known.get(user)?.list.version ?? 0;
  }

  private async fetch(user: UserId, inGroup?: ConversationId): Promise<DeviceList | undefined> {
    const after = this.versionOf(user);
    return this.take(user, (await this.read([user], inGroup)).get(user), after);
  }

  private async read(users: readonly UserId[], inGroup?: ConversationId): Promise<Map<UserId, ListAnswer>> {
    const { users: answers } = await this.connection.request("devices:read", {
      users: users.map((user) => ({ user, after: this.versionOf(user) })),
      ...(inGroup ? { conversation: inGroup } : {}),
    });
    return new Map(answers.map((answer) => [answer.user, answer]));
  }

  private async take(user: UserId, answer: ListAnswer | undefined, after: number): Promise<DeviceList | undefined> {
    if (answer?.accountKey)
      return this.adopt(user, fromBase64(answer.accountKey), answer.entries.map(fromBase64), after);
    if (!this.known.has(user) && !this.vaulted.has(user)) return undefined;
    throw new SottoError("untrusted-list", { detail: "The node denies a device list that was seen before." });
  }

  /** Verifies entries that follow a version (default: what is known), and pins them. */
  async adopt(
    user: UserId,
    accountKey: Uint8Array,
    added: Uint8Array[],
    after = this.versionOf(user),
  ): Promise<DeviceList> {
    const before = this.known.get(user);
    const vaulted = this.vaulted.get(user);
    if (vaulted && !before) return this.adoptVaulted(vaulted, accountKey, added);
    // Another answer may have brought some of them since this one was asked for.
    const meanwhile = Math.max(0, (before?.list.version ?? 0) - after);
    const fresh = added.slice(meanwhile);
    if (this.own?.user === user && !equalBytes(this.own.accountKey, accountKey)) return this.refuseKey(user, before);
    if (before && fresh.length === 0) {
      const then = accountKeyAt(before.entries, after + added.length, before.list.accountKey);
      if (!equalBytes(then, accountKey)) return this.refuseKey(user, before);
      if (this.furthestOf(before.list) === before.list) return before.list;
      throw new SottoError("untrusted-list", {
        detail: "The node withholds what another device of this user has seen.",
      });
    }
    const entries = [...(before?.entries ?? []), ...fresh];
    if (before && !equalBytes(before.list.accountKey, accountKey)) return this.startOver(before, entries, accountKey);
    const list = verifyDeviceList(entries, accountKey, before && this.furthestOf(before.list));
    requireUser(user, list, entries);
    await this.pin(user, { list, entries });
    return list;
  }

  /** The first list that is read of somebody whom the vault tells of: it goes on from where that one knew it to stand. */
  private async adoptVaulted(pin: ContactPin, accountKey: Uint8Array, entries: Uint8Array[]): Promise<DeviceList> {
    const { user, version, head } = pin;
    if (!equalBytes(accountKeyAt(entries, version, accountKey), pin.accountKey)) {
      await this.markVaulted({ ...pin, changed: true });
      throw new SottoError("identity-changed");
    }
    const list = verifyDeviceList(entries, accountKey, { version, head });
    requireUser(user, list, entries);
    const hasStartedOver = !equalBytes(accountKey, pin.accountKey);
    await this.pin(user, { list, entries }, { confirmed: pin.confirmed, changed: pin.changed || hasStartedOver });
    if (hasStartedOver) this.emit("startedOver", { user });
    return list;
  }

  /** Where a list is known to have got to: as it was read, or as the vault or another device knew it. */
  private furthestOf(list: DeviceList): DeviceListPin {
    const vaulted = this.vaulted.get(list.user);
    return vaulted && this.isAhead(vaulted) ? vaulted : list;
  }

  /** Of a list that was read, by the same key alone: a false key that another device was shown must not stand against it. */
  private isAhead({ user, accountKey, version }: ContactPin): boolean {
    const list = this.get(user);
    return !list || (version > list.version && equalBytes(list.accountKey, accountKey));
  }

  private async markVaulted(pin: ContactPin): Promise<void> {
    await this.store.write([{ table: tables.pins, id: pin.user, bytes: encodeRecord(pin) }]);
    this.hold(pin);
  }

  /** Another account key counts where the list that is held goes on to it by a reset. */
  private async startOver(before: ListedUser, entries: Uint8Array[], accountKey: Uint8Array): Promise<DeviceList> {
    const { user } = before.list;
    let list: DeviceList;
    try {
      list = verifyDeviceList(entries, accountKey, this.furthestOf(before.list));
      requireUser(user, list, entries);
    } catch {
      return this.refuseKey(user, before);
    }
    await this.pin(user, { list, entries }, { changed: true, accepted: false });
    return list;
  }

  private async refuseKey(user: UserId, before: ListedUser | undefined): Promise<never> {
    if (before && (!before.changed || before.accepted)) {
      await this.pin(user, before, { changed: true, accepted: false });
    }
    throw new SottoError("identity-changed");
  }

  /** One change at a time: a list only grows, whatever is said of it meanwhile. */
  private pin(
    user: UserId,
    listed: Pick<ListedUser, "list" | "entries">,
    said: Partial<Omit<ListedUser, "list" | "entries">> = {},
  ): Promise<void> {
    return this.pinning.run(async () => {
      const known = this.known.get(user);
      // A person has compared the key that was pinned then, and none that came while this waited.
      const isSame = !known || equalBytes(known.list.accountKey, listed.list.accountKey);
      if (said.confirmed && !isSame) throw new SottoError("identity-changed");
      const { list, entries } = known && known.entries.length > listed.entries.length ? known : listed;
      const trust = { ...this.trustIn(user), accepted: known?.accepted ?? false, ...said };
      const record: ListRecord = { user, accountKey: list.accountKey, entries, ...trust };
      const isReached = (this.vaulted.get(user)?.version ?? Infinity) <= list.version;
      const forgotten = isReached ? [{ table: tables.pins, id: user, bytes: null }] : [];
      await this.store.write([{ table: tables.lists, id: user, bytes: encodeRecord(record) }, ...forgotten]);
      if (isReached) this.vaulted.delete(user);
      const isAnother = this.former.delete(user);
      this.known.set(user, { list, entries, ...trust });
      if (isAnother) this.emit("startedOver", { user });
      if (known && !equalBytes(known.list.accountKey, list.accountKey)) this.emit("startedOver", { user });
    });
  }

  private passOn(error: unknown, user: UserId): never {
    const code = error instanceof SottoError ? error.code : undefined;
    if (code === "identity-changed" || code === "untrusted-list") this.emit("distrusted", { code, user });
    throw error;
  }
}

function requireUser(user: UserId, list: DeviceList, entries: readonly Uint8Array[]): void {
  if (list.user === user && entries.every((entry) => decodeDeviceListEntry(entry).entry.user === user)) return;
  throw new SottoError("untrusted-list", { detail: "The list belongs to another user." });
}
