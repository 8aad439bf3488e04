import type { ConversationFacts } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { choose, presence, titleOf } from "../../state/conversations.ts";
import { isChatSearchOpen, isDetailsOpen } from "../../state/dialogs.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Icon } from "../parts/icon.tsx";
import { duration, when } from "../parts/times.ts";

const words = strings.chat;

export function ChatHeader({ conversation }: { conversation: ConversationFacts }) {
  const isOpen = isDetailsOpen.value;
  const isSearching = isChatSearchOpen.value;
  const title = titleOf(conversation);
  return (
    <header class="chat-head">
      <button type="button" class="icon-button only-narrow" aria-label={strings.back} onClick={() => choose(undefined)}>
        <Icon name="back" />
      </button>
      <Avatar name={title} isSmall />
      <div class="chat-title">
        <p class="chat-name" dir="auto">
          {title}
        </p>
        <p>{subtitle(conversation)}</p>
      </div>
      <button
        type="button"
        class="icon-button"
        data-chat-search=""
        aria-label={strings.search.open}
        title={strings.search.open}
        aria-expanded={isSearching}
        onClick={() => (isChatSearchOpen.value = !isSearching)}
      >
        <Icon name="search" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label={words.details}
        title={words.details}
        aria-expanded={isOpen}
        onClick={() => (isDetailsOpen.value = !isOpen)}
      >
        <Icon name="info" />
      </button>
    </header>
  );
}

function subtitle({ peer, users, disappearing }: ConversationFacts): string {
  if (peer === undefined) {
    const members = words.members(users.length);
    return disappearing === null ? members : `${members} · ${words.disappearShort(duration(disappearing))}`;
  }
  const status = presence.value.get(peer);
  if (status?.online) return words.online;
  return typeof status?.lastSeen === "number" ? words.lastSeen(when(status.lastSeen)) : "";
}
