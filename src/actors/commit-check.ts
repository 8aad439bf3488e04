/**
 * Whether a commit does what its sender may do, as far as a node can know without keys. Owns the
 * policy of directs; never the compare-and-set, which is the store's. Members check the same, and the signatures, again.
 */
import { fromBase64 } from "../protocol/base64.ts";
import { SottoError } from "../protocol/errors.ts";
import type { DeviceId } from "../protocol/ids.ts";
import type { RequestOf } from "../protocol/requests.ts";
import {
  changeOf,
  founds,
  readRosterChange,
  refuse,
  type Change,
  type CommitCheckOptions,
  type CommitPorts,
  type Committer,
  type CurrentCommit,
  type RosterChange,
} from "./commit-parts.ts";
import { checkGeneration } from "./generation-check.ts";
import { checkGroupChange } from "./group-commit-check.ts";
import type { CheckedCommit } from "./ports/public-checks.ts";
import type { AcceptCommit, ConversationRow } from "./ports/store-conversations.ts";

type Request = RequestOf<"conversation:commit">;

/**
 * What the store is to do for a commit. Throws `commit-invalid`, `not-a-member`, `stale-epoch`, `conversation-unknown`.
 * One that is behind the group is passed on without a change: the store knows it again or refuses it as stale.
 */
export async function checkCommit(
  ports: CommitPorts,
  caller: Committer,
  request: Request,
  options: CommitCheckOptions = {},
): Promise<AcceptCommit> {
  const row = await ports.store.findConversation(request.conversation);
  if (!row?.users.includes(caller.user)) throw new SottoError("conversation-unknown");
  const commit = fromBase64(request.commit);
  const inspected = await ports.checks.inspectCommit(commit);
  requirePlace(inspected, request);
  const age = compareToGroup(row, request);
  if (age === "ahead") throw new SottoError("stale-epoch");
  const succeeds = row.generation > 0 && founds(row, request);
  const check = succeeds ? checkGeneration : row.group ? checkGroupChange : checkDirectChange;
  const change: Change =
    age === "current"
      ? await check({ ...ports, ...options }, { caller, row, inspected, request })
      : { leaves: [], added: [], removed: [] };
  const { conversation, generation, epoch, id } = request;
  const sender = { user: caller.user, device: caller.device };
  const welcome = request.welcome === undefined ? {} : { welcome: fromBase64(request.welcome) };
  const seen = request.seen === undefined ? {} : { seen: request.seen };
  return { conversation, generation, epoch, id, sender, commit, ...change, ...welcome, ...seen };
}

function requirePlace(inspected: CheckedCommit, request: Request): void {
  const fits =
    inspected.conversation === request.conversation &&
    inspected.generation === request.generation &&
    inspected.epoch === request.epoch;
  if (!fits) refuse("The commit is for another conversation, generation or epoch.");
}

/** The next generation at epoch 0 fits, too: generation 0 nobody has founded, and a later one may not be able to go on. */
function compareToGroup(row: ConversationRow, request: Request): "behind" | "current" | "ahead" {
  if (founds(row, request)) return "current";
  if (request.generation !== row.generation) return request.generation < row.generation ? "behind" : "ahead";
  if (request.epoch !== row.epoch) return request.epoch < row.epoch ? "behind" : "ahead";
  return "current";
}

async function checkDirectChange(ports: CommitPorts & CommitCheckOptions, commit: CurrentCommit): Promise<Change> {
  const { caller, row, inspected } = commit;
  if (inspected.policy) refuse("A direct conversation has no policy to change.");
  if (!inspected.adds.every(({ credential }) => row.users.includes(credential.user)))
    refuse("The commit adds a device of another user.");
  const roster = await readRosterChange(ports, commit);
  for (const removed of roster.removed) {
    if (!roster.added.some(({ device }) => device === removed)) requireOwn(caller, removed, roster);
  }
  return changeOf(ports, commit, roster);
}

/** Members may remove their own user's devices, and those of who is replaced: who is revoked is for that user's devices to remove. */
function requireOwn(caller: Committer, device: DeviceId, { members, replaced }: RosterChange): void {
  const row = members.find((member) => member.device === device);
  if (row && replaced.includes(row.user)) return;
  if (row?.user !== caller.user) refuse("The commit removes a device of the other user.");
}
