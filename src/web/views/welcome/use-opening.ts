import { useState } from "preact/hooks";
import { CallFailure } from "../../bridge/caller.ts";
import { erase } from "../../state/session.ts";
import { useTask } from "../parts/use-task.ts";

/** Opens what this browser holds of somebody. `isGone`: the browser has cleared it, and all that can be done is to forget who it was. */
export function useOpening(user: string, work: () => Promise<void>) {
  const [isGone, setGone] = useState(false);
  const { isBusy, error, start } = useTask();
  const open = async (): Promise<void> => {
    try {
      await work();
    } catch (failure) {
      setGone(failure instanceof CallFailure && failure.code === "storage-evicted");
      throw failure;
    }
  };
  return { isBusy, error, isGone, open: () => start(open), forget: () => start(() => erase(user)) };
}
