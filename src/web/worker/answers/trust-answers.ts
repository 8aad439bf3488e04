import type { Answers, DeviceFacts } from "../../bridge/contract.ts";
import type { DeviceInfo } from "../../../client/index.ts";
import { exportToFile } from "../export-to-file.ts";
import type { Session } from "../session.ts";

export function trustAnswers(session: Session) {
  return {
    async verification({ user }) {
      const { safetyNumber, qr, confirmed, changed } = await session.client.verification(user);
      return { user, safetyNumber, qr, confirmed, changed };
    },
    async trust({ user, compared }) {
      const verification = await session.client.verification(user);
      await (compared ? verification.confirm() : verification.accept());
      session.list.touchUser(user);
    },
    changedIdentities: () => session.client.changedIdentities(),
    setBlocked: ({ user, isBlocked }) => (isBlocked ? session.client.block(user) : session.client.unblock(user)),
    blocked: () => session.client.blocked(),
    privacy: () => {
      const { readReceipts, typing } = session.client.privacy;
      return { readReceipts, typing };
    },
    setPrivacy: (choices) => session.client.privacy.set(choices),
    devices: async () => (await session.client.devices.list()).map(deviceFacts),
    async approveLink({ code, password }) {
      await session.confirm(password);
      const { checkDigits } = await session.client.devices.approve(code);
      return { checkDigits };
    },
    renameDevice: ({ device, name }) => session.client.devices.rename(device, name),
    async revokeDevice({ device, password }) {
      await session.confirm(password);
      await session.client.devices.revoke(device);
    },
    async recovery() {
      const { isEnabled, isChecked, canEnable, atStake } = await session.client.recovery.status();
      return { isEnabled, isChecked, canEnable, otherDevices: atStake.otherDevices };
    },
    async enableRecovery({ password }) {
      await session.confirm(password);
      return { words: await session.client.recovery.enable() };
    },
    async exportMessages({ password, files }, signal) {
      await session.confirm(password);
      return exportToFile(session.client, { files, signal, tell: session.tell });
    },
    checkRecovery: ({ words }) => session.client.recovery.check(words),
  } satisfies Partial<Answers>;
}

function deviceFacts({ id, current, name, addedAt, revokedAt }: DeviceInfo): DeviceFacts {
  return {
    id,
    current,
    addedAt: addedAt.getTime(),
    ...(name !== undefined && { name }),
    ...(revokedAt && { revokedAt: revokedAt.getTime() }),
  };
}
