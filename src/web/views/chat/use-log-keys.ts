import type { RefObject } from "preact";

/**
 * By keys alone: from the log, arrows go from message to message, Home and End to the first and last that are shown; Enter opens the options of one,
 * Escape leads back to the log.
 */
export function useLogKeys(log: RefObject<HTMLDivElement | null>): (event: KeyboardEvent) => void {
  return (event) => {
    const all = [...(log.current?.querySelectorAll<HTMLElement>("[data-entry]") ?? [])];
    const at = all.findIndex((entry) => entry === document.activeElement);
    const isOnLog = document.activeElement === log.current;
    if (!isOnLog && at === -1) return;
    const to = { ArrowUp: isOnLog ? all.length - 1 : at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[
      event.key
    ];
    if (to !== undefined) focus(all[Math.min(Math.max(to, 0), all.length - 1)]);
    else if (event.key === "Escape" && at !== -1) log.current?.focus();
    else if (event.key === "Enter" && at !== -1) all[at]?.querySelector<HTMLElement>("[data-options]")?.click();
    else return;
    event.preventDefault();
  };
}

function focus(entry: HTMLElement | undefined): void {
  entry?.focus({ preventScroll: true });
  entry?.scrollIntoView({ block: "nearest" });
}
