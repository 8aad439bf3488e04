import { useState } from "preact/hooks";
import { strings } from "../../strings.ts";
import { openWithToken } from "../../state/session.ts";
import { Field, FormError } from "../parts/field.tsx";
import { useOpening } from "./use-opening.ts";
import { Welcome } from "./welcome.tsx";

const words = strings.hosted;

/** Somebody whom the host application has signed in: what is stored here is locked by a password that only this browser knows. */
export function Hosted({ user, isNew }: { user: string; isNew: boolean }) {
  const [password, setPassword] = useState("");
  const { isBusy, error, isGone, open, forget } = useOpening(user, () => openWithToken(user, password, isNew));
  return (
    <Welcome
      title={isNew ? words.newTitle(user) : strings.welcome.unlockTitle(user)}
      text={isNew ? words.newText : words.text}
    >
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          open();
        }}
      >
        <Field
          label={words.password}
          hint={isNew ? words.hint : undefined}
          type="password"
          value={password}
          onValue={setPassword}
          isFirst
          required
          minLength={8}
          autocomplete={isNew ? "new-password" : "current-password"}
        />
        <FormError text={error} />
        <button type="submit" class="button primary" aria-disabled={isBusy} aria-busy={isBusy}>
          {isNew ? words.begin : strings.welcome.unlock}
        </button>
      </form>
      {isGone && (
        <button type="button" class="button" onClick={forget}>
          {strings.welcome.forget}
        </button>
      )}
    </Welcome>
  );
}
