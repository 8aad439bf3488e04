import { useEffect, useRef } from "preact/hooks";
import { announce } from "../../state/notices.ts";
import type { Note } from "../../state/notes.ts";
import { Icon } from "../parts/icon.tsx";
import { lifetimeWords } from "../parts/times.ts";

/** Reads out what comes while the conversation is shown. */
export function useNoteAnnouncements(notes: readonly Note[]): void {
  const heard = useRef(notes.length);
  useEffect(() => {
    const last = notes.at(-1);
    if (last && notes.length > heard.current) announce(lifetimeWords(last.about, last.value));
    heard.current = notes.length;
  }, [notes.length]);
}

/** What stands between two entries, or behind the last: `from` and `to` are their sequences. */
export function LogNotes({ notes, from, to }: { notes: readonly Note[]; from: number; to: number }) {
  return (
    <>
      {notes
        .filter(({ after }) => after >= from && after < to)
        .map(({ id, about, value }) => (
          <p key={id} class="log-note">
            <Icon name="timer" size={14} /> {lifetimeWords(about, value)}.
          </p>
        ))}
    </>
  );
}
