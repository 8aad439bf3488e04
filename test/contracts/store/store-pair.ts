import type { Store } from "../../../src/actors/ports/store.ts";

/** Instances on the same database, and how to be rid of them. `one` and `other` keep history for 90 days. */
export interface StorePair {
  one: Store;
  other: Store;
  /** One whose retention is 0 days: what it accepted a moment ago has passed. */
  forgetful: Store;
  /** One whose undelivered time to live is 0 days. */
  impatient: Store;
  end(): Promise<void>;
}
