import { useEffect, useState } from "preact/hooks";
import type { RecoveryFacts } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { bridge } from "../../state/bridge.ts";
import { Field, FormError } from "../parts/field.tsx";
import { useTask } from "../parts/use-task.ts";
import { ConfirmPassword } from "./confirm-password.tsx";

const words = strings.settings;

/** The words are shown once, hidden, and asked back: who has not kept them finds out now. */
export function RecoverySettings() {
  const [facts, setFacts] = useState<RecoveryFacts | undefined>(undefined);
  const [shown, setShown] = useState<string | undefined>(undefined);
  const [isTyping, setTyping] = useState(false);
  const { error, start } = useTask();
  const load = async (): Promise<void> => setFacts(await bridge.call("recovery"));
  useEffect(() => start(load), []);
  const made = async (fresh: string): Promise<void> => {
    setShown(fresh);
    await load();
  };
  const checked = async (): Promise<void> => {
    setTyping(false);
    await load();
  };
  return (
    <section class="settings-part">
      <h3>{words.recovery}</h3>
      {facts && <p class="soft">{standing(facts)}</p>}
      {shown !== undefined && (
        <>
          <p>{words.recoveryShow}</p>
          <output class="code-words">{shown}</output>
          <button
            type="button"
            class="button primary"
            onClick={() => {
              setShown(undefined);
              setTyping(true);
            }}
          >
            {words.recoveryKept}
          </button>
        </>
      )}
      {isTyping && <TypedBack onChecked={() => start(checked)} />}
      {facts?.isEnabled && !facts.isChecked && shown === undefined && !isTyping && (
        <button type="button" class="button" onClick={() => setTyping(true)}>
          {words.recoveryType}
        </button>
      )}
      {facts?.canEnable && shown === undefined && !isTyping && (
        <MakeKey
          action={facts.isEnabled ? words.recoveryAgain : words.recoveryMake}
          onMade={(fresh) => start(() => made(fresh))}
        />
      )}
      <FormError text={error} />
    </section>
  );
}

function MakeKey({ action, onMade }: { action: string; onMade: (fresh: string) => void }) {
  const [password, setPassword] = useState("");
  const { isBusy, error, start } = useTask();
  const make = async (): Promise<void> => onMade((await bridge.call("enableRecovery", { password })).words);
  return (
    <form
      class="form"
      aria-label={action}
      onSubmit={(event) => {
        event.preventDefault();
        start(make);
      }}
    >
      <ConfirmPassword value={password} onValue={setPassword} />
      <FormError text={error} />
      <button type="submit" class="button" aria-disabled={isBusy}>
        {action}
      </button>
    </form>
  );
}

function TypedBack({ onChecked }: { onChecked: () => void }) {
  const [typed, setTyped] = useState("");
  const { isBusy, error, setError, start } = useTask();
  const check = async (): Promise<void> => {
    if (await bridge.call("checkRecovery", { words: typed })) onChecked();
    else setError(words.recoveryWrong);
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        start(check);
      }}
    >
      <Field
        label={words.recoveryType}
        value={typed}
        onValue={setTyped}
        isFirst
        required
        autocomplete="off"
        spellcheck={false}
      />
      <FormError text={error} />
      <button type="submit" class="button primary" aria-disabled={isBusy}>
        {words.recoveryCheck}
      </button>
    </form>
  );
}

function standing({ isEnabled, isChecked, canEnable }: RecoveryFacts): string {
  if (isEnabled) return isChecked ? words.recoveryDone : words.recoveryUnchecked;
  return canEnable ? words.recoveryNone : words.recoveryElsewhere;
}
