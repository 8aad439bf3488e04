import type { ErasurePlace } from "../../../src/actors/ports/store-erasure.ts";
import type { Store } from "../../../src/actors/ports/store.ts";
import { newErasedUser } from "../../../src/protocol/erased-users.ts";
import type { UserId } from "../../../src/protocol/ids.ts";

/** Erases a user to the end, or goes on with what has begun. Answers the pseudonym. */
export async function eraseInSteps(store: Store, user: UserId, { chunk = 100 } = {}): Promise<UserId> {
  const erasure = await store.beginErasure({ user, pseudonym: newErasedUser() });
  if (!erasure) throw new Error("Nothing is held about the user.");
  let place: ErasurePlace | undefined = { stage: "devices" };
  for (let steps = 0; place && steps < 1000; steps += 1) place = (await store.eraseStep(erasure, place, chunk)).next;
  if (place) throw new Error(`The erasure does not end: ${place.stage}.`);
  return erasure.pseudonym;
}
