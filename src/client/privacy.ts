/**
 * What this user lets others see, the same on all of its devices: the device on which it was chosen signs it, the node keeps it, and
 * each device holds to what it has verified. A choice counts here at once, offline too, and goes out with the next comparison.
 */
import { verifyPrivacy } from "../identity/privacy.ts";
import { fromBase64, toBase64 } from "../protocol/base64.ts";
import { SottoError } from "../protocol/errors.ts";
import type { UserId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import { TaskQueue } from "./async/task-queue.ts";
import type { Connection } from "./connection/connection.ts";
import { unlessPassing } from "./core.ts";
import type { DeviceDirectory } from "./device/device-directory.ts";
import type { OwnDevice } from "./device/own-device.ts";
import { decodeRecord, encodeRecord, tables, type PrivacyRecord } from "./records.ts";
import type { OpenClientStore } from "./stores/client-store.ts";

/** `readReceipts`: others see what this user has read. `typing`: they see when it writes. */
export interface PrivacyChoices {
  readonly readReceipts: boolean;
  readonly typing: boolean;
}

interface PrivacyParts {
  store: OpenClientStore;
  connection: Connection;
  directory: DeviceDirectory;
  own: OwnDevice;
  /** Something else is chosen now, here or on another device. */
  changed: (choices: PrivacyChoices) => void;
}

const recordId = "choices";

export class Privacy {
  private readonly parts: PrivacyParts;
  private record: PrivacyRecord = { version: 0, readReceipts: true, typing: true, isUnsent: false };
  private readonly queue = new TaskQueue();

  constructor(parts: PrivacyParts) {
    this.parts = parts;
  }

  /** Takes up what the store holds. */
  async load(): Promise<void> {
    const bytes = await this.parts.store.get(tables.privacy, recordId);
    if (bytes) this.record = decodeRecord<PrivacyRecord>(bytes);
  }

  /** Whether others see what this user has read. Its own devices know in any case. */
  get readReceipts(): boolean {
    return this.record.readReceipts;
  }
  /** Whether others see when this user writes. */
  get typing(): boolean {
    return this.record.typing;
  }

  /** Resolves when this device holds to it; the node and the others hear of it as soon as they can. Error: `invalid-argument`. */
  async set(choices: Partial<PrivacyChoices>): Promise<void> {
    if (Object.values(choices).some((choice) => typeof choice !== "boolean")) {
      throw new SottoError("invalid-argument", { detail: "readReceipts and typing are true or false." });
    }
    await this.queue.run(async () => {
      await this.keep({ ...this.record, ...choices, version: versionPast(this.record.version), isUnsent: true });
    });
    if (this.parts.connection.state === "online") await this.settle().catch(unlessPassing);
  }

  /**
   * Tells what was chosen here, and takes what was chosen elsewhere. What a revoked device has signed counts no more; what this device
   * holds to, or was just chosen on it, is said past it. Errors: those of the connection.
   */
  settle(): Promise<void> {
    return this.queue.run(async () => {
      const isChosenHere = this.record.isUnsent;
      if (isChosenHere) await this.send();
      const { privacy } = await this.parts.connection.request("privacy:read", {});
      const device = privacy && this.parts.directory.get(this.user)?.devices.get(privacy.device);
      if (!privacy || !device || privacy.version < this.record.version) return;
      const { version, readReceipts, typing } = privacy;
      const choices = { user: this.user, version, readReceipts, typing };
      if (isTooFarAhead(version) || !verifyPrivacy(choices, fromBase64(privacy.signature), device.deviceKey)) return;
      if (device.revokedVersion !== undefined) {
        if (isChosenHere || version === this.record.version) await this.renew(version);
      } else if (version > this.record.version) await this.keep({ version, readReceipts, typing, isUnsent: false });
    });
  }

  private async renew(past: number): Promise<void> {
    await this.keep({ ...this.record, version: versionPast(past), isUnsent: true });
    await this.send();
  }

  private async send(): Promise<void> {
    // Chosen while the clock here was wrong.
    if (isTooFarAhead(this.record.version)) await this.keep({ ...this.record, version: Date.now() });
    const { version, readReceipts, typing } = this.record;
    const signature = toBase64(this.parts.own.signPrivacy({ version, readReceipts, typing }));
    await this.parts.connection.request("privacy:set", { version, readReceipts, typing, signature });
    await this.keep({ ...this.record, isUnsent: false });
  }

  private async keep(record: PrivacyRecord): Promise<void> {
    await this.parts.store.write([{ table: tables.privacy, id: recordId, bytes: encodeRecord(record) }]);
    const { readReceipts, typing } = this.record;
    this.record = record;
    if (record.readReceipts === readReceipts && record.typing === typing) return;
    this.parts.changed({ readReceipts: record.readReceipts, typing: record.typing });
  }

  private get user(): UserId {
    return this.parts.own.user;
  }
}

/** Of two devices that choose at once, the later one counts. */
const versionPast = (version: number): number =>
  isTooFarAhead(version) ? Date.now() : Math.max(version + 1, Date.now());

/** No device takes such a version from another, nor a node from any. */
const isTooFarAhead = (version: number): boolean => version > Date.now() + limits.privacyAheadMs;
