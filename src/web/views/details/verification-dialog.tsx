import { useEffect, useState } from "preact/hooks";
import type { VerificationFacts } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { bridge } from "../../state/bridge.ts";
import { settleIdentity } from "../../state/conversations.ts";
import { Dialog } from "../parts/dialog.tsx";
import { FormError } from "../parts/field.tsx";
import { Icon } from "../parts/icon.tsx";
import { QrCode } from "../parts/qr-code.tsx";
import { useTask } from "../parts/use-task.ts";

const words = strings.details;

/** Twelve groups of five. */
const groupsOf = (digits: string): string[] => digits.match(/\d{5}/g) ?? [];

export function VerificationDialog({ user, onClose }: { user: string; onClose: () => void }) {
  const [facts, setFacts] = useState<VerificationFacts | undefined>(undefined);
  const { isBusy, error, start } = useTask();
  const load = async (): Promise<void> => setFacts(await bridge.call("verification", { user }));
  useEffect(() => start(load), []);
  const trust = (compared: boolean) => (): void =>
    start(async () => {
      await bridge.call("trust", { user, compared });
      settleIdentity(user);
      await load();
      if (!compared) onClose();
    });
  return (
    <Dialog title={`${words.verify} ${user}`} onClose={onClose}>
      {facts?.changed && (
        <p class="warning">
          <Icon name="alert" />
          <span>
            <strong>{words.changed(user)}</strong> {words.changedText}
          </span>
        </p>
      )}
      <p>{words.verifyText(user)}</p>
      {facts && (
        <>
          <ol class="safety-number" aria-label={words.verify}>
            {groupsOf(facts.safetyNumber).map((group, index) => (
              <li key={index}>{group}</li>
            ))}
          </ol>
          <QrCode bytes={facts.qr} label={words.qrLabel} />
        </>
      )}
      <FormError text={error} />
      {facts?.confirmed && !facts.changed ? (
        <p class="confirmed">
          <Icon name="shield" /> {words.confirmed}
        </p>
      ) : (
        <div class="actions">
          {facts?.changed && (
            <button type="button" class="button" aria-disabled={isBusy} onClick={trust(false)}>
              {words.accept}
            </button>
          )}
          <button type="button" class="button primary" disabled={!facts} aria-disabled={isBusy} onClick={trust(true)}>
            {words.confirm}
          </button>
        </div>
      )}
    </Dialog>
  );
}
