import { useState } from "preact/hooks";
import { strings } from "../../strings.ts";
import { bridge } from "../../state/bridge.ts";
import { Dialog } from "../parts/dialog.tsx";
import { FormError } from "../parts/field.tsx";
import { useTask } from "../parts/use-task.ts";
import { ConfirmPassword } from "./confirm-password.tsx";

const words = strings.settings;

interface RevokeDialogProps {
  device: string;
  label: string;
  onClose: () => void;
}

export function RevokeDialog({ device, label, onClose }: RevokeDialogProps) {
  const [password, setPassword] = useState("");
  const { isBusy, error, start } = useTask();
  const revoke = async (): Promise<void> => {
    await bridge.call("revokeDevice", { device, password });
    onClose();
  };
  return (
    <Dialog title={words.revokeLabel(label)} onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          start(revoke);
        }}
      >
        <p>{words.revokeText}</p>
        <ConfirmPassword value={password} onValue={setPassword} isFirst />
        <FormError text={error} />
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>
            {strings.cancel}
          </button>
          <button type="submit" class="button danger" aria-disabled={isBusy}>
            {words.revoke}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
