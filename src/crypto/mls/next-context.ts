import type { ClientState } from "ts-mls/clientState.js";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import type { GroupPolicy } from "../../identity/group-policy.ts";
import { isSamePolicy, policyOfExtensions } from "../../identity/group-policy.ts";
import { memberAt } from "./mls-group.ts";
import { require } from "./roster-rules.ts";

/** What of a state its next epoch may not change by itself. */
type EpochState = Pick<ClientState, "groupContext" | "signaturePrivateKey" | "ratchetTree" | "privatePath">;

/**
 * A commit changes epoch, tree and transcript of the group context, and nothing else of it; `policy` is the one that the
 * group has afterwards, the old one unless the commit says another.
 */
export function requireNextEpoch(before: EpochState, after: EpochState, policy: GroupPolicy | undefined): void {
  const [old, next] = [before.groupContext, after.groupContext];
  require(next.epoch === old.epoch + 1n, "a commit ends one epoch");
  const isSame =
    old.version === next.version && old.cipherSuite === next.cipherSuite && equalBytes(old.groupId, next.groupId);
  require(isSame, "a commit leaves the group context");
  require(isSamePolicy(policyOfExtensions(next.extensions), policy), "a policy changes by the commit that says so");
  require(equalBytes(before.signaturePrivateKey, after.signaturePrivateKey), "a commit leaves our own key");
  require(memberAt(after.ratchetTree, after.privatePath.leafIndex) !== undefined, "we have a leaf");
}
