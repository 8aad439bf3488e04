/**
 * This device: its keys, its standing in its user's list, and how it proves itself to a node.
 *
 *   new ── register (first device of the user: makes the account key) ──▶ certified
 *   new ── link (another device certifies it) ──▶ certified
 *   new ── restore (the words of the recovery key give the account key back) ──▶ certified
 *   new ── start over (no other device is left: makes another account key) ──▶ certified
 * Invariant: keys are stored before anything signed by them leaves.
 */
import { newArchiveKey, type ArchiveKey } from "../../crypto/archive.ts";
import { grantArchiveKey, type ArchiveGrant, type GrantSigner } from "../../crypto/archive-grant.ts";
import {
  addDeviceEntry,
  resetEntry,
  revokeDeviceEntry,
  signRecoveryStatement,
  signRecoveryVault,
} from "../../crypto/account-key.ts";
import {
  signAck,
  signAdmission,
  signHistoryShare,
  signLeave,
  signPrivacy,
  signReaddRequest,
  signReadMark,
} from "../../crypto/device-key.ts";
import type { DeviceIdentity } from "../../crypto/group-engine.ts";
import { generateSigningKeyPair } from "../../crypto/signing-key.ts";
import { grantToRecoveryKey, type RecoveryGrant } from "../../crypto/recovery-grant.ts";
import type { ContactPin } from "../../crypto/contact-pins.ts";
import { sealVault, vaultHash } from "../../crypto/recovery-vault.ts";
import type { SignedAck } from "../../identity/ack.ts";
import { decodeDeviceListEntry, type DeviceList } from "../../identity/device-list.ts";
import type { HistoryShare } from "../../identity/history-share.ts";
import type { Leave } from "../../identity/leave.ts";
import type { SignedPrivacy } from "../../identity/privacy.ts";
import type { SignedReadMark } from "../../identity/read-mark.ts";
import type { RecoveryStatement } from "../../identity/recovery.ts";
import type { ReaddRequest } from "../../identity/readd.ts";
import { fromBase64, toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import { newId, type DeviceId, type UserId } from "../../protocol/ids.ts";
import type { ReplyOf } from "../../protocol/requests.ts";
import { decodeRecord, encodeRecord, tables, type DeviceRecord, type RecoveryRecord } from "../records.ts";
import type { Challenge, Session } from "../connection/session.ts";
import type { OpenClientStore, RecordChange } from "../stores/client-store.ts";
import { askForReset, endsWith, readListHead, startsOver, type ListHead } from "./starting-over.ts";

const recordId = "self";

/** What the vault and the user's list say of a device that is restored. `accountSecretKey`: 64 bytes. */
export interface Restored {
  accountKey: Uint8Array;
  accountSecretKey: Uint8Array;
  certificate: Uint8Array;
  archiveKeys: ArchiveKey[];
  recovery: RecoveryRecord;
}

/** What a primary device hands over to one that it links, as far as it is of the device itself. */
export interface Linked {
  accountKey: Uint8Array;
  certificate: Uint8Array;
  archiveKeys: ArchiveKey[];
  recovery?: RecoveryRecord;
}

export class OwnDevice {
  private readonly store: OpenClientStore;
  private record: DeviceRecord;
  private startsOver = false;

  private constructor(store: OpenClientStore, record: DeviceRecord) {
    this.store = store;
    this.record = record;
  }

  /** The store's device, or a new one. Error: `store-in-use` when the store belongs to another user. */
  static async load(store: OpenClientStore, user: UserId): Promise<OwnDevice> {
    const bytes = await store.get(tables.device, recordId);
    if (bytes) {
      const record = decodeRecord<DeviceRecord>(bytes);
      if (record.user !== user) throw new SottoError("store-in-use");
      return new OwnDevice(store, record);
    }
    const keys = generateSigningKeyPair();
    const device = new OwnDevice(store, {
      user,
      device: newId<DeviceId>(),
      deviceKey: keys.publicKey,
      deviceSecretKey: keys.secretKey,
      accountKey: null,
      accountSecretKey: null,
      certificate: null,
      registrationEntry: null,
    });
    await device.save({});
    return device;
  }

  get user(): UserId {
    return this.record.user;
  }
  get device(): DeviceId {
    return this.record.device;
  }
  get deviceKey(): Uint8Array {
    return this.record.deviceKey;
  }
  get accountKey(): Uint8Array | null {
    return this.record.accountKey;
  }
  get isCertified(): boolean {
    return this.record.certificate !== null;
  }
  /** Whether this device can certify others. */
  get isPrimary(): boolean {
    return this.record.accountSecretKey !== null;
  }

  /** Of this user; ascending, the last is the current one. None before the device is registered or linked. */
  get archiveKeys(): readonly ArchiveKey[] {
    return this.record.archiveKeys ?? [];
  }

  /** What this device has heard last of its user's recovery key. */
  get recovery(): RecoveryRecord | undefined {
    return this.record.recovery;
  }

  /** When the current archive key was made here, or came. 0: not known. */
  get archiveKeyMadeAt(): number {
    return this.record.archiveKeyMadeAt ?? 0;
  }
  get archiveKeyOwedTo(): readonly DeviceId[] {
    return this.record.archiveKeyOwedTo ?? [];
  }

  /** How long the deployment keeps messages, as it said last. */
  get retentionDays(): number | undefined {
    return this.record.retentionDays;
  }

  async noteRetention(retentionDays: number): Promise<void> {
    if (retentionDays > 0 && retentionDays !== this.record.retentionDays) await this.save({ retentionDays });
  }

  /** Error: `device-unknown` before the device is registered or linked. */
  identity(): DeviceIdentity {
    const { user, device, accountKey, certificate, deviceSecretKey } = this.record;
    if (!accountKey || !certificate) throw new SottoError("device-unknown");
    return { user, device, accountKey, certificate, deviceSecretKey };
  }

  signAck(ack: SignedAck): Uint8Array {
    return signAck(this.record.deviceSecretKey, ack);
  }

  signReadMark(mark: SignedReadMark): Uint8Array {
    return signReadMark(this.record.deviceSecretKey, mark);
  }

  signPrivacy(privacy: Omit<SignedPrivacy, "user">): Uint8Array {
    return signPrivacy(this.record.deviceSecretKey, { ...privacy, user: this.user });
  }

  signReaddRequest(request: ReaddRequest): Uint8Array {
    return signReaddRequest(this.record.deviceSecretKey, request);
  }

  /** Says for the whole user that it leaves. */
  signLeave(place: Omit<Leave, "user" | "device">): Uint8Array {
    const { user, device, deviceSecretKey } = this.record;
    return signLeave(deviceSecretKey, { ...place, user, device });
  }

  /** Lets a member of a group read what was before it came. */
  signHistoryShare(place: Omit<HistoryShare, "by">): Uint8Array {
    const { user, device, deviceSecretKey } = this.record;
    return signHistoryShare(deviceSecretKey, { ...place, by: { user, device } });
  }

  /** From now on this device, which is new, answers the next challenge by starting its user over. */
  startOver(): void {
    this.startsOver = true;
  }

  /** A connection's challenge, answered: base64. */
  signChallenge(challenge: Challenge): string {
    const { user, device, deviceSecretKey } = this.record;
    const proof = { nonce: fromBase64(challenge.nonce), origin: challenge.origin, user, device };
    return toBase64(signAdmission(deviceSecretKey, proof));
  }

  /** Answers the challenge: with a proof, by registering this device as the first of its user, or by starting over where a person wants it. */
  async admit(session: Session, challenge: Challenge): Promise<ReplyOf<"session:prove">> {
    const { device } = this.record;
    const signature = this.signChallenge(challenge);
    if (this.isCertified) return session.ask("session:prove", { device, signature });
    const reset = await this.resetFor(session);
    const entry = reset ?? this.record.registrationEntry ?? (await this.prepareRegistration());
    const { accountKey } = this.record;
    if (!accountKey) throw new SottoError("device-unknown");
    const fields = { device, accountKey: toBase64(accountKey), entry: toBase64(entry), signature };
    const admitted = await (reset ? askForReset(session, fields) : session.ask("session:register", fields));
    await this.completeRegistration(entry);
    return admitted;
  }

  /**
   * The entry with which this device starts its user over: where a person wants it now, or the node has taken it before, and the answer
   * was lost. None for who has no list.
   */
  private async resetFor(session: Session): Promise<Uint8Array | undefined> {
    const { registrationEntry } = this.record;
    const prepared = registrationEntry && startsOver(registrationEntry) ? registrationEntry : undefined;
    if (!prepared && !this.startsOver) return undefined;
    const head = await readListHead(session);
    if (prepared && head && endsWith(head, prepared)) return prepared;
    if (prepared) await this.save({ registrationEntry: null });
    return head && this.startsOver ? this.prepareReset(head) : undefined;
  }

  /** The next entry of the device list, which adds a device. Error: `forbidden` on a device without the account key. */
  addEntry(list: DeviceList | undefined, added: { device: DeviceId; deviceKey: Uint8Array }): Uint8Array {
    return addDeviceEntry(this.accountSecretKey(), list, { user: this.user, ...added, at: Date.now() }).entry;
  }

  /** The next entry of the device list, which revokes a device. Errors: `forbidden`, `device-unknown`. */
  revokeEntry(list: DeviceList | undefined, device: DeviceId): Uint8Array {
    if (!list) throw new SottoError("device-unknown");
    return revokeDeviceEntry(this.accountSecretKey(), list, { device, at: Date.now() });
  }

  /** Takes what a primary device handed over, in one write with `alongside`. The caller has verified it. */
  async acceptLinked(linked: Linked, alongside: readonly RecordChange[]): Promise<void> {
    const now = { archiveKeyMadeAt: Date.now(), accountSecretKey: null, registrationEntry: null };
    await this.save({ ...linked, ...now }, alongside);
  }

  /** Takes what the recovery key gave back, in one write with `alongside`. The caller has verified it. */
  async acceptRestored(restored: Restored, alongside: readonly RecordChange[]): Promise<void> {
    const now = { archiveKeyMadeAt: Date.now(), archiveKeyOwedTo: [], registrationEntry: null };
    await this.save({ ...restored, ...now }, alongside);
  }

  async noteRecovery(recovery: RecoveryRecord): Promise<void> {
    await this.save({ recovery });
  }

  /** Error: `forbidden` on a device without the account key. */
  signRecovery(statement: Omit<RecoveryStatement, "user">): Uint8Array {
    return signRecoveryStatement(this.accountSecretKey(), { ...statement, user: this.user });
  }

  /** What the vault is to hold now, as a hash. Error: `forbidden` on a device without the account key. */
  hashVault(list: DeviceList, pins: readonly ContactPin[]): Uint8Array {
    return vaultHash(this.vaultContent(list, pins));
  }

  /** Seals and signs a vault. Error: `forbidden` on a device without the account key. */
  sealVault(
    vaultKey: Uint8Array,
    place: { version: number; revision: number },
    { list, pins, savedAt }: { list: DeviceList; pins: readonly ContactPin[]; savedAt: number },
  ): { sealed: Uint8Array; signature: Uint8Array } {
    const { user } = this;
    const sealed = sealVault(vaultKey, { user, ...place }, { ...this.vaultContent(list, pins), savedAt });
    return { sealed, signature: signRecoveryVault(this.accountSecretKey(), { user, ...place, sealed }) };
  }

  /** For whoever has the words of the recovery key, of which `publicKey` is the public half. */
  grantToRecovery(version: number, publicKey: Uint8Array, key: ArchiveKey): Promise<RecoveryGrant> {
    return grantToRecoveryKey(this.record, { user: this.user, version }, publicKey, key);
  }

  async renewArchiveKey(key: ArchiveKey, owedTo: DeviceId[]): Promise<void> {
    const archiveKeys = [...this.archiveKeys, key];
    await this.save({ archiveKeys, archiveKeyMadeAt: Date.now(), archiveKeyOwedTo: owedTo });
  }

  /** `owedTo`: those that could not be handed the current archive key now. */
  async archiveKeyHandedOut(owedTo: DeviceId[]): Promise<void> {
    await this.save({ archiveKeyOwedTo: owedTo });
  }

  /** For another device of this user, sealed to its key package; signed by the account key, or by this device where it has none. */
  grantArchiveKey(device: DeviceId, keyPackage: Uint8Array, key: ArchiveKey): Promise<ArchiveGrant> {
    return grantArchiveKey(this.grantSigner(), { user: this.user, device }, keyPackage, key);
  }

  /** Takes an archive key that was handed to this device, in one write with `alongside`. */
  async takeArchiveKey(key: ArchiveKey, alongside: readonly RecordChange[]): Promise<void> {
    const archiveKeys = [...this.archiveKeys, key].toSorted((one, other) => one.generation - other.generation);
    const isLatest = archiveKeys.at(-1) === key;
    await this.save({ archiveKeys, ...(isLatest && { archiveKeyMadeAt: Date.now() }) }, alongside);
  }

  private grantSigner(): GrantSigner {
    const { device, deviceSecretKey, accountSecretKey } = this.record;
    return accountSecretKey ? { secretKey: accountSecretKey } : { secretKey: deviceSecretKey, by: device };
  }

  private vaultContent({ version, head }: DeviceList, pins: readonly ContactPin[]) {
    return { accountSecretKey: this.accountSecretKey(), listVersion: version, listHead: head, pins };
  }

  private accountSecretKey(): Uint8Array {
    const { accountSecretKey } = this.record;
    if (!accountSecretKey)
      throw new SottoError("forbidden", {
        detail: "Only the first device of a user, or one that was restored, can do this.",
      });
    return accountSecretKey;
  }

  private async prepareRegistration(): Promise<Uint8Array> {
    const account = generateSigningKeyPair();
    this.record = { ...this.record, accountKey: account.publicKey, accountSecretKey: account.secretKey };
    const { device, deviceKey } = this.record;
    const registrationEntry = this.addEntry(undefined, { device, deviceKey });
    const archiveKeys = [newArchiveKey(1, 1)];
    await this.save({ registrationEntry, archiveKeys, archiveKeyMadeAt: Date.now() });
    return registrationEntry;
  }

  private async prepareReset(head: ListHead): Promise<Uint8Array> {
    const account = generateSigningKeyPair();
    const { user, device, deviceKey } = this.record;
    const entry = resetEntry(account.secretKey, head, { user, device, deviceKey, at: Date.now() });
    // Of what was archived before nobody has the key.
    const archive = { archiveKeys: [newArchiveKey(1, head.version + 1)], archiveKeyMadeAt: Date.now() };
    const keys = { accountKey: account.publicKey, accountSecretKey: account.secretKey };
    await this.save({ ...keys, ...archive, registrationEntry: entry });
    return entry;
  }

  private async completeRegistration(entry: Uint8Array): Promise<void> {
    await this.save({ certificate: decodeDeviceListEntry(entry).entry.certificate, registrationEntry: null });
  }

  private async save(changes: Partial<DeviceRecord>, alongside: readonly RecordChange[] = []): Promise<void> {
    this.record = { ...this.record, ...changes };
    await this.store.write([{ table: tables.device, id: recordId, bytes: encodeRecord(this.record) }, ...alongside]);
  }
}
