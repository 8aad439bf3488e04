/**
 * Keeps what a recovery key would give back as it should be: each archive key of this device is sealed to it, and a device that holds the
 * account key writes the vault anew when contacts or the device list have moved on. Takes no recovery key that the account key has not
 * signed, and none of before the latest that it has heard of: that one was voided. What a database that was put back has lost of the
 * latest, a device that can publishes again.
 */
import type { ArchiveKey } from "../../crypto/archive.ts";
import type { RecoveryGrant } from "../../crypto/recovery-grant.ts";
import { openVault } from "../../crypto/recovery-vault.ts";
import { verifyRecoveryStatement } from "../../identity/recovery.ts";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import { fromBase64, toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import { limits } from "../../protocol/limits.ts";
import type { ReplyOf, RequestOf } from "../../protocol/requests.ts";
import { TaskQueue } from "../async/task-queue.ts";
import { unlessPassing, type ClientCore } from "../core.ts";
import { isMadeBy } from "../device/archive-keys.ts";
import type { RecoveryRecord } from "../records.ts";

/** Where a recovery key stands at the node, as far as it can be believed. */
export type RecoveryStanding = NonNullable<ReplyOf<"recovery:read">["key"]>;
type WireGrant = RequestOf<"recovery:grant">["grants"][number];

/** `publicKey` and `vault`: null of one that is given up. */
export interface Publication {
  after: number;
  version: number;
  publicKey: Uint8Array | null;
  madeAt: number;
  vault: Uint8Array | null;
}

export class RecoveryUpkeep {
  private readonly core: ClientCore;
  private readonly queue = new TaskQueue();
  private hasReported = false;
  /** The version that the node shows in the place of a later one; undefined where it does not. */
  private lostSince: number | undefined;

  constructor(core: ClientCore) {
    this.core = core;
  }

  /**
   * Where the recovery key stands; undefined where the node has none, or shows one that is not to be believed, of which a fault tells.
   * What is news is noted. Errors: those of the connection.
   */
  async read(): Promise<RecoveryStanding | undefined> {
    const { own, connection } = this.core;
    const { key } = await connection.request("recovery:read", {});
    const known = own.recovery?.version ?? 0;
    this.lostSince = (key?.version ?? 0) < known ? (key?.version ?? 0) : undefined;
    if (!key) return undefined;
    const { version, madeAt } = key;
    const publicKey = key.publicKey === null ? null : fromBase64(key.publicKey);
    const statement = { user: own.user, version, publicKey, madeAt };
    const isSigned = verifyRecoveryStatement(statement, fromBase64(key.signature), own.identity().accountKey);
    if (!isSigned) return this.distrust();
    if (version < known) return undefined;
    if (version > known) await own.noteRecovery({ version, publicKey, madeAt, isChecked: false });
    return key;
  }

  /** Hands the recovery key what it lacks of this device's archive keys. Errors: those of the connection. */
  grant(): Promise<void> {
    return this.queue.run(async () => {
      const { own, connection } = this.core;
      const standing = await this.read();
      const publicKey = own.recovery?.publicKey;
      if (!standing || !publicKey) return;
      const { version, granted } = standing;
      const newest = own.archiveKeys.slice(-limits.recoveryGrantsPerDevice);
      const missing = newest.filter((key) => !granted.some((one) => this.isGiven(key, one)));
      for (let first = 0; first < missing.length; first += limits.recoveryGrantsPerPut) {
        const some = missing.slice(first, first + limits.recoveryGrantsPerPut);
        const grants = await Promise.all(some.map((key) => own.grantToRecovery(version, publicKey, key)));
        await connection.request("recovery:grant", { version, grants: grants.map(toWire) }).catch(unlessPassing);
      }
    });
  }

  /** By this device, or by the one that makes such keys; what others give under that name may be anything. */
  private isGiven(key: ArchiveKey, { generation, by }: RecoveryStanding["granted"][number]): boolean {
    const { own, directory } = this.core;
    return generation === key.generation && (by === own.device || isMadeBy(directory.get(own.user), by, key));
  }

  /** Writes the vault anew, where this device may and something has changed. Errors: those of the connection. */
  save(): Promise<void> {
    return this.queue.run(async () => {
      const { own, directory, connection } = this.core;
      if (!own.isPrimary || !own.recovery) return;
      if (this.lostSince !== undefined) return this.publishAgain(this.lostSince, own.recovery);
      if (!own.recovery.vaultKey || !this.isDue(own.recovery)) return;
      const standing = await this.read();
      const { recovery } = own;
      if (!standing || !recovery?.vaultKey || recovery.version !== standing.version) return;
      if (standing.revision !== recovery.saved?.revision) await this.merge(recovery.vaultKey, standing.revision);
      const list = directory.get(own.user);
      if (!list) return;
      const [pins, savedAt, revision] = [directory.pins(), Date.now(), standing.revision + 1];
      const place = { version: standing.version, revision };
      const { sealed, signature } = own.sealVault(recovery.vaultKey, place, { list, pins, savedAt });
      const written = { ...place, vault: toBase64(sealed), signature: toBase64(signature) };
      await connection.request("recovery:save", written);
      await own.noteRecovery({ ...recovery, saved: { hash: own.hashVault(list, pins), at: savedAt, revision } });
    });
  }

  /** Puts a recovery key, signed, in the place of the one of version `after`. Errors: `recovery-conflict`, those of the connection. */
  async publish({ after, version, publicKey, madeAt, vault }: Publication): Promise<void> {
    const { own, connection } = this.core;
    await connection.request("recovery:put", {
      after,
      version,
      publicKey: publicKey && toBase64(publicKey),
      madeAt,
      signature: toBase64(own.signRecovery({ version, publicKey, madeAt })),
      vault: vault && toBase64(vault),
    });
  }

  private async publishAgain(after: number, recovery: RecoveryRecord): Promise<void> {
    const { own, directory } = this.core;
    const { version, publicKey, madeAt, vaultKey } = recovery;
    const list = directory.get(own.user);
    if (!list || (publicKey && !vaultKey)) return;
    const [pins, savedAt, place] = [directory.pins(), Date.now(), { version, revision: 1 }];
    const vault = vaultKey && publicKey ? own.sealVault(vaultKey, place, { list, pins, savedAt }).sealed : null;
    await this.publish({ after, version, publicKey, madeAt, vault });
    this.lostSince = undefined;
    if (vault)
      await own.noteRecovery({ ...recovery, saved: { hash: own.hashVault(list, pins), at: savedAt, revision: 1 } });
  }

  private isDue({ saved }: RecoveryRecord): boolean {
    const { own, directory } = this.core;
    const list = directory.get(own.user);
    return list !== undefined && (!saved || !equalBytes(saved.hash, own.hashVault(list, directory.pins())));
  }

  /** Another device has written since: contacts that only it knows are kept. One that does not open is written over. */
  private async merge(vaultKey: Uint8Array, latest: number): Promise<void> {
    const { own, directory, connection } = this.core;
    try {
      const { version, revision, vault } = await connection.request("recovery:fetch", {});
      // One from before would undo what is known since.
      if (revision !== latest || revision <= (own.recovery?.saved?.revision ?? 0)) return;
      const { pins } = openVault(vaultKey, { user: own.user, version, revision }, fromBase64(vault));
      await directory.merge(pins);
    } catch (error) {
      if (!(error instanceof SottoError) || error.code !== "vault-invalid") throw error;
    }
  }

  private distrust(): undefined {
    if (!this.hasReported) this.core.report({ code: "recovery-mismatch", user: this.core.own.user });
    this.hasReported = true;
    return undefined;
  }
}

const toWire = ({ generation, listVersion, by, ...bytes }: RecoveryGrant): WireGrant => ({
  generation,
  listVersion,
  by,
  encapsulated: toBase64(bytes.encapsulated),
  sealed: toBase64(bytes.sealed),
  signature: toBase64(bytes.signature),
});
