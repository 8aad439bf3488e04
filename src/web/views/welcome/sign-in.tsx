import { useState } from "preact/hooks";
import { strings } from "../../strings.ts";
import { logIn, screen, signUp } from "../../state/session.ts";
import { Field, FormError } from "../parts/field.tsx";
import { useTask } from "../parts/use-task.ts";
import { Welcome } from "./welcome.tsx";

const words = strings.welcome;

export function SignIn({ mode }: { mode: "log-in" | "sign-up" }) {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const { isBusy, error, start } = useTask();
  const isNew = mode === "sign-up";
  const submit = (event: Event): void => {
    event.preventDefault();
    start(() => (isNew ? signUp(user.trim(), password) : logIn(user.trim(), password)));
  };
  const turn = (): void => {
    screen.value = { name: "sign-in", mode: isNew ? "log-in" : "sign-up" };
  };
  return (
    <Welcome title={strings.product} text={words.tagline}>
      <form onSubmit={submit} class="form">
        <Field
          label={words.name}
          value={user}
          onValue={setUser}
          hint={isNew ? words.nameHint : undefined}
          isFirst
          required
          maxLength={128}
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
        />
        <Field
          label={words.password}
          type="password"
          value={password}
          onValue={setPassword}
          hint={isNew ? words.passwordHint : undefined}
          required
          minLength={8}
          maxLength={1024}
          autocomplete={isNew ? "new-password" : "current-password"}
        />
        <FormError text={error} />
        <button type="submit" class="button primary" aria-disabled={isBusy} aria-busy={isBusy}>
          {isNew ? words.signUp : words.logIn}
        </button>
      </form>
      {isNew && <p class="hint">{words.noRecovery}</p>}
      <p class="welcome-turn">
        {isNew ? words.knownHere : words.newHere}{" "}
        <button type="button" class="link" onClick={turn}>
          {isNew ? words.logIn : words.signUp}
        </button>
      </p>
    </Welcome>
  );
}
