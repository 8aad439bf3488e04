import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import type { Store } from "../../src/actors/ports/store.ts";
import type { UserId } from "../../src/protocol/ids.ts";
import { eraseUser } from "../../workers/erase.ts";

/** Erases a user from a database, as `sotto erase` does. Answers the pseudonym. */
export async function erasedFrom(store: Store, user: string): Promise<UserId> {
  const erased = await eraseUser({ store, telemetry: silentTelemetry, now: Date.now }, user as UserId);
  if (!erased) throw new Error("Nothing is held about the user.");
  return erased.pseudonym;
}
