import { createCommit } from "ts-mls/createCommit.js";
import { encodeMlsMessage } from "ts-mls/message.js";
import type { Proposal } from "ts-mls/proposal.js";
import { extensionsOfPolicy } from "../../identity/group-policy.ts";
import { inspectKeyPackage } from "../../identity/key-package-inspection.ts";
import type { InspectedKeyPackage } from "../../identity/key-package-inspection.ts";
import { SottoError } from "../../protocol/errors.ts";
import { limits } from "../../protocol/limits.ts";
import type { CommitChanges, CommitOptions, PreparedCommit } from "../group-engine.ts";
import { decodeKeyPackage } from "../key-package.ts";
import type { MlsGroup } from "./mls-group.ts";
import { enterEpoch } from "./next-epoch.ts";
import { releaseOf, secretsLeftBehind } from "./retained-secrets.ts";
import { memberOfLeaf, require, requireAllowedInGroup, requireSoundRoster, RuleBroken } from "./roster-rules.ts";
import { requireDistinctKeys } from "./tree-rules.ts";

/** The slack for clocks between two devices, ms. */
const clockSlackMs = 3_600_000;

/** A commit by this device and the state that it leads to. Removes come before Adds, so that an Add can take the freed leaf. */
export async function prepareMlsCommit(
  group: MlsGroup,
  changes: CommitChanges,
  options: CommitOptions,
): Promise<PreparedCommit> {
  const { add = [], remove = [] } = changes;
  const added: InspectedKeyPackage[] = [];
  for (const bytes of add) added.push(await inspectUsable(bytes, group.suite, options.now ?? Date.now()));
  requireFollowable(group, changes, added, options);
  const { newState, welcome, commit, consumed } = await createCommit(
    { state: group.state, cipherSuite: group.primitives },
    { wireAsPublicMessage: true, ratchetTreeExtension: true, extraProposals: proposalsOf({ ...changes, add, remove }) },
  );
  const next = await enterEpoch(newState, group.primitives);
  requireSoundRoster(next.members);
  requireDistinctKeys(next.state.ratchetTree);
  return {
    commit: withinLimit(encodeMlsMessage(commit), limits.handshakeBytes),
    ...(welcome && {
      welcome: withinLimit(
        encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome }),
        limits.welcomeBytes,
      ),
    }),
    next,
    release: releaseOf([...consumed, ...secretsLeftBehind(group.state, next.state)]),
  };
}

/** The refusal of a commit: whatever fails while it is made or judged is a rule that it breaks. */
export function asCommitRefusal(cause: unknown): SottoError {
  if (cause instanceof SottoError && cause.code === "commit-invalid") return cause;
  const detail = cause instanceof RuleBroken ? { detail: cause.message } : {};
  return new SottoError("commit-invalid", { ...detail, cause });
}

function proposalsOf({ add, remove, policy }: CommitChanges & Required<Omit<CommitChanges, "policy">>): Proposal[] {
  const removals = remove.map((removed): Proposal => ({ proposalType: "remove", remove: { removed } }));
  const additions = add.map((bytes): Proposal => ({
    proposalType: "add",
    add: { keyPackage: decodeKeyPackage(bytes) },
  }));
  if (!policy) return [...removals, ...additions];
  const groupContextExtensions = { extensions: extensionsOfPolicy(policy) };
  return [...removals, ...additions, { proposalType: "group_context_extensions", groupContextExtensions }];
}

/** A commit that the other members would refuse is not made, at least not in a group. */
function requireFollowable(
  group: MlsGroup,
  { remove = [], policy }: CommitChanges,
  added: readonly InspectedKeyPackage[],
  { leavers }: CommitOptions,
): void {
  if (!group.policy) return require(!policy, "a direct conversation has no group policy");
  const devices = added.map(({ credential, deviceKey }) => ({ ...credential, deviceKey }));
  const change = { added: devices, removed: remove.map((leaf) => memberOfLeaf(group, leaf)), policy };
  requireAllowedInGroup(group, memberOfLeaf(group, group.ownLeaf).user, change, leavers);
}

function withinLimit(bytes: Uint8Array, atMost: number): Uint8Array {
  if (bytes.length <= atMost) return bytes;
  throw new SottoError("too-large", { detail: "The commit, or its Welcome, is larger than the limit." });
}

async function inspectUsable(bytes: Uint8Array, suite: number, now: number): Promise<InspectedKeyPackage> {
  const inspected = await inspectKeyPackage(bytes);
  const { notBefore, notAfter, suite: offered } = inspected;
  if (offered !== suite)
    throw new SottoError("key-package-invalid", { detail: "The key package is of another suite." });
  if (now < notBefore - clockSlackMs || now > notAfter) {
    throw new SottoError("key-package-invalid", { detail: "The key package is not valid now." });
  }
  return inspected;
}
