import type { RefObject } from "preact";

/**
 * From a field of search, arrows lead to what was found and from one to the next, Enter goes there; Escape leads back to the field, and there
 * empties it, or does what `leave` says.
 */
export function useResultKeys(
  frame: RefObject<HTMLElement | null>,
  { clear, leave }: { clear: () => boolean; leave?: () => void },
): (event: KeyboardEvent) => void {
  return (event) => {
    const field = frame.current?.querySelector<HTMLElement>("[type=search]");
    const rows = [...(frame.current?.querySelectorAll<HTMLElement>("a.row") ?? [])];
    const active = document.activeElement as HTMLElement;
    const at = rows.indexOf(active);
    if (at === -1 && active !== field) return;
    if (event.key === "ArrowDown") rows[Math.min(at + 1, rows.length - 1)]?.focus();
    else if (event.key === "ArrowUp") (at > 0 ? rows[at - 1] : field)?.focus();
    else if (event.key === "Escape" && at !== -1) field?.focus();
    else if (event.key === "Escape" && !clear()) leave?.();
    else if (event.key !== "Escape") return;
    event.preventDefault();
  };
}
