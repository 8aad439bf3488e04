import { useState } from "preact/hooks";
import { strings } from "../../strings.ts";
import { unlock, useAnother } from "../../state/session.ts";
import { Field, FormError } from "../parts/field.tsx";
import { useOpening } from "./use-opening.ts";
import { Welcome } from "./welcome.tsx";

const words = strings.welcome;

export function Unlock({ user }: { user: string }) {
  const [password, setPassword] = useState("");
  const { isBusy, error, isGone, open, forget } = useOpening(user, () => unlock(user, password));
  return (
    <Welcome title={words.unlockTitle(user)} text={words.unlockHint}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          open();
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
        <button type="button" class="button" onClick={forget}>
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
