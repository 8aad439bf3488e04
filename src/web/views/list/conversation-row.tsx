import type { ConversationFacts } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { chosen, choose, presence, titleOf } from "../../state/conversations.ts";
import { drafts } from "../../state/drafts.ts";
import { Avatar } from "../parts/avatar.tsx";
import { shortTime } from "../parts/times.ts";
import { MessageStateIcon } from "../chat/message-state.tsx";

const words = strings.list;

export function ConversationRow({ conversation }: { conversation: ConversationFacts }) {
  const { id, peer, unread, last } = conversation;
  const isChosen = chosen.value === id;
  const isOnline = peer !== undefined && (presence.value.get(peer)?.online ?? false);
  return (
    <li>
      <a
        class={unread > 0 ? "row row-unread" : "row"}
        href={`#${id}`}
        aria-current={isChosen ? "page" : undefined}
        onClick={(event) => {
          event.preventDefault();
          choose(id);
        }}
      >
        <Avatar name={titleOf(conversation)} isOnline={isOnline} />
        <span class="row-title" dir="auto">
          {titleOf(conversation)}
          {isOnline && <span class="visually-hidden"> {strings.chat.online}</span>}
        </span>
        <span class="row-time">
          {last && <time dateTime={new Date(last.at).toISOString()}>{shortTime(last.at)}</time>}
        </span>
        <span class="row-last">
          <LastWords conversation={conversation} />
          {unread > 0 && (
            <span class="badge">
              <span aria-hidden="true">{words.unread(unread)}</span>
              <span class="visually-hidden">{words.unreadLabel(unread)}</span>
            </span>
          )}
        </span>
      </a>
    </li>
  );
}

function LastWords({ conversation: { id, kind, last } }: { conversation: ConversationFacts }) {
  const draft = drafts.value.get(id);
  if (draft !== undefined && chosen.value !== id) {
    return (
      <span class="row-words">
        <span class="row-draft">{words.drafts}</span>
        {draft}
      </span>
    );
  }
  if (!last) return <span class="row-words soft">{words.nothing}</span>;
  const said = last.isRetracted ? words.retracted : last.text || words.files(last.files);
  return (
    <>
      {last.isOwn && <MessageStateIcon state={last.state} isQuiet />}
      <span class="row-words">
        {kind === "group" && !last.isOwn && `${last.sender}: `}
        {said}
      </span>
    </>
  );
}
