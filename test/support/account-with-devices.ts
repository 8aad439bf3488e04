import { encodeCertificate, certificateSignedBytes } from "../../src/identity/device-certificate.ts";
import { deviceListEntrySignedBytes, encodeDeviceListEntry, extendDeviceList } from "../../src/identity/device-list.ts";
import type { DeviceList, DeviceListEntry } from "../../src/identity/device-list.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { resetEntry } from "../../src/crypto/account-key.ts";
import type { DeviceIdentity } from "../../src/crypto/group-engine.ts";
import { generateSigningKeyPair, sign } from "../../src/crypto/signing-key.ts";
import type { SigningKeyPair } from "../../src/crypto/signing-key.ts";
import { newId, userId } from "../../src/protocol/ids.ts";
import type { DeviceId, UserId } from "../../src/protocol/ids.ts";

/** A user with an account key, whose devices can be made and revoked: what a primary device does, without a client. */
export class AccountWithDevices {
  readonly user: UserId;
  accountKeys: SigningKeyPair;
  readonly entries: Uint8Array[] = [];
  list: DeviceList | undefined;

  private constructor(user: UserId, accountKeys: SigningKeyPair) {
    this.user = user;
    this.accountKeys = accountKeys;
  }

  static async of(user: string): Promise<AccountWithDevices> {
    await sodiumReady();
    return new AccountWithDevices(userId.parse(user), generateSigningKeyPair());
  }

  addDevice(device: DeviceId = newId(), keys: SigningKeyPair = generateSigningKeyPair()): DeviceIdentity {
    const listVersion = this.entries.length + 1;
    const certificate = certify(this, { device, deviceKey: keys.publicKey, listVersion });
    this.append({ operation: "add", device, deviceKey: keys.publicKey, certificate });
    return {
      user: this.user,
      device,
      accountKey: this.accountKeys.publicKey,
      certificate,
      deviceSecretKey: keys.secretKey,
    };
  }

  revokeDevice(device: DeviceId): void {
    const { deviceKey } = this.list!.devices.get(device)!;
    this.append({ operation: "revoke", device, deviceKey, certificate: new Uint8Array() });
  }

  /** Another account key, and a first device under it. */
  startOver(device: DeviceId = newId(), keys: SigningKeyPair = generateSigningKeyPair()): DeviceIdentity {
    const next = generateSigningKeyPair();
    const bytes = resetEntry(next.secretKey, this.list!, { user: this.user, device, deviceKey: keys.publicKey, at: 1 });
    this.accountKeys = next;
    this.take(bytes);
    const { certificate } = this.list!.devices.get(device)!;
    return { user: this.user, device, accountKey: next.publicKey, certificate, deviceSecretKey: keys.secretKey };
  }

  /** The next entry, signed with `secretKey`; by default the account's. */
  entry(change: Partial<DeviceListEntry>, secretKey = this.accountKeys.secretKey): Uint8Array {
    const entry: DeviceListEntry = {
      version: this.entries.length + 1,
      previousHash: this.list?.head ?? new Uint8Array(32),
      operation: "add",
      user: this.user,
      device: newId(),
      deviceKey: new Uint8Array(32),
      certificate: new Uint8Array(),
      at: 1_700_000_000_000,
      ...change,
    };
    return encodeDeviceListEntry(entry, sign(secretKey, deviceListEntrySignedBytes(entry)));
  }

  private append(change: Partial<DeviceListEntry>): void {
    this.take(this.entry(change));
  }

  private take(bytes: Uint8Array): void {
    this.list = extendDeviceList(this.list, bytes, this.accountKeys.publicKey);
    this.entries.push(bytes);
  }
}

/** A certificate for a device of this user, signed with `secretKey`; by default the account's. */
export function certify(
  account: AccountWithDevices,
  device: { device: DeviceId; deviceKey: Uint8Array; listVersion: number },
  secretKey = account.accountKeys.secretKey,
): Uint8Array {
  const certificate = { user: account.user, ...device };
  return encodeCertificate(certificate, sign(secretKey, certificateSignedBytes(certificate)));
}
