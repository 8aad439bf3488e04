import { encodeCertificate, certificateSignedBytes, type DeviceCertificate } from "../identity/device-certificate.ts";
import {
  deviceListEntrySignedBytes,
  encodeDeviceListEntry,
  type DeviceList,
  type DeviceListEntry,
} from "../identity/device-list.ts";
import {
  recoveryStatementBytes,
  recoveryVaultBytes,
  type RecoveryStatement,
  type RecoveryVault,
} from "../identity/recovery.ts";
import { SottoError } from "../protocol/errors.ts";
import type { DeviceId, UserId } from "../protocol/ids.ts";
import { publicKeyOf, sign } from "./signing-key.ts";

/** The certificate of a device, signed. `accountSecretKey`: 64 bytes. */
export function certifyDevice(accountSecretKey: Uint8Array, certificate: DeviceCertificate): Uint8Array {
  return encodeCertificate(certificate, sign(accountSecretKey, certificateSignedBytes(certificate)));
}

/** A device list's next entry, signed. `accountSecretKey`: 64 bytes. Does not check that the entry extends a list. */
export function signDeviceListEntry(accountSecretKey: Uint8Array, entry: DeviceListEntry): Uint8Array {
  return encodeDeviceListEntry(entry, sign(accountSecretKey, deviceListEntrySignedBytes(entry)));
}

/** The entry that adds a device to a list, or founds it (`list` undefined), with the device's certificate. `at`: ms. */
export function addDeviceEntry(
  accountSecretKey: Uint8Array,
  list: Pick<DeviceList, "version" | "head"> | undefined,
  added: { user: UserId; device: DeviceId; deviceKey: Uint8Array; at: number },
): { entry: Uint8Array; certificate: Uint8Array } {
  const { user, device, deviceKey, at } = added;
  const version = (list?.version ?? 0) + 1;
  const certificate = certifyDevice(accountSecretKey, { user, device, deviceKey, listVersion: version });
  const previousHash = list?.head ?? new Uint8Array(32);
  const entry: DeviceListEntry = { version, previousHash, operation: "add", user, device, deviceKey, certificate, at };
  return { entry: signDeviceListEntry(accountSecretKey, entry), certificate };
}

/** The entry that revokes a device of a list. Throws `device-unknown` when the list has no such device. `at`: ms. */
export function revokeDeviceEntry(
  accountSecretKey: Uint8Array,
  list: DeviceList,
  revoked: { device: DeviceId; at: number },
): Uint8Array {
  const { device, at } = revoked;
  const deviceKey = list.devices.get(device)?.deviceKey;
  if (!deviceKey) throw new SottoError("device-unknown");
  return signDeviceListEntry(accountSecretKey, {
    version: list.version + 1,
    previousHash: list.head,
    operation: "revoke",
    user: list.user,
    device,
    deviceKey,
    certificate: new Uint8Array(),
    at,
  });
}

/**
 * The entry with which a user starts over after version `head` of its list: a new account key (`accountSecretKey`, 64 bytes) in the place
 * of `head.accountKey` (32 bytes), and one device. Signed by the new key alone: nobody is left who has the old one. `at`: ms.
 */
export function resetEntry(
  accountSecretKey: Uint8Array,
  head: Pick<DeviceList, "accountKey" | "version" | "head">,
  first: { user: UserId; device: DeviceId; deviceKey: Uint8Array; at: number },
): Uint8Array {
  const { user, device, deviceKey, at } = first;
  const version = head.version + 1;
  return signDeviceListEntry(accountSecretKey, {
    version,
    previousHash: head.head,
    operation: "reset",
    user,
    device,
    deviceKey,
    certificate: certifyDevice(accountSecretKey, { user, device, deviceKey, listVersion: version }),
    at,
    accountKeys: { replaced: head.accountKey, next: publicKeyOf(accountSecretKey) },
  });
}

/** Signature (64 bytes) over a user's word on its recovery key. `accountSecretKey`: 64 bytes. */
export function signRecoveryStatement(accountSecretKey: Uint8Array, statement: RecoveryStatement): Uint8Array {
  return sign(accountSecretKey, recoveryStatementBytes(statement));
}

/** Signature (64 bytes) over a vault that takes the place of the one before. `accountSecretKey`: 64 bytes. */
export function signRecoveryVault(accountSecretKey: Uint8Array, vault: RecoveryVault): Uint8Array {
  return sign(accountSecretKey, recoveryVaultBytes(vault));
}
