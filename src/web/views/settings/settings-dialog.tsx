import { strings } from "../../strings.ts";
import { bridge } from "../../state/bridge.ts";
import { blocked } from "../../state/conversations.ts";
import { dialog } from "../../state/dialogs.ts";
import { run } from "../../state/notices.ts";
import { lock } from "../../state/session.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { useTask } from "../parts/use-task.ts";
import { DeviceSettings } from "./device-settings.tsx";
import { ExportSettings } from "./export-settings.tsx";
import { PrivacySettings } from "./privacy-settings.tsx";
import { RecoverySettings } from "./recovery-settings.tsx";

const words = strings.settings;

export function SettingsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={words.title} onClose={onClose} isWide>
      <DeviceSettings />
      <RecoverySettings />
      <PrivacySettings />
      <BlockedPeople />
      <ExportSettings />
      <Account onClose={onClose} />
    </Dialog>
  );
}

function BlockedPeople() {
  const users = blocked.value;
  return (
    <section class="settings-part">
      <h3>{words.blocked}</h3>
      {users.length === 0 && <p class="soft">{words.nobody}</p>}
      <ul class="people">
        {users.map((user) => (
          <li key={user}>
            <Avatar name={user} isSmall />
            <span class="person-name">{user}</span>
            <button
              type="button"
              class="button small"
              onClick={() => run(bridge.call("setBlocked", { user, isBlocked: false }))}
            >
              {strings.details.unblock}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Account({ onClose }: { onClose: () => void }) {
  const { isBusy, start } = useTask();
  const lockNow = async (): Promise<void> => {
    onClose();
    await lock();
  };
  return (
    <section class="settings-part">
      <h3>{words.account}</h3>
      <p class="soft">{words.lockText}</p>
      <div class="actions actions-start">
        <button type="button" class="button" aria-disabled={isBusy} onClick={() => start(lockNow)}>
          {words.lock}
        </button>
        <button type="button" class="button danger" onClick={() => (dialog.value = { name: "erase" })}>
          {words.erase}
        </button>
      </div>
    </section>
  );
}
