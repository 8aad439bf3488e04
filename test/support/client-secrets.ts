import type { ClientStore } from "../../src/client/index.ts";
import { decodeRecord, tables, type DeviceRecord, type KeyPackageRecord } from "../../src/client/records.ts";
import { decodeRatchets } from "../../src/crypto/mls/ratchet-codec.ts";

/** Every secret key in a closed client's store: the device's, the account's, the archive's and the vault's, those of key packages and of the group. */
export async function secretsOf(store: ClientStore): Promise<Uint8Array[]> {
  const opened = await store.open();
  const rows = async <T extends object>(table: string): Promise<T[]> =>
    (await opened.list(table)).map(({ bytes }) => decodeRecord<T>(bytes));
  try {
    const secrets: Uint8Array[] = [];
    for (const { deviceSecretKey, accountSecretKey, archiveKeys = [], recovery } of await rows<DeviceRecord>(
      tables.device,
    )) {
      // An Ed25519 secret key is a seed of 32 bytes and the public key.
      for (const key of [deviceSecretKey, accountSecretKey]) if (key) secrets.push(key.subarray(0, 32));
      secrets.push(...archiveKeys.map(({ key }) => key), ...(recovery?.vaultKey ? [recovery.vaultKey] : []));
    }
    for (const { publicBytes, privateBytes } of await rows<KeyPackageRecord>(tables.keyPackages)) {
      secrets.push(...piecesNotIn(privateBytes, publicBytes));
    }
    for (const { bytes } of await opened.list(tables.groupRatchets)) {
      for (const ratchets of decodeRatchets(bytes).values()) {
        for (const { application } of ratchets(256)) {
          if (application.secret.length > 0) secrets.push(application.secret);
          secrets.push(...Object.values(application.unusedGenerations));
        }
      }
    }
    return secrets;
  } finally {
    await opened.close();
  }
}

/** The parts of 32 bytes of a private object that do not stand in the public one. */
function piecesNotIn(secret: Uint8Array, known: Uint8Array): Uint8Array[] {
  const open = Buffer.from(known);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at + 32 <= secret.length; at += 16) {
    const piece = Buffer.from(secret.subarray(at, at + 32));
    if (!open.includes(piece.subarray(0, 16)) && !open.includes(piece.subarray(16))) pieces.push(piece);
  }
  return pieces;
}
