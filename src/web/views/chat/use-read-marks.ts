import { useEffect, useRef, useState } from "preact/hooks";
import type { Entry, MessageFacts } from "../../bridge/contract.ts";
import { markRead } from "../../state/messages.ts";
import { run } from "../../state/notices.ts";

/** What a person has before their eyes is read: the end of the log, in a window that is in front. */
export function useReadMarks(entries: readonly Entry[], isAtEnd: boolean): void {
  const isSeen = useIsSeen();
  const marked = useRef(0);
  useEffect(() => {
    if (!isAtEnd || !isSeen) return;
    const last = entries.findLast((entry): entry is MessageFacts => entry.kind === "message" && !entry.isOwn);
    if (last?.sequence === undefined || last.sequence <= marked.current || last.state === "read") return;
    marked.current = last.sequence;
    run(markRead(last));
  }, [entries, isAtEnd, isSeen]);
}

function useIsSeen(): boolean {
  const look = (): boolean => document.visibilityState === "visible" && document.hasFocus();
  const [isSeen, setSeen] = useState(look);
  useEffect(() => {
    const update = (): void => setSeen(look());
    document.addEventListener("visibilitychange", update);
    addEventListener("focus", update);
    addEventListener("blur", update);
    return () => {
      document.removeEventListener("visibilitychange", update);
      removeEventListener("focus", update);
      removeEventListener("blur", update);
    };
  }, []);
  return isSeen;
}
