import { useState } from "preact/hooks";
import { strings } from "../../strings.ts";
import { erase, unlock, useAnother } from "../../state/session.ts";
import { CallFailure } from "../../bridge/caller.ts";
import { Field, FormError } from "../parts/field.tsx";
import { useTask } from "../parts/use-task.ts";
import { Welcome } from "./welcome.tsx";

const words = strings.welcome;

export function Unlock({ user }: { user: string }) {
  const [password, setPassword] = useState("");
  const [isGone, setGone] = useState(false);
  const { isBusy, error, start } = useTask();
  const open = async (): Promise<void> => {
    try {
      await unlock(user, password);
    } catch (failure) {
      setGone(failure instanceof CallFailure && failure.code === "storage-evicted");
      throw failure;
    }
  };
  return (
    <Welcome title={words.unlockTitle(user)} text={words.unlockHint}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          start(open);
        }}
      >
        {/* For the browser's own keeper of passwords. */}
        <input
          type="text"
          class="visually-hidden"
          autocomplete="username"
          value={user}
          readOnly
          tabIndex={-1}
          aria-hidden="true"
        />
        <Field
          label={words.password}
          type="password"
          value={password}
          onValue={setPassword}
          isFirst
          required
          autocomplete="current-password"
        />
        <FormError text={error} />
        <button type="submit" class="button primary" aria-disabled={isBusy} aria-busy={isBusy}>
          {words.unlock}
        </button>
      </form>
      {isGone && (
        <button type="button" class="button" onClick={() => start(() => erase(user))}>
          {words.forget}
        </button>
      )}
      <p class="welcome-turn">
        <button type="button" class="link" onClick={useAnother}>
          {words.other}
        </button>
      </p>
    </Welcome>
  );
}
