import { useState } from "preact/hooks";
import { strings } from "../../strings.ts";
import { startDirect } from "../../state/conversations.ts";
import { me } from "../../state/session.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Field, FormError } from "../parts/field.tsx";
import { useTask } from "../parts/use-task.ts";

const words = strings.create;

export function NewConversation({ onClose }: { onClose: () => void }) {
  const [user, setUser] = useState("");
  const { isBusy, error, setError, start } = useTask();
  const submit = (event: Event): void => {
    event.preventDefault();
    if (user.trim() === me.value.user) return setError(words.yourself);
    start(async () => {
      await startDirect(user.trim());
      onClose();
    });
  };
  return (
    <Dialog title={strings.list.newConversation} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <Field
          label={words.person}
          hint={words.personHint}
          value={user}
          onValue={setUser}
          isFirst
          required
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
        />
        <FormError text={error} />
        <div class="actions">
          <button type="submit" class="button primary" aria-disabled={isBusy}>
            {words.start}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
