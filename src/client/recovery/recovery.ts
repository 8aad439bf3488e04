/**
 * The recovery key of this user: sixteen words that a person keeps, and that bring identity, contacts and history back when every device
 * is lost. Without one all of that is lost with the last device; `status` says what it would be.
 */
import { newRecoveryWords, recoveryKeysOf, recoveryWordCount, splitRecoveryWords } from "../../crypto/recovery-key.ts";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { ReplyOf } from "../../protocol/requests.ts";
import { TaskQueue } from "../async/task-queue.ts";
import type { Challenge, Session } from "../connection/session.ts";
import { unlessPassing, type ClientCore } from "../core.ts";
import type { ArchiveKeys } from "../device/archive-keys.ts";
import type { Devices } from "../device/devices.ts";
import type { RecoveryUpkeep } from "./recovery-upkeep.ts";
import { Restoring, type VaultFound } from "./restoring.ts";

export interface RecoveryStatus {
  /** The node keeps what the words would give back. While this device is offline: as it was last. */
  isEnabled: boolean;
  /** A person has shown on this device to have kept the words. Ask for it again where not. */
  isChecked: boolean;
  madeAt: Date | undefined;
  /** When contacts and device list were last saved for it, as far as this device knows. */
  savedAt: Date | undefined;
  /** Whether this device holds the identity key, without which none is made. */
  canEnable: boolean;
  /** What is lost with the last device where there is no recovery key, or its words are. */
  atStake: {
    /** Devices of this user that are left besides this one; each could still link another while it is there. */
    otherDevices: number;
    /** Conversations whose history no new device could read. */
    conversations: number;
    /** Contacts with whom a person has compared safety numbers, and would have to again. */
    comparedContacts: number;
  };
}

/** `savedAt`: what changed after it among contacts is met anew. */
export type Restored = VaultFound;

/** Words that are asked back at least, where not all are. */
const placesAtLeast = 3;

export interface RecoveryParts {
  core: ClientCore;
  upkeep: RecoveryUpkeep;
  archiveKeys: ArchiveKeys;
  devices: Devices;
  connect: (options: { signal?: AbortSignal }) => Promise<void>;
  /** How many conversations keep a history that this device has keys of. */
  keptConversations: () => number;
}

export class Recovery {
  private readonly parts: RecoveryParts;
  private readonly core: ClientCore;
  private readonly queue = new TaskQueue();
  /** Until they were checked, or the client is closed: nothing of them is stored. */
  private shown: string[] | undefined;
  private restoring: Restoring | undefined;

  constructor(parts: RecoveryParts) {
    this.parts = parts;
    this.core = parts.core;
  }

  /**
   * Makes a recovery key and answers its words, separated by spaces: to be shown once, written down, and checked. They are nowhere else and
   * cannot be shown again. Done again it makes **another** key, and the words before are void. Errors: `forbidden` on a device that was
   * linked, `recovery-conflict`, and those of the connection.
   */
  enable(): Promise<string> {
    return this.queue.run(() => this.make());
  }

  /**
   * Another recovery key in the place of the one there is, for words that others may have seen: answers its words, shown once and checked as
   * those of `enable`. The words before are void, and open nothing that is archived from now on: there is a new archive key, too. What a dishonest
   * server kept for them it can still open, the identity key first of all: see `docs/threat-model.md`. Errors: `recovery-unknown` where
   * there is no recovery key, and those of `enable`.
   */
  rotate(): Promise<string> {
    return this.queue.run(async () => {
      this.requirePrimary();
      await this.parts.upkeep.read();
      if (!this.core.own.recovery?.publicKey) throw new SottoError("recovery-unknown");
      const words = await this.make();
      // Not before: what is made earlier could still be sealed to the key that is given up.
      await this.parts.archiveKeys.replace().catch(unlessPassing);
      return words;
    });
  }

  /**
   * Whether the words were kept: all of them as one text, or some by their places, from 1 on, three at least (`{ 2: "K7QF", 9: … }`).
   * Some are enough only on the device that made the key and as long as it runs, for no device stores the words. Errors:
   * `recovery-unknown` where there is no recovery key, `invalid-argument`.
   */
  async check(typed: string | Readonly<Record<number, string>>): Promise<boolean> {
    const { own } = this.core;
    const { recovery } = own;
    if (!recovery?.publicKey) throw new SottoError("recovery-unknown");
    const isRight = typeof typed === "string" ? this.areAll(typed, recovery.publicKey) : this.areSome(typed);
    if (!isRight) return false;
    this.shown = undefined;
    await own.noteRecovery({ ...recovery, isChecked: true });
    return true;
  }

  async status(): Promise<RecoveryStatus> {
    const { own, directory, connection } = this.core;
    const isOnline = connection.state === "online" && own.isCertified;
    const standing = isOnline ? await this.parts.upkeep.read() : undefined;
    const { recovery } = own;
    const isThere = isOnline ? standing?.version === recovery?.version : true;
    const isEnabled = isThere && recovery !== undefined && recovery.publicKey !== null;
    return {
      isEnabled,
      isChecked: isEnabled && recovery.isChecked,
      madeAt: isEnabled ? new Date(recovery.madeAt) : undefined,
      savedAt: isEnabled && recovery.saved ? new Date(recovery.saved.at) : undefined,
      canEnable: own.isPrimary,
      atStake: {
        otherDevices: directory.liveDevices(own.user).filter((device) => device !== own.device).length,
        conversations: this.parts.keptConversations(),
        comparedContacts: directory.pins().filter(({ confirmed }) => confirmed).length,
      },
    };
  }

