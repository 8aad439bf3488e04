/** Waiting that can be called off: every timer of the SDK goes through here, so that `close` leaves none behind. */
import { SottoError } from "../../protocol/errors.ts";

/** Resolves after `ms`, or rejects `aborted` as soon as the signal fires. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new SottoError("aborted"));
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(new SottoError("aborted"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** True after `ms`; false as soon as the signal fires. */
export function passes(ms: number, signal?: AbortSignal): Promise<boolean> {
  return delay(ms, signal).then(
    () => true,
    () => false,
  );
}

/** The promise's outcome, or `timeout` or `aborted`, whichever is first. */
export function withDeadline<T>(
  promise: Promise<T>,
  options: { timeoutMs?: number | undefined; signal?: AbortSignal | undefined },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const { timeoutMs, signal } = options;
    if (signal?.aborted) return reject(new SottoError("aborted"));
    const onAbort = (): void => settle(() => reject(new SottoError("aborted")));
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => settle(() => reject(new SottoError("timeout"))), timeoutMs);
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      finish();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error instanceof Error ? error : new Error(String(error)))),
    );
  });
}

/** Exponential back-off with jitter: between half and all of base · 2^attempt, at most `maxMs`. */
export function backoffMs(attempt: number, baseMs: number, maxMs: number): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 20));
  return ceiling * (0.5 + Math.random() / 2);
}
