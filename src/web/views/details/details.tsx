import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ConversationFacts } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { bridge } from "../../state/bridge.ts";
import { blocked, titleOf } from "../../state/conversations.ts";
import { dialog, isDetailsOpen } from "../../state/dialogs.ts";
import { run } from "../../state/notices.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Field, FormError } from "../parts/field.tsx";
import { Icon } from "../parts/icon.tsx";
import { useTask } from "../parts/use-task.ts";
import { Lifetimes } from "./lifetimes.tsx";
import { MemberList } from "./member-list.tsx";

const words = strings.details;

export function Details({ conversation }: { conversation: ConversationFacts }) {
  const part = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    part.current?.focus();
    return () => part.current?.contains(document.activeElement) && before?.focus();
  }, []);
  const closeByKey = ({ key }: KeyboardEvent): void => {
    if (key === "Escape") isDetailsOpen.value = false;
  };
  return (
    <aside ref={part} class="details" aria-label={words.title} tabIndex={-1} onKeyDown={closeByKey}>
      <header class="details-head">
        <h2>{words.title}</h2>
        <button
          type="button"
          class="icon-button"
          aria-label={strings.close}
          onClick={() => (isDetailsOpen.value = false)}
        >
          <Icon name="close" />
        </button>
      </header>
      <div class="details-who">
        <Avatar name={titleOf(conversation)} />
        <h3>{titleOf(conversation)}</h3>
      </div>
      {conversation.peer === undefined ? (
        <OfGroup conversation={conversation} />
      ) : (
        <OfDirect user={conversation.peer} />
      )}
    </aside>
  );
}

function OfDirect({ user }: { user: string }) {
  const isBlocked = blocked.value.includes(user);
  return (
    <div class="stack">
      <button type="button" class="button" onClick={() => (dialog.value = { name: "verification", user })}>
        <Icon name="shield" /> {words.verify}
      </button>
      {isBlocked ? (
        <button type="button" class="button" onClick={() => run(bridge.call("setBlocked", { user, isBlocked: false }))}>
          {words.unblock}
        </button>
      ) : (
        <button type="button" class="button danger" onClick={() => (dialog.value = { name: "block", user })}>
          {words.block}
        </button>
      )}
    </div>
  );
}

function OfGroup({ conversation }: { conversation: ConversationFacts }) {
  const { id, left, role } = conversation;
  const isAdmin = left === null && (role === "owner" || role === "admin");
  return (
    <div class="stack">
      <MemberList conversation={conversation} isAdmin={isAdmin} />
      {isAdmin && (
        <>
          <AddMember conversation={id} />
          <Rename key={conversation.title} conversation={conversation} />
        </>
      )}
      {left === null && <Lifetimes conversation={conversation} isAdmin={isAdmin} />}
      {left === null && (
        <button
          type="button"
          class="button danger"
          onClick={() => (dialog.value = { name: "leave-group", conversation: id })}
        >
          {words.leave}
        </button>
      )}
    </div>
  );
}

function AddMember({ conversation }: { conversation: string }) {
  const [user, setUser] = useState("");
  const { isBusy, error, start } = useTask();
  const add = async (): Promise<void> => {
    await bridge.call("addMember", { conversation, user: user.trim() });
    setUser("");
  };
  return (
    <form
      class="inline-form"
      onSubmit={(event) => {
        event.preventDefault();
        start(add);
      }}
    >
      <Field label={words.add} value={user} onValue={setUser} required autocomplete="off" autocapitalize="none" />
      <button type="submit" class="button" aria-disabled={isBusy}>
        {words.addButton}
      </button>
      <FormError text={error} />
    </form>
  );
}

function Rename({ conversation: { id, title } }: { conversation: ConversationFacts }) {
  const [name, setName] = useState(title);
  const { isBusy, error, start } = useTask();
  return (
    <form
      class="inline-form"
      onSubmit={(event) => {
        event.preventDefault();
        start(() => bridge.call("rename", { conversation: id, name: name.trim() }));
      }}
    >
      <Field label={words.renamed} value={name} onValue={setName} required maxLength={80} autocomplete="off" />
      <button type="submit" class="button" disabled={name.trim() === title} aria-disabled={isBusy}>
        {words.save}
      </button>
      <FormError text={error} />
    </form>
  );
}
