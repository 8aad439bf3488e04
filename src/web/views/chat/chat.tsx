import type { ConversationFacts } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { connectionWords } from "../../state/connection.ts";
import { blocked, changedIdentities, titleOf } from "../../state/conversations.ts";
import { dialog, isChatSearchOpen } from "../../state/dialogs.ts";
import { typingHere } from "../../state/open-conversation.ts";
import { Icon } from "../parts/icon.tsx";
import { ChatHeader } from "./chat-header.tsx";
import { ChatSearch } from "./chat-search.tsx";
import { Composer } from "./composer.tsx";
import { MessageLog } from "./message-log.tsx";

const words = strings.chat;

export function Chat({ conversation }: { conversation: ConversationFacts | undefined }) {
  if (!conversation) {
    return (
      <main class="chat chat-none">
        <h1 class="visually-hidden">{strings.product}</h1>
        <Banner />
        <div class="empty">
          <Icon name="lock" size={28} />
          <h2>{words.pick}</h2>
          <p>{words.pickHint}</p>
        </div>
      </main>
    );
  }
  return (
    <main class="chat" aria-label={titleOf(conversation)}>
      <h1 class="visually-hidden">{titleOf(conversation)}</h1>
      <ChatHeader conversation={conversation} />
      <Banner />
      <IdentityBanner conversation={conversation} />
      {isChatSearchOpen.value && <ChatSearch key={`search/${conversation.id}`} conversation={conversation} />}
      <MessageLog key={conversation.id} conversation={conversation} />
      <p class="typing" role="status">
        {typingHere.value.length > 0 && words.typing([...typingHere.value])}
      </p>
      <Below conversation={conversation} />
    </main>
  );
}

/** The composer, or why there is none. */
function Below({ conversation }: { conversation: ConversationFacts }) {
  const { left, peer, waitingFor } = conversation;
  const isBlocked = peer !== undefined && blocked.value.includes(peer);
  if (left !== null) return <p class="instead">{left === "left" ? words.left : words.removed}</p>;
  if (isBlocked) return <p class="instead">{words.blocked}</p>;
  return (
    <>
      {waitingFor !== null && <p class="waiting">{words.waiting[waitingFor]}</p>}
      <Composer key={conversation.id} conversation={conversation} />
    </>
  );
}

function Banner() {
  const said = connectionWords.value;
  return (
    <div class="banner-place" role="status">
      {said !== undefined && <p class="banner">{said}</p>}
    </div>
  );
}

function IdentityBanner({ conversation: { peer, users, waitingFor } }: { conversation: ConversationFacts }) {
  const people = peer === undefined ? users.map(({ user }) => user) : [peer];
  const changed = people.find((user) => changedIdentities.value.has(user));
  const user = changed ?? (waitingFor === "identity-changed" ? peer : undefined);
  if (user === undefined) return null;
  return (
    <div class="banner banner-warning">
      <Icon name="alert" />
      <p>{strings.details.changed(user)}</p>
      <button type="button" class="button small" onClick={() => (dialog.value = { name: "verification", user })}>
        {strings.details.compare}
      </button>
    </div>
  );
}
