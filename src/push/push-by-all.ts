import type { Push, PushOutcome } from "../actors/ports/push.ts";

/** Tries all ways at once. */
export function pushByAll(ways: readonly Push[]): Push {
  return { send: async (note) => bestOf(await Promise.all(ways.map((way) => way.send(note)))) };
}

/** What came of several: `sent` when one was, `failed` when one may be tried again soon. */
export function bestOf(outcomes: readonly PushOutcome[]): PushOutcome {
  if (outcomes.includes("sent")) return "sent";
  return outcomes.includes("failed") ? "failed" : "nowhere";
}
