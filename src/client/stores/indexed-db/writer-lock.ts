import { SottoError } from "../../../protocol/errors.ts";

/** What to do while another page has the store open. */
export type WhenLocked = "refuse" | "wait" | "take-over";

export interface WriterLock {
  /** Fires, with `store-locked`, when another page has taken the lock over. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** One page or worker per store, among all of this browser's of the same origin, by a Web Lock. Errors: `store-locked`, `aborted`. */
export async function takeWriterLock(
  name: string,
  { whenLocked, signal }: { whenLocked: WhenLocked; signal: AbortSignal | undefined },
): Promise<WriterLock> {
  const taken = new AbortController();
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  let ended: Promise<unknown> = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    const giveUp = () => {
      // The browser may not have noticed, and grant it later: it goes at once then.
      letGo();
      reject(new SottoError("aborted"));
    };
    if (signal?.aborted) return giveUp();
    signal?.addEventListener("abort", giveUp, { once: true });
    const granted = (lock: Lock | null): Promise<void> | undefined => {
      signal?.removeEventListener("abort", giveUp);
      if (!lock) return void reject(new SottoError("store-locked"));
      resolve();
      return held;
    };
    ended = globalThis.navigator.locks
      .request(`sotto/${name}`, howToAsk(whenLocked, signal), granted)
      .catch((cause: unknown) => {
        reject(new SottoError("store-locked", { cause }));
        taken.abort(new SottoError("store-locked", { detail: "Another page has taken this store over." }));
      });
  });
  return {
    lost: taken.signal,
    async release() {
      letGo();
      await ended;
    },
  };
}

/** The three exclude each other. */
function howToAsk(whenLocked: WhenLocked, signal: AbortSignal | undefined): LockOptions {
  if (whenLocked === "refuse") return { ifAvailable: true };
  if (whenLocked === "take-over") return { steal: true };
  return signal ? { signal } : {};
}
