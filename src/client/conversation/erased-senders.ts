/**
 * What somebody sent who was erased stands in the log under a pseudonym, beside the hash of the entry as it was. Whoever knows the device
 * knows the name: put back, it has to give that very hash, and the entry is as good as it ever was.
 */
import { entryHash, type HashedEntry } from "../../identity/log-hash.ts";
import { fromBase64 } from "../../protocol/base64.ts";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import type { DeviceId, UserId } from "../../protocol/ids.ts";

/** The entry under the name; undefined for one of a device that is not known here, or that is not what its hash says. */
export function asItStood(
  entry: HashedEntry,
  nameOf: (device: DeviceId) => UserId | undefined,
): HashedEntry | undefined {
  const { originalHash, sender } = entry;
  if (originalHash === undefined) return entry;
  const user = nameOf(sender.device);
  if (user === undefined) return undefined;
  const named = { ...entry, sender: { ...sender, user } };
  return equalBytes(entryHash(named), fromBase64(originalHash)) ? named : undefined;
}

/** What cannot be shown to be what was sent counts as gone: the log goes on by the hash, which the next ack answers for. */
export function asGone(entry: HashedEntry): HashedEntry {
  const { originalHash, ...others } = entry;
  return { ...others, payload: new Uint8Array(0), ...(originalHash !== undefined && { goneHash: originalHash }) };
}
