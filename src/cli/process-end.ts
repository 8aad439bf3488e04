/** How a process that runs for long hears that it should end, and what it does about faults. */
import type { NodeLog } from "../observability/log.ts";

/** A terminal's Ctrl-C reaches a node twice when npm runs it: once by itself, once through npm. */
const sameSignalMs = 400;

/** Resolves at the first signal. Another one, later, ends the process at once. */
export function askedToStop(log: NodeLog): Promise<void> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const take = (signal: NodeJS.Signals) => {
      if (firstAt === undefined) log.info("node.signalled", { signal });
      else if (performance.now() - firstAt > sameSignalMs) process.exit(1);
      firstAt ??= performance.now();
      resolve();
    };
    process.on("SIGTERM", take);
    process.on("SIGINT", take);
  });
}

/** A fault that nobody caught is in the log; one that may have left things half-done ends the process. */
export function surviveFaults(log: NodeLog): void {
  process.on("unhandledRejection", (error) => log.error("node.rejection-unhandled", { error }));
  process.on("uncaughtException", (error) => {
    log.error("node.crashed", { error });
    process.exit(1);
  });
}

/** What a library has left running does not keep a process that is done. */
const lingerMs = 1_000;

/** Closes what runs, and ends the process when that takes too long. Answers the exit status. */
export async function endInTime(running: { close(): Promise<void> }, deadlineMs: number): Promise<number> {
  const deadline = setTimeout(() => process.exit(1), deadlineMs);
  await running.close();
  clearTimeout(deadline);
  setTimeout(() => process.exit(0), lingerMs).unref();
  return 0;
}
