import { Fragment } from "preact";
import { useRef } from "preact/hooks";
import type { ConversationFacts, Entry } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { titleOf } from "../../state/conversations.ts";
import { notes } from "../../state/notes.ts";
import { earlier, firstUnread, found, isEntered, isLoading, shown } from "../../state/open-conversation.ts";
import { Icon } from "../parts/icon.tsx";
import { dayKey, dayName } from "../parts/times.ts";
import { LogEntry } from "./log-entry.tsx";
import { LogNotes, useNoteAnnouncements } from "./log-notes.tsx";
import { useLogKeys } from "./use-log-keys.ts";
import { useLogScrolling } from "./use-log-scrolling.ts";
import { useReadMarks } from "./use-read-marks.ts";

const words = strings.chat;
/** What one person says within it stands together. */
const togetherMs = 5 * 60_000;

export function MessageLog({ conversation }: { conversation: ConversationFacts }) {
  const log = useRef<HTMLDivElement>(null);
  const { entries, isFirst, isLast } = shown.value;
  const { isAtEnd, onScroll, jump } = useLogScrolling(log, { entries, isLast, found: found.value });
  useReadMarks(entries, isAtEnd && isLast);
  const onKeyDown = useLogKeys(log);
  const told = notes.value.get(conversation.id) ?? [];
  useNoteAnnouncements(told);
  const end = isLast ? Infinity : 0;
  return (
    <div class="log-frame">
      <div
        ref={log}
        class="log"
        role="log"
        aria-live="off"
        aria-label={words.log(titleOf(conversation))}
        aria-busy={isLoading.value}
        tabIndex={0}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
      >
        <div class="log-inner">
          {isFirst && isEntered.value && <Beginning />}
          {isFirst && isEntered.value && <LogNotes notes={told} from={0} to={entries[0]?.sequence ?? end} />}
          {entries.map((entry, index) => (
            <Fragment key={entry.id}>
              <Dividers entry={entry} previous={entries[index - 1]} />
              <LogEntry
                entry={entry}
                isGroup={conversation.kind === "group"}
                isFollowing={follows(entries[index - 1], entry)}
                isFound={found.value?.id === entry.id}
              />
              {entry.sequence !== undefined && (
                <LogNotes notes={told} from={entry.sequence} to={entries[index + 1]?.sequence ?? end} />
              )}
            </Fragment>
          ))}
        </div>
      </div>
      {!(isAtEnd && isLast) && (
        <button type="button" class="jump" aria-label={words.jump} title={words.jump} onClick={jump}>
          <Icon name="down" />
          {conversation.unread > 0 && <span class="badge">{strings.list.unread(conversation.unread)}</span>}
        </button>
      )}
    </div>
  );
}

function Beginning() {
  const what = earlier.value;
  if (what === "more") return <div class="spinner" role="presentation" />;
  return <p class="log-note">{what === "nothing" ? words.beginning : words.earlier[what]}</p>;
}

function Dividers({ entry, previous }: { entry: Entry; previous: Entry | undefined }) {
  const isNewDay = entry.kind === "message" && dayKey(entry.sentAt) !== dayKey(timeOf(previous) ?? 0);
  const unread = firstUnread.value;
  const isUnread = unread !== undefined && entry.sequence === unread;
  return (
    <>
      {isNewDay && (
        <div class="divider">
          <span>{dayName(entry.sentAt)}</span>
        </div>
      )}
      {isUnread && (
        <div class="divider divider-unread" data-unread="">
          <span>{words.unread}</span>
        </div>
      )}
    </>
  );
}

const timeOf = (entry: Entry | undefined): number | undefined => (entry?.kind === "message" ? entry.sentAt : undefined);

function follows(previous: Entry | undefined, entry: Entry): boolean {
  if (previous?.kind !== "message" || entry.kind !== "message" || previous.sender !== entry.sender) return false;
  if (firstUnread.value !== undefined && entry.sequence === firstUnread.value) return false;
  return entry.sentAt - previous.sentAt < togetherMs && dayKey(entry.sentAt) === dayKey(previous.sentAt);
}
