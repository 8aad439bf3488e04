/**
 * The archive keys of this user: a new one after each revocation and each month, made by the first device, which hands it to each
 * device that is left. A device that was revoked learns of none from then on.
 */
import { newArchiveKey, type ArchiveKey } from "../../crypto/archive.ts";
import { grantSuite, openArchiveGrant, type ArchiveGrant } from "../../crypto/archive-grant.ts";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import { fromBase64, toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { ReplyOf } from "../../protocol/requests.ts";
import { TaskQueue } from "../async/task-queue.ts";
import type { ClientCore } from "../core.ts";
import { KeyPackageClaims } from "./key-package-claims.ts";

const renewedEveryMs = 30 * 24 * 60 * 60_000;

export class ArchiveKeys {
  private readonly core: ClientCore;
  private readonly claims: KeyPackageClaims;
  private readonly queue = new TaskQueue();

  constructor(core: ClientCore) {
    this.core = core;
    this.claims = new KeyPackageClaims(core);
  }

  /** Takes what was handed to this device; on the first device, makes and hands out what is due. Errors: those of the connection. */
  settle(): Promise<void> {
    return this.queue.run(async () => {
      if (!this.core.own.isPrimary) return this.takeGrants();
      if (this.isDue()) await this.renew();
      if (this.core.own.archiveKeyOwedTo.length > 0) await this.handOut();
    });
  }

  private isDue(): boolean {
    return Date.now() - this.core.own.archiveKeyMadeAt >= renewedEveryMs || !currentArchiveKey(this.core);
  }

  private async renew(): Promise<void> {
    const { own, directory } = this.core;
    const generation = (own.archiveKeys.at(-1)?.generation ?? 0) + 1;
    const key = newArchiveKey(generation, directory.get(own.user)?.version ?? 0);
    await own.renewArchiveKey(
      key,
      directory.liveDevices(own.user).filter((device) => device !== own.device),
    );
  }

  private async handOut(): Promise<void> {
    const { own, directory, connection } = this.core;
    const key = own.archiveKeys.at(-1)!;
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
      if (!pair) continue;
      try {
        await own.takeArchiveKey(await openArchiveGrant(own.identity(), pair, grant), supply.forget(pair));
      } catch (error) {
        if (!(error instanceof SottoError) || error.retryable) throw error;
      }
    }
  }
}

/** The key to archive under: undefined while a device was revoked that knows the latest. */
export function currentArchiveKey({ own, directory }: Pick<ClientCore, "own" | "directory">): ArchiveKey | undefined {
  const latest = own.archiveKeys.at(-1);
  const revoked = [...(directory.get(own.user)?.devices.values() ?? [])].map((device) => device.revokedVersion ?? 0);
  return latest && revoked.every((version) => version <= latest.listVersion) ? latest : undefined;
}

type WireGrant = ReplyOf<"archive:granted">["grants"][number];

const toWire = ({ device, generation, listVersion, ...bytes }: ArchiveGrant): WireGrant => ({
  device,
  generation,
  listVersion,
  keyPackage: toBase64(bytes.keyPackage),
  encapsulated: toBase64(bytes.encapsulated),
  sealed: toBase64(bytes.sealed),
  signature: toBase64(bytes.signature),
});

const fromWire = ({ device, generation, listVersion, ...bytes }: WireGrant): ArchiveGrant => ({
  device,
  generation,
  listVersion,
  keyPackage: fromBase64(bytes.keyPackage),
  encapsulated: fromBase64(bytes.encapsulated),
  sealed: fromBase64(bytes.sealed),
  signature: fromBase64(bytes.signature),
});
