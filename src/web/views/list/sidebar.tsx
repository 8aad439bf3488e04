import { useState } from "preact/hooks";
import { strings } from "../../strings.ts";
import { conversations, titleOf } from "../../state/conversations.ts";
import { dialog } from "../../state/dialogs.ts";
import { me } from "../../state/session.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Icon, type IconName } from "../parts/icon.tsx";
import { ConversationRow } from "./conversation-row.tsx";

const words = strings.list;
/** Fewer are seen at a glance. */
const searchedFrom = 8;

export function Sidebar() {
  const [sought, setSought] = useState("");
  const all = conversations.value;
  const found = all.filter((one) => titleOf(one).toLocaleLowerCase().includes(sought.toLocaleLowerCase()));
  return (
    <nav class="sidebar" aria-label={words.label}>
      <header class="sidebar-head">
        <Avatar name={me.value.user} isSmall />
        <h1>{me.value.user}</h1>
        <Action label={words.newGroup} icon="group" onClick={() => (dialog.value = { name: "new-group" })} />
        <Action label={words.settings} icon="settings" onClick={() => (dialog.value = { name: "settings" })} />
        <Action
          label={words.newConversation}
          icon="plus"
          onClick={() => (dialog.value = { name: "new-conversation" })}
        />
      </header>
      {all.length >= searchedFrom && (
        <div class="search">
          <Icon name="search" size={18} />
          <input
            type="search"
            aria-label={words.search}
            placeholder={words.search}
            value={sought}
            onInput={({ currentTarget }) => setSought(currentTarget.value)}
          />
        </div>
      )}
      {all.length === 0 ? <NoConversations /> : found.length === 0 && <p class="list-hint">{words.noMatch}</p>}
      <ul class="conversations">
        {found.map((conversation) => (
          <ConversationRow key={conversation.id} conversation={conversation} />
        ))}
      </ul>
    </nav>
  );
}

function Action({ label, icon, onClick }: { label: string; icon: IconName; onClick: () => void }) {
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

function NoConversations() {
  return (
    <div class="empty">
      <h2>{words.empty}</h2>
      <p>{words.emptyHint}</p>
      <button type="button" class="button primary" onClick={() => (dialog.value = { name: "new-conversation" })}>
        {words.newConversation}
      </button>
      <button type="button" class="button" onClick={() => (dialog.value = { name: "new-group" })}>
        {words.newGroup}
      </button>
    </div>
  );
}
