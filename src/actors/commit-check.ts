/**
 * Whether a commit does what its sender may do in a direct conversation, as far as a node can know without keys. Owns the
 * policy of directs; never the compare-and-set, which is the store's. Members check the same, and the signatures, again.
 */
import { fromBase64 } from "../protocol/base64.ts";
import { SottoError } from "../protocol/errors.ts";
import type { ConversationId, DeviceId, UserId } from "../protocol/ids.ts";
import type { RequestOf } from "../protocol/requests.ts";
import type { Caller } from "./caller.ts";
import { equalBytes } from "./equal-bytes.ts";
import type { CheckedAdd, CheckedCommit, PublicChecks } from "./ports/public-checks.ts";
import type { AcceptCommit, ConversationRow } from "./ports/store-conversations.ts";
import type { DeviceRow } from "./ports/store-devices.ts";
import type { Store } from "./ports/store.ts";

interface Ports {
  store: Store;
  checks: PublicChecks;
}
type Request = RequestOf<"conversation:commit">;
type Leaves = readonly (DeviceId | null)[];
type Change = Pick<AcceptCommit, "leaves" | "added" | "removed">;

/**
 * What the store is to do for a commit. Throws `commit-invalid`, `not-a-member`, `stale-epoch`, `conversation-unknown`.
 * One that is behind the group is passed on without a change: the store knows it again or refuses it as stale.
 */
export async function checkCommit(ports: Ports, caller: Caller, request: Request): Promise<AcceptCommit> {
  const row = await ports.store.findConversation(request.conversation);
  if (!row?.users.includes(caller.user)) throw new SottoError("conversation-unknown");
  const commit = fromBase64(request.commit);
  const inspected = await ports.checks.inspectCommit(commit);
  requirePlace(inspected, request);
  const age = compareToGroup(row, request);
  if (age === "ahead") throw new SottoError("stale-epoch");
  const change: Change =
    age === "current"
      ? await checkChange(ports, caller, row, inspected, request)
      : { leaves: [], added: [], removed: [] };
  const { conversation, generation, epoch, id } = request;
  const sender = { user: caller.user, device: caller.device };
  const welcome = request.welcome === undefined ? {} : { welcome: fromBase64(request.welcome) };
  return { conversation, generation, epoch, id, sender, commit, ...change, ...welcome };
}

function requirePlace(inspected: CheckedCommit, request: Request): void {
  const fits =
    inspected.conversation === request.conversation &&
    inspected.generation === request.generation &&
    inspected.epoch === request.epoch;
  if (!fits) refuse("The commit is for another conversation, generation or epoch.");
  if (inspected.changesExtensions) refuse("A direct conversation has no extensions to change.");
}

/** Nobody has founded generation 0, so that generation 1 at epoch 0 is what fits it. */
function compareToGroup(row: ConversationRow, request: Request): "behind" | "current" | "ahead" {
  const generation = Math.max(row.generation, 1);
  const epoch = row.generation === 0 ? 0 : row.epoch;
  if (request.generation !== generation) return request.generation < generation ? "behind" : "ahead";
  if (request.epoch !== epoch) return request.epoch < epoch ? "behind" : "ahead";
  return "current";
}

async function checkChange(
  ports: Ports,
  caller: Caller,
  row: ConversationRow,
  inspected: CheckedCommit,
  request: Request,
): Promise<Change> {
  const leaves: Leaves = row.generation === 0 ? [caller.device] : row.leaves;
  requireSender(leaves, caller, inspected);
  const added = await checkAdds(ports, row.users, inspected);
  if ((request.welcome !== undefined) !== added.length > 0) refuse("A Welcome comes with Adds, and only with them.");
  const removed = inspected.removes.map((leaf) => leaves[leaf] ?? refuse("The commit removes a leaf that is blank."));
  for (const device of removed) {
    const add = inspected.adds.find(({ credential }) => credential.device === device);
    await (add ? requireAsked(ports, row.conversation, add) : requireOwn(ports.store, caller, device));
  }
  for (const { device } of added) {
    if (leaves.includes(device) && !removed.includes(device)) refuse("The commit adds a device that is in the group.");
  }
  const next = ports.checks.nextLeaves(
    leaves,
    inspected.removes,
    added.map(({ device }) => device),
  );
  // The store takes the founder as added by its own commit: there the founder's log begins.
  const founder = row.generation === 0 ? [{ user: caller.user, device: caller.device }] : [];
  return { leaves: next, added: [...founder, ...added], removed };
}

function requireSender(leaves: Leaves, caller: Caller, inspected: CheckedCommit): void {
  const leaf = leaves.indexOf(caller.device);
  if (leaf === -1) throw new SottoError("not-a-member");
  if (inspected.senderLeaf !== leaf) refuse("The commit is of another sender.");
  const { pathLeaf } = inspected;
  if (!pathLeaf) return;
  const { user, device } = pathLeaf.credential;
  const isOwn = user === caller.user && device === caller.device && equalBytes(pathLeaf.deviceKey, caller.deviceKey);
  if (!isOwn) refuse("The sender's new leaf is not the sender's.");
}

async function checkAdds(
  { store }: Ports,
  users: readonly UserId[],
  inspected: CheckedCommit,
): Promise<{ user: UserId; device: DeviceId }[]> {
  const { adds } = inspected;
  if (adds.length === 0) return [];
  if (new Set(adds.map((add) => add.suite)).size > 1) refuse("The Adds are of different suites.");
  const accountKeys = await readAccountKeys(store, users);
  return Promise.all(
    adds.map(async ({ credential, deviceKey }) => {
      const { user, device, accountKey } = credential;
      if (!users.includes(user)) refuse("The commit adds a device of another user.");
      const registered = accountKeys.get(user);
      if (!registered || !equalBytes(registered, accountKey)) refuse("An added device names another account key.");
      const row = await store.findDevice(device);
      if (!isLive(row, user) || !equalBytes(row.deviceKey, deviceKey))
        refuse("An added device is not one of its user.");
      return { user, device };
    }),
  );
}

async function readAccountKeys(store: Store, users: readonly UserId[]): Promise<Map<UserId, Uint8Array | null>> {
  const lists = await store.readDeviceLists(users.map((user) => ({ user, after: Number.MAX_SAFE_INTEGER })));
  return new Map(lists.map(({ user, accountKey }) => [user, accountKey]));
}

/** Members may remove their own user's devices, and no others: who is revoked is for that user's devices to remove. */
async function requireOwn(store: Store, caller: Caller, device: DeviceId): Promise<void> {
  const row = await store.findDevice(device);
  if (row?.user !== caller.user) refuse("The commit removes a device of the other user.");
}

/** Whoever's it is, a device is removed and added in one only if it asks for it, and only with the key package it asks with. */
async function requireAsked({ store, checks }: Ports, conversation: ConversationId, add: CheckedAdd): Promise<void> {
  const asked = await store.findReadd(conversation, add.credential.device);
  if (!asked) refuse("The commit adds a device again that does not ask for it.");
  const { hash } = await checks.inspectKeyPackage(asked.keyPackage);
  if (!equalBytes(hash, add.keyPackageHash)) refuse("The commit adds a device again with another key package.");
}

function isLive(row: DeviceRow | undefined, user: UserId): row is DeviceRow {
  return row !== undefined && row.user === user && row.revokedAt === null;
}

function refuse(detail: string): never {
  throw new SottoError("commit-invalid", { detail });
}
