/** Key packages of other devices, taken from the node and held against what their users' pinned lists say. */
import { equalBytes } from "../../protocol/equal-bytes.ts";
import { inspectKeyPackage } from "../../identity/handshake.ts";
import { fromBase64 } from "../../protocol/base64.ts";
import type { ConversationId, DeviceId, UserId } from "../../protocol/ids.ts";
import type { ClientCore } from "../core.ts";

export class KeyPackageClaims {
  private readonly core: ClientCore;

  constructor(core: ClientCore) {
    this.core = core;
  }

  /**
   * One key package of each device, as far as there is one, for this conversation or for none. What is not that device's own is reported and
   * left out.
   */
  async take(
    { conversation, suite, isGroup }: { conversation?: ConversationId; suite: 84 | 3; isGroup: boolean },
    devices: { user: UserId; device: DeviceId }[],
  ): Promise<{ user: UserId; device: DeviceId; bytes: Uint8Array }[]> {
    if (devices.length === 0) return [];
    const about = conversation && { conversation };
    const inGroup = isGroup ? about : {};
    const request = { suite, devices, ...inGroup };
    const { packages } = await this.core.connection.request("keypackages:claim", request);
    const claimed: { user: UserId; device: DeviceId; bytes: Uint8Array }[] = [];
    for (const { user, device } of devices) {
      const found = packages.find((one) => one.device === device && one.user === user);
      if (!found) continue;
      const bytes = fromBase64(found.keyPackage);
      if (await this.isOwnPackage({ user, device, suite }, bytes)) claimed.push({ user, device, bytes });
      else this.core.report({ code: "key-package-invalid", ...about, user, device });
    }
    return claimed;
  }

  /** Whether a key package is by the very device that the user's pinned list names: the node could hand out one of its own. */
  private async isOwnPackage(
    { user, device, suite }: { user: UserId; device: DeviceId; suite: number },
    bytes: Uint8Array,
  ): Promise<boolean> {
    const list = this.core.directory.get(user);
    const listed = list?.devices.get(device);
    const inspected = await inspectKeyPackage(bytes).catch(() => undefined);
    if (!list || !listed || !inspected || inspected.suite !== suite) return false;
    const { credential, deviceKey } = inspected;
    return (
      credential.user === user &&
      credential.device === device &&
      equalBytes(credential.accountKey, list.accountKey) &&
      equalBytes(deviceKey, listed.deviceKey)
    );
  }
}
