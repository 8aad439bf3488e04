import { useEffect, useState } from "preact/hooks";
import type { PrivacyChoices } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { bridge } from "../../state/bridge.ts";
import { FormError } from "../parts/field.tsx";
import { useTask } from "../parts/use-task.ts";

const words = strings.settings;

export function PrivacySettings() {
  const [choices, setChoices] = useState<PrivacyChoices | undefined>(undefined);
  const { error, start } = useTask();
  useEffect(() => start(async () => setChoices(await bridge.call("privacy"))), []);
  const turn = (name: keyof PrivacyChoices): void => {
    if (!choices) return;
    const now = { ...choices, [name]: !choices[name] };
    setChoices(now);
    start(() => bridge.call("setPrivacy", now));
  };
  return (
    <section class="settings-part">
      <h3>{words.privacy}</h3>
      {(["readReceipts", "typing"] as const).map((name) => (
        <label key={name} class="check">
          <input type="checkbox" checked={choices?.[name] ?? true} disabled={!choices} onChange={() => turn(name)} />
          {words[name]}
        </label>
      ))}
      <FormError text={error} />
    </section>
  );
}
