import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Entry } from "../../bridge/contract.ts";
import { showEarlier, showLater, showLatest } from "../../state/open-conversation.ts";
import { run } from "../../state/notices.ts";

/** Of the end, as far as people care. */
const nearPx = 40;
/** So far ahead of the edge more is shown. */
const aheadPx = 600;

/** What stays where it is on the screen while the log changes around it: an entry, or the end. */
type Anchor = "end" | { id: string; top: number };

/**
 * Scrolling of the log: the end stays in sight where it was, and else what is looked at does not move, whatever is added or taken away above and
 * below. Further entries are shown before their place comes into sight.
 */
export function useLogScrolling(
  log: RefObject<HTMLDivElement | null>,
  { entries, isLast, found }: { entries: readonly Entry[]; isLast: boolean; found: { id: string } | undefined },
) {
  const anchor = useRef<Anchor>("end");
  const hasBegun = useRef(false);
  const shownFound = useRef(found);
  const [isAtEnd, setAtEnd] = useState(true);

  const look = (): void => {
    const element = log.current;
    if (!element) return;
    // The end of what is in the document, while more follows, is a place like any other: held to it, the log would run on to its last entry.
    const isEnd = isLast && element.scrollHeight - element.scrollTop - element.clientHeight < nearPx;
    anchor.current = isEnd ? "end" : anchorIn(element);
    setAtEnd(isEnd);
    if (element.scrollTop < aheadPx) run(showEarlier());
    else if (!isLast && element.scrollHeight - element.scrollTop - element.clientHeight < aheadPx) showLater();
  };
  const hold = (): void => {
    const element = log.current;
    if (!element) return;
    if (anchor.current === "end") element.scrollTop = element.scrollHeight;
    else restore(element, anchor.current);
  };

  useLayoutEffect(() => {
    const element = log.current;
    if (!element || entries.length === 0) return;
    const looked = found !== shownFound.current && found && entryIn(element, found.id);
    const unread = hasBegun.current ? null : element.querySelector<HTMLElement>("[data-unread]");
    hasBegun.current = true;
    if (looked) {
      shownFound.current = found;
      looked.scrollIntoView({ block: "center" });
      looked.focus({ preventScroll: true });
    } else if (unread) element.scrollTop = unread.offsetTop - element.clientHeight / 3;
    else hold();
    look();
  }, [entries, found]);

  useEffect(() => {
    const element = log.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(hold);
    observer.observe(element);
    observer.observe(element.firstElementChild!);
    return () => observer.disconnect();
  }, []);

  const jump = (): void => {
    anchor.current = "end";
    showLatest();
    hold();
    log.current?.focus();
  };
  return { isAtEnd, onScroll: look, jump };
}

/** The first entry that is in sight. */
function anchorIn(log: HTMLElement): Anchor {
  const { top } = log.getBoundingClientRect();
  for (const entry of log.querySelectorAll<HTMLElement>("[data-entry]")) {
    const place = entry.getBoundingClientRect();
    if (place.bottom > top) return { id: entry.dataset["entry"]!, top: place.top - top };
  }
  return "end";
}

function restore(log: HTMLElement, { id, top }: { id: string; top: number }): void {
  const entry = entryIn(log, id);
  if (entry) log.scrollTop += entry.getBoundingClientRect().top - log.getBoundingClientRect().top - top;
}

const entryIn = (log: HTMLElement, id: string): HTMLElement | null =>
  log.querySelector<HTMLElement>(`[data-entry="${CSS.escape(id)}"]`);
