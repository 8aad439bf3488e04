import { strings } from "../../strings.ts";
import { Dialog } from "./dialog.tsx";
import { FormError } from "./field.tsx";
import { useTask } from "./use-task.ts";

interface ConfirmDialogProps {
  title: string;
  text: string;
  /** On the button that does it; the title if nothing is said. */
  action?: string;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}

/** Before what cannot be taken back, or that others see. */
export function ConfirmDialog({ title, text, action = title, onConfirm, onClose }: ConfirmDialogProps) {
  const { isBusy, error, start } = useTask();
  const confirm = async (): Promise<void> => {
    await onConfirm();
    onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{text}</p>
      <FormError text={error} />
      <div class="actions">
        <button type="button" class="button" onClick={onClose}>
          {strings.cancel}
        </button>
        <button type="button" class="button danger" aria-disabled={isBusy} onClick={() => start(confirm)}>
          {action}
        </button>
      </div>
    </Dialog>
  );
}
