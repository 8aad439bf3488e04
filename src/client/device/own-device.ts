/**
 * This device: its keys, its standing in its user's list, and how it proves itself to a node.
 *
 *   new ── register (first device of the user: makes the account key) ──▶ certified
 *   new ── link (another device certifies it) ──▶ certified
 * Invariant: keys are stored before anything signed by them leaves.
 */
import { generateSigningKeyPair, sign } from "../../crypto/signing-key.ts";
import type { DeviceIdentity } from "../../crypto/group-engine.ts";
import { admissionBytes } from "../../identity/admission.ts";
import { certificateSignedBytes, encodeCertificate } from "../../identity/device-certificate.ts";
import {
  decodeDeviceListEntry,
  deviceListEntrySignedBytes,
  encodeDeviceListEntry,
  type DeviceList,
  type DeviceListEntry,
} from "../../identity/device-list.ts";
import { fromBase64, toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import { newId, type DeviceId, type UserId } from "../../protocol/ids.ts";
import type { ReplyOf } from "../../protocol/requests.ts";
import { decodeRecord, encodeRecord, tables, type DeviceRecord } from "../records.ts";
import type { Challenge, Session } from "../connection/session.ts";
import type { OpenClientStore } from "../stores/client-store.ts";

const recordId = "self";

export class OwnDevice {
  private readonly store: OpenClientStore;
  private record: DeviceRecord;

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

  /** Error: `device-unknown` before the device is registered or linked. */
  identity(): DeviceIdentity {
    const { user, device, accountKey, certificate, deviceSecretKey } = this.record;
    if (!accountKey || !certificate) throw new SottoError("device-unknown");
    return { user, device, accountKey, certificate, deviceSecretKey };
  }

  sign(bytes: Uint8Array): Uint8Array {
    return sign(this.record.deviceSecretKey, bytes);
  }

  /** Answers the challenge: with a proof, or by registering this device as the first of its user. */
  async admit(session: Session, challenge: Challenge): Promise<ReplyOf<"session:prove">> {
    const signature = toBase64(this.sign(this.admissionBytes(challenge)));
    const { device } = this.record;
    if (this.isCertified) return session.ask("session:prove", { device, signature });
    const entry = this.record.registrationEntry ?? (await this.prepareRegistration());
    const accountKey = this.record.accountKey;
    if (!accountKey) throw new SottoError("device-unknown");
    const admitted = await session.ask("session:register", {
      device,
      accountKey: toBase64(accountKey),
      entry: toBase64(entry),
      signature,
    });
    await this.completeRegistration(entry);
    return admitted;
  }

  /** Signs an entry of the device list. Error: `forbidden` on a device that does not hold the account key. */
  signListEntry(
    list: DeviceList | undefined,
    change: { operation: "add"; device: DeviceId; deviceKey: Uint8Array } | { operation: "revoke"; device: DeviceId },
  ): Uint8Array {
    const { accountSecretKey, user } = this.record;
    if (!accountSecretKey)
      throw new SottoError("forbidden", { detail: "Only the first device of a user can do this." });
    const version = (list?.version ?? 0) + 1;
    const deviceKey = change.operation === "add" ? change.deviceKey : list?.devices.get(change.device)?.deviceKey;
    if (!deviceKey) throw new SottoError("device-unknown");
    const entry: DeviceListEntry = {
      version,
      previousHash: list?.head ?? new Uint8Array(32),
      operation: change.operation,
      user,
      device: change.device,
      deviceKey,
      certificate: new Uint8Array(),
      at: Date.now(),
    };
    const certified = { user, device: change.device, deviceKey, listVersion: version };
    const certificate =
      change.operation === "add"
        ? encodeCertificate(certified, sign(accountSecretKey, certificateSignedBytes(certified)))
        : entry.certificate;
    const full = { ...entry, certificate };
    return encodeDeviceListEntry(full, sign(accountSecretKey, deviceListEntrySignedBytes(full)));
  }

  /** Takes what a primary device handed over. The caller has verified it. */
  async acceptCertificate(accountKey: Uint8Array, certificate: Uint8Array): Promise<void> {
    await this.save({ accountKey, certificate, accountSecretKey: null, registrationEntry: null });
  }

  private admissionBytes(challenge: Challenge): Uint8Array {
    const { user, device } = this.record;
    return admissionBytes({ nonce: fromBase64(challenge.nonce), origin: challenge.origin, user, device });
  }

  private async prepareRegistration(): Promise<Uint8Array> {
    const account = generateSigningKeyPair();
    this.record = { ...this.record, accountKey: account.publicKey, accountSecretKey: account.secretKey };
    const { device, deviceKey } = this.record;
    const registrationEntry = this.signListEntry(undefined, { operation: "add", device, deviceKey });
    await this.save({ registrationEntry });
    return registrationEntry;
  }

  private async completeRegistration(entry: Uint8Array): Promise<void> {
    await this.save({ certificate: decodeDeviceListEntry(entry).entry.certificate, registrationEntry: null });
  }

  private async save(changes: Partial<DeviceRecord>): Promise<void> {
    this.record = { ...this.record, ...changes };
    await this.store.write([{ table: tables.device, id: recordId, bytes: encodeRecord(this.record) }]);
  }
}
