import type { CheckedListEntry, PublicChecks } from "../actors/ports/public-checks.ts";
import { verifyAck } from "../identity/ack.ts";
import { accountKeyAt, decodeDeviceListEntry, extendDeviceList, verifyDeviceList } from "../identity/device-list.ts";
import type { DeviceList } from "../identity/device-list.ts";
import { inspectCommit, inspectKeyPackage, nextLeaves } from "../identity/handshake.ts";
import { verifyHistoryShare } from "../identity/history-share.ts";
import { verifyLeave } from "../identity/leave.ts";
import { entryHash } from "../identity/log-hash.ts";
import { isFullFounding, policyOfGeneration, requireGenerationAllowed } from "../identity/generation-rules.ts";
import { requireAllowedByPolicy } from "../identity/policy-rules.ts";
import { replacedUsers, requireWholeReplacement } from "../identity/replacement-rules.ts";
import { verifyPrivacy } from "../identity/privacy.ts";
import { verifyReadMark } from "../identity/read-mark.ts";
import { verifyRecoveryGrant, verifyRecoveryStatement, verifyRecoveryVault } from "../identity/recovery.ts";
import { verifyReaddRequest } from "../identity/readd.ts";

/** What actors decide by, from `identity/`. `sodiumReady()` must have been awaited before any of it is used. */
export const publicChecks: PublicChecks = {
  inspectCommit,
  inspectKeyPackage,
  nextLeaves: (leaves, removes, adds) => nextLeaves(leaves, removes, adds),
  requireAllowedByPolicy,
  replacedUsers,
  requireWholeReplacement,
  requireGenerationAllowed,
  policyOfGeneration,
  isFullFounding,
  entryHash,
  isAckSigned: verifyAck,
  isReadMarkSigned: verifyReadMark,
  isPrivacySigned: verifyPrivacy,
  isReaddSigned: verifyReaddRequest,
  isLeaveSigned: verifyLeave,
  isHistoryShareSigned: verifyHistoryShare,
  isRecoveryKeySigned: verifyRecoveryStatement,
  isVaultSigned: verifyRecoveryVault,
  isRecoveryGrantSigned: verifyRecoveryGrant,
  extendDeviceList: (entries, bytes, accountKey) => {
    const list = entries.length === 0 ? undefined : verifyDeviceList(entries, accountKey);
    return extended(list, bytes, accountKey);
  },
  resetDeviceList: (entries, bytes, { replaced, next }) => extended(verifyDeviceList(entries, replaced), bytes, next),
  accountKeyAt,
};

function extended(list: DeviceList | undefined, bytes: Uint8Array, accountKey: Uint8Array): CheckedListEntry {
  const { version, head } = extendDeviceList(list, bytes, accountKey);
  const { operation, user, device, deviceKey } = decodeDeviceListEntry(bytes).entry;
  return { version, previousHead: list?.head ?? null, head, operation, user, device, deviceKey };
}