  /** Gives the recovery key up: its words are void, and what the node kept for it goes. Errors: as of `enable`. */
  disable(): Promise<void> {
    return this.queue.run(async () => {
      this.requirePrimary();
      const { after, version } = await this.nextVersion();
      const madeAt = Date.now();
      await this.parts.upkeep.publish({ after, version, publicKey: null, madeAt, vault: null });
      this.shown = undefined;
      await this.core.own.noteRecovery({ version, publicKey: null, madeAt, isChecked: false });
    });
  }

  /**
   * On a new device, instead of `connect` or `devices.link`: takes identity, contacts and the keys of the history back, as a further device of
   * the user. `revokeOthers`: all others are lost, and are closed out for good; then directs go on at once, also where nobody is there to
   * add this device. In groups it waits until somebody's client adds it. What breaks off while the others are closed out leaves this device
   * restored; `devices.revoke` does the rest. Errors: `recovery-words-invalid`, `recovery-words-foreign`,
   * `recovery-unknown`, `recovery-mismatch`, `vault-invalid`, `untrusted-list`, `too-many-devices`, `forbidden` after a few times a day,
   * `invalid-argument` on a device that is set up, and those of `connect`.
   */
  async restore(
    words: string,
    { revokeOthers = false, signal }: { revokeOthers?: boolean; signal?: AbortSignal } = {},
  ): Promise<Restored> {
    const { own, connection } = this.core;
    if (own.isCertified) throw new SottoError("invalid-argument", { detail: "This device is set up already." });
    const restoring = new Restoring(this.core, recoveryKeysOf(own.user, words));
    this.restoring = restoring;
    this.parts.devices.abandonLink();
    try {
      connection.renew();
      await this.parts.connect(signal ? { signal } : {});
    } catch (error) {
      // Not to go on as a device that registers.
      await connection.close();
      throw error;
    } finally {
      this.restoring = undefined;
      restoring.wipe();
    }
    const { found } = restoring;
    if (!found) throw new SottoError("internal", { detail: "the device was admitted without being restored" });
    if (revokeOthers) await this.revokeOthers();
    return found;
  }

  /** What they have chosen for the user is taken over before, for a revoked device's word does not count, and said anew after. */
  private async revokeOthers(): Promise<void> {
    const { own, directory, privacy } = this.core;
    await privacy.settle();
    const others = directory.liveDevices(own.user).filter((device) => device !== own.device);
    for (const device of others) await this.parts.devices.revoke(device);
    await privacy.settle();
  }

  /** For the client: a session of a device that is to be restored. */
  async admitRestoring(session: Session, challenge: Challenge): Promise<ReplyOf<"session:restore"> | undefined> {
    if (!this.restoring || this.core.own.isCertified) return undefined;
    return this.restoring.admit(session, challenge);
  }

  private async make(): Promise<string> {
    const { own, directory } = this.core;
    this.requirePrimary();
    const list = await directory.refresh(own.user);
    if (!list) throw new SottoError("device-unknown");
    const words = newRecoveryWords(own.user);
    const { vaultKey, keyPair } = recoveryKeysOf(own.user, words);
    const { publicKey } = keyPair;
    keyPair.secretKey.fill(0);
    const { after, version } = await this.nextVersion();
    const [pins, savedAt, place] = [directory.pins(), Date.now(), { version, revision: 1 }];
    const { sealed } = own.sealVault(vaultKey, place, { list, pins, savedAt });
    await this.parts.upkeep.publish({ after, version, publicKey, madeAt: savedAt, vault: sealed });
    const saved = { hash: own.hashVault(list, pins), at: savedAt, revision: 1 };
    await own.noteRecovery({ version, publicKey, madeAt: savedAt, isChecked: false, vaultKey, saved });
    this.shown = splitRecoveryWords(words);
    await this.parts.upkeep.grant().catch(unlessPassing);
    return words.replaceAll("-", " ");
  }

  private areAll(typed: string, publicKey: Uint8Array): boolean {
    try {
      const { keyPair, vaultKey } = recoveryKeysOf(this.core.own.user, typed);
      keyPair.secretKey.fill(0);
      vaultKey.fill(0);
      return equalBytes(keyPair.publicKey, publicKey);
    } catch (error) {
      if (error instanceof SottoError) return false;
      throw error;
    }
  }

  private areSome(typed: Readonly<Record<number, string>>): boolean {
    const { shown } = this;
    if (!shown)
      throw new SottoError("invalid-argument", { detail: "This device has no words to compare: ask for all." });
    const places = Object.entries(typed);
    const areThere = places.every(([place]) => Number(place) >= 1 && Number(place) <= recoveryWordCount);
    if (places.length < placesAtLeast || !areThere) {
      const detail = `Ask for ${placesAtLeast} words at least, by their places from 1 to ${recoveryWordCount}.`;
      throw new SottoError("invalid-argument", { detail });
    }
    return places.every(([place, word]) => splitRecoveryWords(word).join("") === shown[Number(place) - 1]);
  }

  private requirePrimary(): void {
    if (this.core.own.isPrimary) return;
    const detail =
      "Only a device that holds the identity key can do this: the first one of a user, or one that was restored.";
    throw new SottoError("forbidden", { detail });
  }

  /** Past whatever the node shows, and whatever this device has heard of. */
  private async nextVersion(): Promise<{ after: number; version: number }> {
    const { key } = await this.core.connection.request("recovery:read", {});
    const after = key?.version ?? 0;
    return { after, version: Math.max(after, this.core.own.recovery?.version ?? 0) + 1 };
  }
}
