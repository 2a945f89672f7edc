// A question over the page: the browser's own dialog, which keeps the focus and closes with Escape.
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'react';

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOver = useRef(false);
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => {
      isOver.current = true;
      // Only one that is closed gives the focus back to where it was.
      element?.close();
    };
  }, []);
  // Escape closes it as its button does: the browser's own word of it comes later, when it may have been opened again.
  const cancel = (event: Event) => {
    event.preventDefault();
    onClose();
  };
  return (
    <dialog ref={dialog} aria-label={title} onCancel={cancel} onClose={() => isOver.current || onClose()}>
      <h2>{title}</h2>
      {children}
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  action: string;
  onConfirm: () => void;
  onClose: () => void;
  children: ComponentChildren;
}

export function Confirm({ title, action, onConfirm, onClose, children }: ConfirmProps) {
  const confirm = () => {
    onConfirm();
    onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="said">{children}</div>
      <div class="actions">
        <button type="button" onClick={onClose}>Cancel</button>
        <button type="button" class="danger" onClick={confirm}>{action}</button>
      </div>
    </Dialog>
  );
}
