import type { ContactPin } from "../../crypto/contact-pins.ts";
import { equalBytes } from "../../protocol/equal-bytes.ts";

/**
 * Of two words on a contact, in whatever order they came: nothing is taken back that a person has compared, that was claimed against the
 * key, or where the list had got to. Of two keys the one that is held stays, and the other one is a claim.
 */
export function laterPin(held: ContactPin | undefined, other: ContactPin): ContactPin {
  if (!held) return other;
  if (!equalBytes(held.accountKey, other.accountKey)) return { ...held, changed: true };
  const later = other.version > held.version ? other : held;
  return { ...later, confirmed: held.confirmed || other.confirmed, changed: held.changed || other.changed };
}
