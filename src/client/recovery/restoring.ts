/**
 * A new device that is restored by the words of the recovery key: opens the vault, adds itself to its user's list by the account key, and
 * takes the archive keys. Nothing that the node says is taken that does not go on from where the vault knew the list to stand.
 *
 *   fetched ──(the words open it)──▶ opened ──(its entry stands in the list)──▶ admitted ──(list and keys verified)──▶ certified
 */
import { addDeviceEntry } from "../../crypto/account-key.ts";
import { isArchiveKeyOf, lastRestoredGeneration, type ArchiveKey } from "../../crypto/archive.ts";
import { openRecoveryGrant } from "../../crypto/recovery-grant.ts";
import { wipeRecoveryKeys, type RecoveryKeys } from "../../crypto/recovery-key.ts";
import { openVault, type VaultContent } from "../../crypto/recovery-vault.ts";
import { publicKeyOf } from "../../crypto/signing-key.ts";
import { verifyDeviceList, type DeviceList } from "../../identity/device-list.ts";
import { verifyRecoveryStatement } from "../../identity/recovery.ts";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import { fromBase64, toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import { limits } from "../../protocol/limits.ts";
import type { ReplyOf } from "../../protocol/requests.ts";
import type { Challenge, Session } from "../connection/session.ts";
import type { ClientCore } from "../core.ts";
import { grantorKeyOf } from "../device/archive-keys.ts";
import { readListHead, type ListHead } from "../device/starting-over.ts";

type Kept = ReplyOf<"recovery:fetch">;

/** What a vault gave back. */
export interface VaultFound {
  contacts: number;
  archiveKeys: number;
  savedAt: Date;
}

export class Restoring {
  found: VaultFound | undefined;
  private readonly core: ClientCore;
  private readonly keys: RecoveryKeys;
  /** Fetched once, however often the connection is tried. */
  private kept: Kept | undefined;

  constructor(core: ClientCore, keys: RecoveryKeys) {
    this.core = core;
    this.keys = keys;
  }

  /**
   * Answers the challenge. Errors: `recovery-unknown`, `recovery-mismatch`, `vault-invalid`, `untrusted-list`, `too-many-devices`,
   * `forbidden` where it was fetched too often, and those of the connection.
   */
  async admit(session: Session, challenge: Challenge): Promise<ReplyOf<"session:restore">> {
    this.kept ??= await fetchKept(session);
    const content = this.open(this.kept);
    try {
      return await this.admitBy(content, this.kept, { session, challenge });
    } finally {
      content.accountSecretKey.fill(0);
    }
  }

  /** The words have done what they can: what was derived from them goes. */
  wipe(): void {
    wipeRecoveryKeys(this.keys);
  }

  private async admitBy(
    content: VaultContent,
    kept: Kept,
    { session, challenge }: { session: Session; challenge: Challenge },
  ): Promise<ReplyOf<"session:restore">> {
    const { own } = this.core;
    const accountKey = publicKeyOf(content.accountSecretKey);
    const head = await readListHead(session);
    requireGoesOn(content, accountKey, head);
    const { user, device, deviceKey } = own;
    const { entry } = addDeviceEntry(content.accountSecretKey, head, { user, device, deviceKey, at: Date.now() });
    const signature = own.signChallenge(challenge);
    const admitted = await session.ask("session:restore", { device, entry: toBase64(entry), signature });
    await this.take(session, kept, content);
    return admitted;
  }

  private open({ version, revision, publicKey, madeAt, signature, vault }: Kept): VaultContent {
    const { user } = this.core.own;
    const published = fromBase64(publicKey);
    if (!equalBytes(published, this.keys.keyPair.publicKey)) throw new SottoError("recovery-mismatch");
    const content = openVault(this.keys.vaultKey, { user, version, revision }, fromBase64(vault));
    const accountKey = publicKeyOf(content.accountSecretKey);
    const statement = { user, version, publicKey: published, madeAt };
    if (!verifyRecoveryStatement(statement, fromBase64(signature), accountKey)) throw new SottoError("vault-invalid");
    return content;
  }

  private async take(session: Session, kept: Kept, content: VaultContent): Promise<void> {
    const { own, directory } = this.core;
    const accountKey = publicKeyOf(content.accountSecretKey);
    const { entries, list } = await this.readList(session, accountKey, content);
    const listed = list.devices.get(own.device);
    if (!listed || listed.revokedVersion !== undefined || !equalBytes(listed.deviceKey, own.deviceKey)) {
      throw new SottoError("untrusted-list", { detail: "The node leaves this device out of its user's list." });
    }
    const archiveKeys = await this.openGrants(list, kept);
    const { version, revision, madeAt } = kept;
    const recovery = {
      version,
      publicKey: this.keys.keyPair.publicKey,
      madeAt,
      isChecked: true,
      vaultKey: this.keys.vaultKey.slice(),
      saved: { hash: new Uint8Array(), at: content.savedAt, revision },
    };
    const { pins, changes } = directory.pinChanges(content.pins);
    const accountSecretKey = content.accountSecretKey.slice();
    const { certificate } = listed;
    directory.pinOwn(own.user, accountKey);
    await directory.adopt(own.user, accountKey, entries, 0);
    await own.acceptRestored({ accountKey, accountSecretKey, certificate, archiveKeys, recovery }, changes);
    for (const pin of pins) directory.hold(pin);
    const [contacts, savedAt] = [content.pins.length, new Date(content.savedAt)];
    this.found = { contacts, archiveKeys: archiveKeys.length, savedAt };
  }

  private async readList(session: Session, accountKey: Uint8Array, { listVersion, listHead }: VaultContent) {
    const { user } = this.core.own;
    const { users } = await session.ask("devices:read", { users: [{ user, after: 0 }] });
    const entries = (users.find((one) => one.user === user)?.entries ?? []).map(fromBase64);
    return { entries, list: verifyDeviceList(entries, accountKey, { version: listVersion, head: listHead }) };
  }

  /** What the server made up, or a device that was revoked by then, is as good as not there. */
  private async openGrants(list: DeviceList, { version, grants }: Kept): Promise<ArchiveKey[]> {
    const { secretKey } = this.keys.keyPair;
    const archiveKeys = new Map<number, ArchiveKey>();
    for (const { encapsulated, sealed, signature, ...grant } of grants.toSorted(byWhomItCounts(list))) {
      const { by, generation, listVersion } = grant;
      const deviceKey = grantorKeyOf(list, by, listVersion);
      if (!deviceKey || archiveKeys.has(generation) || generation > lastRestoredGeneration) continue;
      const bytes = { encapsulated: fromBase64(encapsulated), sealed: fromBase64(sealed) };
      const whole = { ...grant, ...bytes, signature: fromBase64(signature) };
      try {
        const place = { user: list.user, version };
        archiveKeys.set(generation, await openRecoveryGrant(secretKey, place, deviceKey, whole));
      } catch (error) {
        if (!(error instanceof SottoError)) throw error;
      }
    }
    return [...archiveKeys.values()].toSorted((one, other) => one.generation - other.generation);
  }
}

/** Of several under one name: that of the device that makes such keys, then those of the devices that are there longest. */
function byWhomItCounts({
  devices,
}: DeviceList): (one: Kept["grants"][number], other: Kept["grants"][number]) => number {
  const rank = (grant: Kept["grants"][number]): number => {
    const addedVersion = devices.get(grant.by)?.addedVersion ?? limits.deviceListEntries + 1;
    return isArchiveKeyOf(addedVersion, grant) ? addedVersion - limits.deviceListEntries : addedVersion;
  };
  return (one, other) => rank(one) - rank(other);
}

/** Nobody waits for hours unawares. */
async function fetchKept(session: Session): Promise<Kept> {
  try {
    return await session.ask("recovery:fetch", {});
  } catch (cause) {
    if (!(cause instanceof SottoError) || cause.code !== "rate-limited") throw cause;
    const { retryAfterMs } = cause;
    const detail = "What is kept for this user's recovery key was fetched too often. Wait a few hours.";
    throw new SottoError("forbidden", { detail, cause, ...(retryAfterMs !== undefined && { retryAfterMs }) });
  }
}

/** Before anything is signed: a list that is older than the vault would bring devices back that were revoked. */
function requireGoesOn(
  { listVersion, listHead }: VaultContent,
  accountKey: Uint8Array,
  head: ListHead | undefined,
): asserts head is ListHead {
  if (!head || !equalBytes(head.accountKey, accountKey)) {
    throw new SottoError("vault-invalid", { detail: "The vault holds another account key than the user's list." });
  }
  const isFork = head.version === listVersion && !equalBytes(head.head, listHead);
  if (head.version < listVersion || isFork) {
    throw new SottoError("untrusted-list", { detail: "The list is older than the vault knows it, or another one." });
  }
}
