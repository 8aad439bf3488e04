import { useState } from "preact/hooks";
import { CallFailure } from "../../bridge/caller.ts";
import { strings } from "../../strings.ts";
import { erase, openWithToken } from "../../state/session.ts";
import { Field, FormError } from "../parts/field.tsx";
import { useTask } from "../parts/use-task.ts";
import { Welcome } from "./welcome.tsx";

const words = strings.hosted;

/** Somebody whom the host application has signed in: what is stored here is locked by a password that only this browser knows. */
export function Hosted({ user, isNew }: { user: string; isNew: boolean }) {
  const [password, setPassword] = useState("");
  const [isGone, setGone] = useState(false);
  const { isBusy, error, start } = useTask();
  const open = async (): Promise<void> => {
    try {
      await openWithToken(user, password, isNew);
    } catch (failure) {
      setGone(failure instanceof CallFailure && failure.code === "storage-evicted");
      throw failure;
    }
  };
  return (
    <Welcome
      title={isNew ? words.newTitle(user) : strings.welcome.unlockTitle(user)}
      text={isNew ? words.newText : words.text}
    >
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          start(open);
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
        <button type="submit" class="button primary" disabled={isBusy} aria-busy={isBusy}>
          {isNew ? words.begin : strings.welcome.unlock}
        </button>
      </form>
      {isGone && (
        <button type="button" class="button" onClick={() => start(() => erase(user))}>
          {strings.welcome.forget}
        </button>
      )}
    </Welcome>
  );
}
