import { createCommit } from "ts-mls/createCommit.js";
import { encodeMlsMessage } from "ts-mls/message.js";
import type { Proposal } from "ts-mls/proposal.js";
import { inspectKeyPackage } from "../../identity/key-package-inspection.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { CommitChanges, PreparedCommit } from "../group-engine.ts";
import { decodeKeyPackage } from "../key-package.ts";
import type { MlsGroup } from "./mls-group.ts";
import { enterEpoch } from "./next-epoch.ts";
import { releaseOf, secretsLeftBehind } from "./retained-secrets.ts";
import { requireSoundRoster, RuleBroken } from "./roster-rules.ts";
import { requireDistinctKeys } from "./tree-rules.ts";

/** The slack for clocks between two devices, ms. */
const clockSlackMs = 3_600_000;

/** A commit by this device and the state that it leads to. Removes come before Adds, so that an Add can take the freed leaf. */
export async function prepareMlsCommit(group: MlsGroup, changes: CommitChanges, now: number): Promise<PreparedCommit> {
  const removals = (changes.remove ?? []).map((removed): Proposal => ({ proposalType: "remove", remove: { removed } }));
  const additions: Proposal[] = [];
  for (const bytes of changes.add ?? []) {
    await requireUsable(bytes, group.suite, now);
    additions.push({ proposalType: "add", add: { keyPackage: decodeKeyPackage(bytes) } });
  }
  const { newState, welcome, commit, consumed } = await createCommit(
    { state: group.state, cipherSuite: group.primitives },
    { wireAsPublicMessage: true, ratchetTreeExtension: true, extraProposals: [...removals, ...additions] },
  );
  const next = await enterEpoch(newState, group.primitives);
  requireSoundRoster(next.members);
  requireDistinctKeys(next.state.ratchetTree);
  return {
    commit: encodeMlsMessage(commit),
    ...(welcome && { welcome: encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome }) }),
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

async function requireUsable(bytes: Uint8Array, suite: number, now: number): Promise<void> {
  const { notBefore, notAfter, suite: offered } = await inspectKeyPackage(bytes);
  if (offered !== suite)
    throw new SottoError("key-package-invalid", { detail: "The key package is of another suite." });
  if (now < notBefore - clockSlackMs || now > notAfter) {
    throw new SottoError("key-package-invalid", { detail: "The key package is not valid now." });
  }
}
