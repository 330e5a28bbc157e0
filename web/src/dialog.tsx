import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** The browser's own modal dialog: it keeps the focus inside, closes with Esc, and gives the focus back. */
export function Dialog({ title, close, children }: { title: ComponentChildren; close: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const outside = (event: MouseEvent): void => {
    if (event.target === dialog.current) close();
  };
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={close} onClick={outside}>
      <div class="sheet">
        <div class="sheet-head">
          <h2 id="dialog-title">{title}</h2>
          <button type="button" class="quiet" onClick={close} aria-label="Close" title="Close (Esc)">
            ✕
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
