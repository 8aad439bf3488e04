import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { strings } from "../../strings.ts";
import { Icon } from "./icon.tsx";

interface DialogProps {
  title: string;
  onClose: () => void;
  /** A wide one for what has several parts. */
  isWide?: boolean;
  children: ComponentChildren;
}

/** The browser's own: keeps the focus inside, closes by Escape, gives the focus back to where it came from. */
export function Dialog({ title, onClose, isWide = false, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Before the effects of what is in it: a field that takes the focus when it appears finds the dialog open.
  useLayoutEffect(() => {
    const { current } = dialog;
    current?.addEventListener("close", onClose);
    current?.showModal();
    return () => {
      // Another dialog may have taken its place: only what a person closes is told.
      current?.removeEventListener("close", onClose);
      current?.close();
    };
  }, []);
  const closeOnBackdrop = (event: MouseEvent): void => {
    if (event.target === dialog.current) dialog.current?.close();
  };
  return (
    // A click beside it is a convenience; Escape and the button do the same.
    <dialog
      ref={dialog}
      class={isWide ? "dialog dialog-wide" : "dialog"}
      aria-labelledby={id}
      onMouseDown={closeOnBackdrop}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="icon-button" aria-label={strings.close} onClick={() => dialog.current?.close()}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
