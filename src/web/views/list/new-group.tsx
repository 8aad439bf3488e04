import { useState } from "preact/hooks";
import { strings } from "../../strings.ts";
import { startGroup } from "../../state/conversations.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Field, FormError } from "../parts/field.tsx";
import { useTask } from "../parts/use-task.ts";

const words = strings.create;

export function NewGroup({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [members, setMembers] = useState("");
  const { isBusy, error, start } = useTask();
  const submit = (event: Event): void => {
    event.preventDefault();
    start(async () => {
      await startGroup(name.trim(), members.split(/[\s,;]+/).filter(Boolean));
      onClose();
    });
  };
  return (
    <Dialog title={strings.list.newGroup} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <Field
          label={words.groupName}
          value={name}
          onValue={setName}
          isFirst
          required
          maxLength={80}
          autocomplete="off"
        />
        <Field
          label={words.members}
          hint={words.membersHint}
          value={members}
          onValue={setMembers}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
        />
        <FormError text={error} />
        <div class="actions">
          <button type="submit" class="button primary" aria-disabled={isBusy} aria-busy={isBusy}>
            {words.create}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
