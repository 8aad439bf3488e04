import { useRef, useState } from "preact/hooks";
import { CallFailure } from "../../bridge/caller.ts";
import { wordsFor } from "../../state/notices.ts";

/** Work that a button or a form starts: one at a time, its failure in words beside it. */
export function useTask() {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | undefined>(undefined);
  const isRunning = useRef(false);

  const start = async (work: () => Promise<unknown>): Promise<void> => {
    if (isRunning.current) return;
    isRunning.current = true;
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (failure) {
      if (!(failure instanceof CallFailure && failure.code === "aborted")) setError(wordsFor(failure));
    } finally {
      isRunning.current = false;
      setBusy(false);
    }
  };
  return { isBusy, error, setError, start: (work: () => Promise<unknown>): void => void start(work) };
}
