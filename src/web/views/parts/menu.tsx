import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

interface MenuProps {
  label: string;
  isAbove: boolean;
  onClose: () => void;
  children: ComponentChildren;
}

/** Choices, one of which may be taken: arrows move among them, Escape and anything outside close it. */
export function Menu({ label, isAbove, onClose, children }: MenuProps) {
  const menu = useRef<HTMLDivElement>(null);
  const items = (): HTMLElement[] => [...(menu.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
  // As soon as it is there: the next key is meant for it.
  useLayoutEffect(() => items()[0]?.focus(), []);
  useEffect(() => {
    const closeOutside = ({ target }: Event): void => {
      if (!menu.current?.contains(target as Node)) onClose();
    };
    document.addEventListener("pointerdown", closeOutside);
    return () => document.removeEventListener("pointerdown", closeOutside);
  }, []);

  const move = (event: KeyboardEvent): void => {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const steps: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowRight: at + 1,
      ArrowUp: at - 1,
      ArrowLeft: at - 1,
      Home: 0,
      End: -1,
    };
    const to = steps[event.key];
    if (event.key === "Escape" || event.key === "Tab") onClose();
    else if (to === undefined) return;
    else all.at(to % all.length)?.focus();
    event.stopPropagation();
    event.preventDefault();
  };
  return (
    <div
      ref={menu}
      class={isAbove ? "menu menu-above" : "menu"}
      role="menu"
      tabIndex={-1}
      aria-label={label}
      onKeyDown={move}
    >
      {children}
    </div>
  );
}

interface MenuItemProps {
  onChoose: () => void;
  isDanger?: boolean;
  /** Where what is shown does not say it. */
  label?: string;
  children: ComponentChildren;
}

export function MenuItem({ onChoose, isDanger = false, label, children }: MenuItemProps) {
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      class={isDanger ? "menu-item danger" : "menu-item"}
      onClick={onChoose}
      {...(label !== undefined && { "aria-label": label })}
    >
      {children}
    </button>
  );
}
