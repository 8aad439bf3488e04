import { useEffect, useState } from "preact/hooks";
import type { DeviceFacts } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { bridge } from "../../state/bridge.ts";
import { dialog } from "../../state/dialogs.ts";
import { Field, FormError } from "../parts/field.tsx";
import { when } from "../parts/times.ts";
import { useTask } from "../parts/use-task.ts";
import { ConfirmPassword } from "./confirm-password.tsx";

const words = strings.settings;

export function DeviceSettings() {
  const [devices, setDevices] = useState<DeviceFacts[]>([]);
  const { error, start } = useTask();
  const load = async (): Promise<void> =>
    setDevices((await bridge.call("devices")).filter(({ revokedAt }) => revokedAt === undefined));
  useEffect(() => start(load), []);
  return (
    <section class="settings-part">
      <h3>{words.devices}</h3>
      <ul class="people">
        {devices.map(({ id, name = words.unnamedDevice, current, addedAt }) => (
          <li key={id}>
            <span class="person-name">
              {name} {current && <span class="role">{words.thisDevice}</span>}
              <span class="soft device-added">{words.added(when(addedAt))}</span>
            </span>
            {!current && (
              <button
                type="button"
                class="button small danger"
                aria-label={words.revokeLabel(name)}
                onClick={() => (dialog.value = { name: "revoke-device", device: id, label: name })}
              >
                {words.revoke}
              </button>
            )}
          </li>
        ))}
      </ul>
      <FormError text={error} />
      <AddDevice onAdded={() => start(load)} />
    </section>
  );
}

function AddDevice({ onAdded }: { onAdded: () => void }) {
  const [code, setCode] = useState("");
  const [password, setPassword] = useState("");
  const [digits, setDigits] = useState<string | undefined>(undefined);
  const { isBusy, error, start } = useTask();
  const approve = async (): Promise<void> => {
    setDigits((await bridge.call("approveLink", { code: code.trim(), password })).checkDigits);
    setCode("");
    setPassword("");
    onAdded();
  };
  return (
    <>
      <p class="soft">{words.addDeviceText}</p>
      <form
        class="form"
        aria-label={words.addDevice}
        onSubmit={(event) => {
          event.preventDefault();
          start(approve);
        }}
      >
        <Field
          label={words.code}
          value={code}
          onValue={setCode}
          required
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
        />
        <ConfirmPassword value={password} onValue={setPassword} />
        <FormError text={error} />
        <button type="submit" class="button" aria-disabled={isBusy}>
          {words.approve}
        </button>
      </form>
      {digits !== undefined && (
        <p class="check-digits" role="status">
          {words.approved(digits)}
        </p>
      )}
    </>
  );
}
