import { useRef, useState } from "preact/hooks";
import { strings } from "../../strings.ts";
import { conversations, titleOf } from "../../state/conversations.ts";
import { dialog } from "../../state/dialogs.ts";
import { me } from "../../state/session.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Icon, type IconName } from "../parts/icon.tsx";
import { FoundMessages } from "../search/found-messages.tsx";
import { SearchField } from "../search/search-field.tsx";
import { useResultKeys } from "../search/use-result-keys.ts";
import { useSearch } from "../search/use-search.ts";
import { ConversationRow } from "./conversation-row.tsx";

const words = strings.list;

export function Sidebar() {
  const frame = useRef<HTMLElement>(null);
  const [sought, setSought] = useState("");
  const search = useSearch(sought);
  const all = conversations.value;
  const named = all.filter((one) => titleOf(one).toLocaleLowerCase().includes(sought.trim().toLocaleLowerCase()));
  const clear = (): boolean => {
    setSought("");
    return true;
  };
  const onKeyDown = useResultKeys(frame, { clear });
  return (
    <nav ref={frame} class="sidebar" aria-label={words.label} onKeyDown={onKeyDown}>
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
      {all.length > 0 ? (
        <SearchField label={strings.search.label} value={sought} onValue={setSought} />
      ) : (
        <NoConversations />
      )}
      <div class="conversations">
        {sought !== "" && named.length > 0 && <h2 class="section-title">{strings.search.conversations}</h2>}
        <ul aria-label={words.label}>
          {named.map((conversation) => (
            <ConversationRow key={conversation.id} conversation={conversation} />
          ))}
        </ul>
        {sought !== "" && (
          <>
            <h2 class="section-title">{strings.search.messages}</h2>
            <FoundMessages search={search} />
          </>
        )}
      </div>
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
