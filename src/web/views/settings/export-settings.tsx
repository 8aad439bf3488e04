import { useEffect, useRef, useState } from "preact/hooks";
import type { Events } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { bridge } from "../../state/bridge.ts";
import { saveAs } from "../../state/saving.ts";
import { me } from "../../state/session.ts";
import { FormError } from "../parts/field.tsx";
import { useTask } from "../parts/use-task.ts";
import { ConfirmPassword } from "./confirm-password.tsx";

const words = strings.settings;

/** What leaves the encryption is said before; nothing is saved of an export that was broken off. */
export function ExportSettings() {
  const [password, setPassword] = useState("");
  const [files, setFiles] = useState(false);
  const [progress, setProgress] = useState<Events["export"] | undefined>(undefined);
  const [done, setDone] = useState("");
  const { isBusy, error, start } = useTask();
  const stop = useRef(new AbortController());
  useEffect(() => bridge.on("export", setProgress), []);
  useEffect(() => () => stop.current.abort(), []);

  const save = async (): Promise<void> => {
    stop.current = new AbortController();
    setDone("");
    setProgress(undefined);
    const { file, messages, unreadable } = await bridge.call(
      "exportMessages",
      { password, files },
      stop.current.signal,
    );
    saveAs(file, `sotto-${me.value.user}-${new Date().toISOString().slice(0, 10)}.jsonl`);
    setPassword("");
    setDone(words.exported(messages, unreadable));
  };
  return (
    <section class="settings-part">
      <h3>{words.export}</h3>
      <p class="soft">{words.exportText}</p>
      <p class="warning">{words.exportWarning}</p>
      {isBusy ? (
        <div class="stack">
          <progress
            class="progress"
            aria-label={words.export}
            value={progress?.conversations}
            max={progress?.of || 1}
          />
          <p class="soft">{progress ? words.exporting(progress.messages) : words.exportBegins}</p>
          <button type="button" class="button" onClick={() => stop.current.abort()}>
            {strings.cancel}
          </button>
        </div>
      ) : (
        <form
          class="form"
          aria-label={words.export}
          onSubmit={(event) => {
            event.preventDefault();
            start(save);
          }}
        >
          <label class="check">
            <input type="checkbox" checked={files} onChange={() => setFiles(!files)} />
            {words.exportFiles}
          </label>
          <ConfirmPassword value={password} onValue={setPassword} />
          <FormError text={error} />
          <button type="submit" class="button">
            {words.export}
          </button>
        </form>
      )}
      <p class="soft" role="status">
        {done}
      </p>
    </section>
  );
}
