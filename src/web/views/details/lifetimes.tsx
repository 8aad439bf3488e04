import type { ConversationFacts } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { bridge } from "../../state/bridge.ts";
import { dialog } from "../../state/dialogs.ts";
import { FormError } from "../parts/field.tsx";
import { daySeconds, duration, lifetimeWords } from "../parts/times.ts";
import { useTask } from "../parts/use-task.ts";

const words = strings.details;
/** In seconds. */
const lifetimes = [3600, daySeconds, 7 * daySeconds, 30 * daySeconds];
/** In days. */
const retentions = [1, 7, 30, 90, 365];

/** How long messages stay in a group: admins say so, everybody sees it. */
export function Lifetimes({ conversation, isAdmin }: { conversation: ConversationFacts; isAdmin: boolean }) {
  return (
    <section class="stack" aria-label={words.lifetimes}>
      {isAdmin ? (
        <>
          <Disappearing conversation={conversation} />
          <Retention conversation={conversation} />
        </>
      ) : (
        <>
          <h3 class="section-title">{words.lifetimes}</h3>
          <p>{lifetimeWords("disappearing", conversation.disappearing)}.</p>
          <p>{lifetimeWords("retention", conversation.retention)}.</p>
        </>
      )}
    </section>
  );
}

function Disappearing({ conversation: { id, disappearing } }: { conversation: ConversationFacts }) {
  return (
    <Choice
      label={words.disappearing}
      value={disappearing}
      choices={lifetimes}
      none={words.disappearingOff}
      name={(seconds) => words.afterRead(duration(seconds))}
      choose={(seconds) => bridge.call("setDisappearing", { conversation: id, seconds })}
    />
  );
}

/** A shorter time deletes what is older, for everybody and for good: it is asked first. */
function Retention({ conversation: { id, retention } }: { conversation: ConversationFacts }) {
  const choose = async (days: number | null): Promise<void> => {
    if (days !== null && days < (retention ?? Infinity)) {
      dialog.value = { name: "shorten-retention", conversation: id, days };
    } else await bridge.call("setRetention", { conversation: id, days });
  };
  return (
    <Choice
      label={words.retention}
      value={retention}
      choices={retentions}
      none={words.retentionOff}
      name={(days) => duration(days * daySeconds)}
      choose={choose}
    />
  );
}

interface ChoiceProps {
  label: string;
  value: number | null;
  choices: readonly number[];
  /** What null is called. */
  none: string;
  name: (value: number) => string;
  choose: (value: number | null) => Promise<void>;
}

/** Shows what is so, and not what was asked for, until it is. */
function Choice({ label, value, choices, none, name, choose }: ChoiceProps) {
  const { isBusy, error, start } = useTask();
  const all = value === null || choices.includes(value) ? choices : [value, ...choices];
  const shown = String(value ?? "");
  const change = (select: HTMLSelectElement): void => {
    const chosen = select.value === "" ? null : Number(select.value);
    select.value = shown;
    start(() => choose(chosen));
  };
  return (
    <label class="field">
      {label}
      <select value={shown} aria-disabled={isBusy} onChange={({ currentTarget }) => change(currentTarget)}>
        <option value="">{none}</option>
        {all.map((one) => (
          <option key={one} value={one}>
            {name(one)}
          </option>
        ))}
      </select>
      <FormError text={error} />
    </label>
  );
}
