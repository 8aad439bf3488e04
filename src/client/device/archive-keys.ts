/**
 * The archive keys of this user: a new one after each revocation, with each rotation of the recovery key, and each month, made by a device that holds the account key, or where
 * none does it for a while by another, and handed to each device that is left, and to the recovery key. A device that was revoked learns of
 * none from then on.
 */
import {
  isArchiveKeyOf,
  newArchiveKey,
  isGenerationOf,
  nextArchiveGeneration,
  type ArchiveKey,
} from "../../crypto/archive.ts";
import { grantSuite, openArchiveGrant, type ArchiveGrant } from "../../crypto/archive-grant.ts";
import type { DeviceList } from "../../identity/device-list.ts";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import { fromBase64, toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { DeviceId } from "../../protocol/ids.ts";
import type { ReplyOf } from "../../protocol/requests.ts";
import { TaskQueue } from "../async/task-queue.ts";
import type { ClientCore } from "../core.ts";
import { KeyPackageClaims } from "./key-package-claims.ts";

const dayMs = 24 * 60 * 60_000;
const renewedEveryMs = 30 * dayMs;
/** By a device without the account key, which leaves it to the others at first. */
const renewedAtLastMs = 37 * dayMs;

export class ArchiveKeys {
  private readonly core: ClientCore;
  /** Hands the archive keys that are held to the recovery key. */
  private readonly grantToRecovery: () => Promise<void>;
  private readonly claims: KeyPackageClaims;
  private readonly queue = new TaskQueue();
  /** Since when a revocation is known that no archive key reckons with. */
  private missingSince: number | undefined;

  constructor(core: ClientCore, grantToRecovery: () => Promise<void>) {
    this.core = core;
    this.grantToRecovery = grantToRecovery;
    this.claims = new KeyPackageClaims(core);
  }

  /** Takes what was handed to this device; makes and hands out what is due. Errors: those of the connection. */
  settle(): Promise<void> {
    return this.queue.run(async () => {
      if (!this.core.own.isCertified) return;
      await this.takeGrants();
      if (this.isDue()) await this.renew();
      if (this.core.own.archiveKeyOwedTo.length > 0) await this.handOut();
      await this.grantToRecovery();
    });
  }

  /** Another archive key from now on, although no device was revoked. Errors: those of the connection; it is made all the same, and handed out later. */
  async replace(): Promise<void> {
    await this.queue.run(() => this.renew());
    await this.settle();
  }

  private isDue(): boolean {
    const { isPrimary, archiveKeyMadeAt } = this.core.own;
    const isMissing = !currentArchiveKey(this.core);
    this.missingSince = isMissing ? (this.missingSince ?? Date.now()) : undefined;
    const age = Date.now() - archiveKeyMadeAt;
    if (isPrimary) return isMissing || age >= renewedEveryMs;
    // Linked by a version that did not note when: it is taken for young.
    if (!isMissing) return archiveKeyMadeAt > 0 && age >= renewedAtLastMs;
    return Date.now() - this.missingSince! >= this.core.timings.archivePatienceMs * this.turn();
  }

  /** Of the devices without the account key one after another, so that not all make a key. */
  private turn(): number {
    const { own, directory } = this.core;
    return 1 + Math.max(0, directory.liveDevices(own.user).indexOf(own.device));
  }

  private async renew(): Promise<void> {
    const { own, directory } = this.core;
    const list = directory.get(own.user);
    const addedVersion = list?.devices.get(own.device)?.addedVersion ?? 1;
    const generation = nextArchiveGeneration(own.archiveKeys.at(-1)?.generation ?? 0, addedVersion);
    const key = newArchiveKey(generation, list?.version ?? 0);
    await own.renewArchiveKey(
      key,
      directory.liveDevices(own.user).filter((device) => device !== own.device),
    );
  }

  private async handOut(): Promise<void> {
    const { own, directory, connection } = this.core;
    // Not one that another device has made meanwhile: that is its to hand out.
    const key = own.archiveKeys.findLast((one) => isMadeBy(directory.get(own.user), own.device, one));
    if (!key) return own.archiveKeyHandedOut([]);
    const live = directory.liveDevices(own.user).filter((device) => own.archiveKeyOwedTo.includes(device));
    const wanted = live.map((device) => ({ user: own.user, device }));
    const packages = await this.claims.take({ suite: grantSuite, isGroup: false }, wanted);
    const grants: ArchiveGrant[] = [];
    for (const { device, bytes } of packages) grants.push(await own.grantArchiveKey(device, bytes, key));
    if (grants.length > 0) await connection.request("archive:grant", { grants: grants.map(toWire) });
    const handed = new Set(grants.map(({ device }) => device));
    await own.archiveKeyHandedOut(live.filter((device) => !handed.has(device)));
  }

  private async takeGrants(): Promise<void> {
    const { own, connection, supply } = this.core;
    const { grants } = await connection.request("archive:granted", {});
    for (const grant of grants.map(fromWire)) {
      if (own.archiveKeys.some(({ generation }) => generation === grant.generation)) continue;
      const pair = (await supply.pairs()).find(({ hash }) => equalBytes(hash, grant.keyPackage));
      const signerKey = this.signerKeyOf(grant);
      if (!pair || !signerKey) continue;
      try {
        await own.takeArchiveKey(await openArchiveGrant(own.identity(), signerKey, pair, grant), supply.forget(pair));
      } catch (error) {
        if (!(error instanceof SottoError) || error.retryable) throw error;
      }
    }
  }

  private signerKeyOf({ by, generation, listVersion }: ArchiveGrant): Uint8Array | undefined {
    const { own, directory } = this.core;
    const addedVersion = by && directory.get(own.user)?.devices.get(by)?.addedVersion;
    const latest = own.archiveKeys.at(-1)?.generation ?? 0;
    // A device gives what it has made itself, and nothing that leaves no room for what comes after.
    if (by && (addedVersion === undefined || !isGenerationOf(addedVersion, generation, latest))) return undefined;
    return by ? grantorKeyOf(directory.get(own.user), by, listVersion) : own.identity().accountKey;
  }
}

/**
 * The key (32 bytes) of a device that hands out an archive key made at a version of its user's list. Undefined where it may not: it was
 * revoked by then. So a revoked device brings in no key but such as it knew of all along, and none that is archived under from now on.
 */
export function grantorKeyOf(list: DeviceList | undefined, by: DeviceId, listVersion: number): Uint8Array | undefined {
  const device = list?.devices.get(by);
  if (!list || !device || listVersion > list.version) return undefined;
  return listVersion < (device.revokedVersion ?? Infinity) ? device.deviceKey : undefined;
}

/** Whether a device of a list is the one that makes such a key. */
export function isMadeBy(
  list: DeviceList | undefined,
  by: DeviceId,
  key: Pick<ArchiveKey, "generation" | "listVersion">,
): boolean {
  const addedVersion = list?.devices.get(by)?.addedVersion;
  return addedVersion !== undefined && isArchiveKeyOf(addedVersion, key);
}

/** The key to archive under: undefined while a device was revoked that knows the latest. */
export function currentArchiveKey({ own, directory }: Pick<ClientCore, "own" | "directory">): ArchiveKey | undefined {
  const revoked = [...(directory.get(own.user)?.devices.values() ?? [])].map((device) => device.revokedVersion ?? 0);
  return own.archiveKeys.findLast(({ listVersion }) => revoked.every((version) => version <= listVersion));
}

type WireGrant = ReplyOf<"archive:granted">["grants"][number];

const toWire = ({ device, generation, listVersion, by, ...bytes }: ArchiveGrant): WireGrant => ({
  device,
  generation,
  listVersion,
  ...(by && { by }),
  keyPackage: toBase64(bytes.keyPackage),
  encapsulated: toBase64(bytes.encapsulated),
  sealed: toBase64(bytes.sealed),
  signature: toBase64(bytes.signature),
});

const fromWire = ({ device, generation, listVersion, by, ...bytes }: WireGrant): ArchiveGrant => ({
  device,
  generation,
  listVersion,
  ...(by && { by }),
  keyPackage: fromBase64(bytes.keyPackage),
  encapsulated: fromBase64(bytes.encapsulated),
  sealed: fromBase64(bytes.sealed),
  signature: fromBase64(bytes.signature),
});
