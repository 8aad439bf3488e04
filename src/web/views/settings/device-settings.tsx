import { useEffect, useState } from "preact/hooks";
import type { DeviceFacts } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { bridge } from "../../state/bridge.ts";
import { dialog } from "../../state/dialogs.ts";
import { Field, FormError } from "../parts/field.tsx";
import { when } from "../parts/times.ts";
import { useTask } from "../parts/use-task.ts";
import { canScan, ScanCode } from "../parts/scan-code.tsx";
import { ConfirmPassword } from "./confirm-password.tsx";

const words = strings.settings;

export function DeviceSettings() {
  const [devices, setDevices] = useState<DeviceFacts[]>([]);
  const [renamed, setRenamed] = useState<string | undefined>(undefined);
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
            <button
              type="button"
              class="button small"
              aria-label={words.renameLabel(name)}
              aria-expanded={renamed === id}
              onClick={() => setRenamed(renamed === id ? undefined : id)}
            >
              {words.rename}
            </button>
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
            {renamed === id && (
              <RenameDevice
                id={id}
                name={name}
                onDone={() => {
                  setRenamed(undefined);
                  start(load);
                }}
              />
            )}
          </li>
        ))}
      </ul>
      <FormError text={error} />
      <AddDevice onAdded={() => start(load)} />
    </section>
  );
}

function RenameDevice({ id, name, onDone }: { id: string; name: string; onDone: () => void }) {
  const [text, setText] = useState(name);
  const { isBusy, error, start } = useTask();
  const rename = async (): Promise<void> => {
    await bridge.call("renameDevice", { device: id, name: text.trim() });
    onDone();
  };
  return (
    <form
      class="inline-form device-name"
      onSubmit={(event) => {
        event.preventDefault();
        start(rename);
      }}
    >
      <Field
        label={words.deviceName}
        value={text}
        onValue={setText}
        isFirst
        required
        maxLength={40}
        autocomplete="off"
      />
      <button type="submit" class="button" disabled={text.trim() === ""} aria-disabled={isBusy}>
        {strings.details.save}
      </button>
      <FormError text={error} />
    </form>
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
      <h4>{words.addDevice}</h4>
      <p class="soft">{words.addDeviceText}</p>
      {canScan && <ScanCode onCode={setCode} />}
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
