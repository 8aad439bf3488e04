import { Component } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Entry, MessageFacts } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { retry, toggleReaction } from "../../state/messages.ts";
import { run } from "../../state/notices.ts";
import { me } from "../../state/session.ts";
import { Icon } from "../parts/icon.tsx";
import { clockTime, duration } from "../parts/times.ts";
import { Attachments } from "./attachments.tsx";
import { MessageMenu } from "./message-menu.tsx";
import { MessageStateIcon } from "./message-state.tsx";
import { Quote } from "./quote.tsx";

const words = strings.message;

interface LogEntryProps {
  entry: Entry;
  isGroup: boolean;
  /** The one before it is the same person's: who says it is not repeated. */
  isFollowing: boolean;
  /** It was looked for. */
  isFound: boolean;
}

/** Drawn again only when it has changed: entries are never changed in place. */
export class LogEntry extends Component<LogEntryProps> {
  override shouldComponentUpdate(next: LogEntryProps): boolean {
    return (["entry", "isGroup", "isFollowing", "isFound"] as const).some((name) => next[name] !== this.props[name]);
  }

  override render({ entry, ...props }: LogEntryProps) {
    if (entry.kind === "message") return <Message message={entry} {...props} />;
    return (
      <div class="log-note" data-entry={entry.id} tabIndex={-1}>
        <Icon name="lock" size={14} /> {entry.sender}: {words.unopened}
      </div>
    );
  }
}

function Message({ message, isGroup, isFollowing, isFound }: Omit<LogEntryProps, "entry"> & { message: MessageFacts }) {
  const article = useRef<HTMLElement>(null);
  const [menu, setMenu] = useState<"above" | "below" | undefined>(undefined);
  const { isOwn, sender, sentAt } = message;
  const openMenu = (): void => {
    const place = article.current!.getBoundingClientRect();
    setMenu(place.bottom > innerHeight * 0.55 ? "above" : "below");
  };
  const closeMenu = (): void => {
    setMenu(undefined);
    article.current?.focus({ preventScroll: true });
  };
  const name = `${isOwn ? words.you : sender}, ${clockTime(sentAt)}`;
  return (
    <article
      ref={article}
      class={`message${isOwn ? " own" : ""}${isFollowing ? " following" : ""}${isFound ? " found" : ""}`}
      data-entry={message.id}
      tabIndex={-1}
      aria-label={name}
    >
      {isGroup && !isOwn && !isFollowing && <p class="message-sender">{sender}</p>}
      <div class="message-line">
        <div class={message.isRetracted ? "bubble bubble-gone" : "bubble"}>
          <Content message={message} />
          <Foot message={message} />
        </div>
        <button
          type="button"
          class="icon-button message-options"
          data-options=""
          tabIndex={-1}
          aria-label={words.options}
          aria-haspopup="menu"
          aria-expanded={menu !== undefined}
          onClick={openMenu}
        >
          <Icon name="more" size={18} />
        </button>
        {menu && <MessageMenu message={message} isAbove={menu === "above"} onClose={closeMenu} />}
      </div>
      <Reactions message={message} />
      {message.state === "failed" && (
        <p class="message-failed">
          {message.failure ? (strings.errors[message.failure.code] ?? words.failed) : words.failed}{" "}
          <button type="button" class="link" onClick={() => run(retry(message))}>
            {words.retry}
          </button>
        </p>
      )}
    </article>
  );
}

function Content({ message }: { message: MessageFacts }) {
  if (message.isRetracted) return <p class="message-text">{words.retracted}</p>;
  if (message.isUnknown) return <p class="message-text soft">{words.unknown}</p>;
  return (
    <>
      {message.replyTo !== undefined && <Quote id={message.replyTo} />}
      <Attachments message={message} />
      {message.text !== "" && (
        <p class="message-text" dir="auto">
          {message.text}
        </p>
      )}
    </>
  );
}

function Foot({ message: { sentAt, editedAt, expiresIn, isOwn, state, reached } }: { message: MessageFacts }) {
  return (
    <p class="message-foot">
      {expiresIn !== undefined && (
        <span class="message-timer" title={words.disappears(duration(expiresIn))}>
          <Icon name="timer" size={12} />
          <span aria-hidden="true">{duration(expiresIn, "narrow")}</span>
          <span class="visually-hidden">{words.disappears(duration(expiresIn))}</span>
        </span>
      )}
      {editedAt !== undefined && <span>{words.edited}</span>}
      <time dateTime={new Date(sentAt).toISOString()}>{clockTime(sentAt)}</time>
      {isOwn && <MessageStateIcon state={state} reached={reached} />}
    </p>
  );
}

function Reactions({ message }: { message: MessageFacts }) {
  if (message.reactions.length === 0) return null;
  const { user } = me.value;
  return (
    <div class="reactions">
      {message.reactions.map(({ emoji, users }) => (
        <button
          key={emoji}
          type="button"
          class="reaction"
          aria-pressed={users.includes(user)}
          aria-label={words.reaction(emoji, users)}
          title={users.join(", ")}
          onClick={() => run(toggleReaction(message, emoji, user))}
        >
          <span aria-hidden="true">
            {emoji} {users.length > 1 && users.length}
          </span>
        </button>
      ))}
    </div>
  );
}
