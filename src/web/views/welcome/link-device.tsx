import { useEffect, useState } from "preact/hooks";
import { strings } from "../../strings.ts";
import { bridge } from "../../state/bridge.ts";
import { deviceIsReady } from "../../state/session.ts";
import { Field, FormError } from "../parts/field.tsx";
import { QrCode } from "../parts/qr-code.tsx";
import { useTask } from "../parts/use-task.ts";
import { Welcome } from "./welcome.tsx";

const words = strings.link;

/** A user with devices has come with a new one. */
export function LinkDevice() {
  const [way, setWay] = useState<"link" | "lost">("link");
  return (
    <Welcome title={words.title}>
      {way === "link" ? <LinkByCode onLost={() => setWay("lost")} /> : <WithoutDevice onBack={() => setWay("link")} />}
    </Welcome>
  );
}

function LinkByCode({ onLost }: { onLost: () => void }) {
  const [code, setCode] = useState("");
  const [digits, setDigits] = useState<string | undefined>(undefined);
  const { isBusy, error, start } = useTask();
  const link = async (): Promise<void> => {
    setCode((await bridge.call("startLink")).code);
    setDigits((await bridge.call("finishLink")).checkDigits);
  };
  useEffect(() => start(link), []);
  if (digits !== undefined) {
    return (
      <>
        <p>{words.done}</p>
        <p class="check-digits">{words.digits(digits)}</p>
        <button type="button" class="button primary" onClick={() => start(deviceIsReady)}>
          {words.goOn}
        </button>
      </>
    );
  }
  return (
    <>
      <p class="welcome-text">{words.text}</p>
      {code !== "" && <QrCode bytes={new TextEncoder().encode(code)} label={words.qrLabel} />}
      <output class="code-words" aria-label={strings.settings.code}>
        {code}
      </output>
      {isBusy && <p class="hint">{words.waiting}</p>}
      <FormError text={error} />
      {error !== undefined && (
        <button type="button" class="button primary" onClick={() => start(link)}>
          {words.newCode}
        </button>
      )}
      <p class="welcome-turn">
        <button type="button" class="link" onClick={onLost}>
          {words.lost}
        </button>
      </p>
    </>
  );
}

function WithoutDevice({ onBack }: { onBack: () => void }) {
  const [typed, setTyped] = useState("");
  const [revokeOthers, setRevokeOthers] = useState(true);
  const { isBusy, error, start } = useTask();
  const restore = async (): Promise<void> => {
    await bridge.call("restore", { words: typed, revokeOthers });
    await deviceIsReady();
  };
  const startOver = async (): Promise<void> => {
    await bridge.call("startOver");
    await deviceIsReady();
  };
  return (
    <>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          start(restore);
        }}
      >
        <Field
          label={words.words}
          hint={words.wordsHint}
          value={typed}
          onValue={setTyped}
          isFirst
          required
          autocomplete="off"
        />
        <label class="check">
          <input type="checkbox" checked={revokeOthers} onChange={() => setRevokeOthers(!revokeOthers)} />
          {words.revokeOthers}
        </label>
        <FormError text={error} />
        <button type="submit" class="button primary" aria-disabled={isBusy}>
          {words.restore}
        </button>
      </form>
      <details class="start-over">
        <summary>{words.startOver}</summary>
        <p class="hint">{words.startOverText}</p>
        <button type="button" class="button danger" aria-disabled={isBusy} onClick={() => start(startOver)}>
          {words.startOverConfirm}
        </button>
      </details>
      <p class="welcome-turn">
        <button type="button" class="link" onClick={onBack}>
          {words.title}
        </button>
      </p>
    </>
  );
}
