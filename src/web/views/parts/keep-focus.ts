/** What a part of the page is, as far as the focus goes. */
const parts = "dialog, aside, nav, main, [data-entry]";
const rememberedAtMost = 4;

/**
 * Who uses keys alone never finds the focus gone: where what had it is taken away, by what they did with it or by what others do, the focus goes to
 * the part of the page that it was in, or to the one before.
 */
export function keepFocus(root: HTMLElement): void {
  let last: Element | undefined;
  /** The latest first. */
  let hadIt: Element[] = [];
  root.addEventListener("focusin", ({ target }) => {
    last = target as Element;
    const part = last.closest(parts);
    if (part) hadIt = [part, ...hadIt.filter((one) => one !== part)].slice(0, rememberedAtMost);
  });
  new MutationObserver(() => {
    if (!last || last.isConnected || document.activeElement !== document.body) return;
    last = undefined;
    for (const part of [...hadIt, ...root.querySelectorAll(parts)]) if (takesFocus(part as HTMLElement)) return;
  }).observe(root, { childList: true, subtree: true });
}

/** What is hidden, or behind a dialog, does not take it. */
function takesFocus(part: HTMLElement): boolean {
  if (!part.hasAttribute("tabindex")) part.tabIndex = -1;
  part.focus({ preventScroll: true });
  return document.activeElement === part;
}
