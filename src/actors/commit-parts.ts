/** What is checked alike in the commits of directs and of groups: the sender, whoever comes and goes, and who asked to be added again. */
import { SottoError } from "../protocol/errors.ts";
import type { ConversationId, DeviceId, UserId } from "../protocol/ids.ts";
import type { Caller } from "./caller.ts";
import { equalBytes } from "../protocol/equal-bytes.ts";
import type { CheckedAdd, CheckedCommit, PublicChecks } from "./ports/public-checks.ts";
import type { RequestOf } from "../protocol/requests.ts";
import type { AcceptCommit, ConversationRow } from "./ports/store-conversations.ts";
import type { DeviceRow } from "./ports/store-devices.ts";
import type { Store } from "./ports/store.ts";
import { findReplaced } from "./replaced-users.ts";

export interface CommitPorts {
  store: Store;
  checks: PublicChecks;
}
export type Committer = Omit<Caller, "socket">;
export interface CommitCheckOptions {
  /** A node has accepted this commit before: what it came with then, and who had asked for it, is not looked for again. */
  isVouched?: boolean;
}
type Leaves = readonly (DeviceId | null)[];
export type Change = Pick<AcceptCommit, "leaves" | "added" | "removed" | "replaced" | "group">;

/** A commit at the epoch that its group is at. */
export interface CurrentCommit {
  caller: Committer;
  row: ConversationRow;
  inspected: CheckedCommit;
  request: RequestOf<"conversation:commit">;
}

/** Who comes and goes by a commit. `before`: the leaves that it is made on; of a founding one, its sender's. */
export interface RosterChange {
  before: Leaves;
  /** The devices at those leaves, as far as they are known. */
  members: DeviceRow[];
  added: Change["added"];
  removed: DeviceId[];
  /** Users who have started over, and come back with all devices new. */
  replaced: UserId[];
}

/** Throws `not-a-member`, and `commit-invalid` for what neither a direct nor a group lets pass. */
export async function readRosterChange(
  ports: CommitPorts & CommitCheckOptions,
  { caller, row, inspected, request }: CurrentCommit,
): Promise<RosterChange> {
  const before: Leaves = founds(row, request) ? [caller.device] : row.leaves;
  requireSender(before, caller, inspected);
  const added = await checkAdds(ports, inspected);
  const { isVouched = false } = ports;
  if (!isVouched && (request.welcome !== undefined) !== added.length > 0)
    refuse("A Welcome comes with Adds, and only with them.");
  const removed = inspected.removes.map((leaf) => before[leaf] ?? refuse("The commit removes a leaf that is blank."));
  for (const add of inspected.adds) {
    const { device } = add.credential;
    if (!before.includes(device)) continue;
    if (!removed.includes(device)) refuse("The commit adds a device that is in the group.");
    if (!isVouched) await requireAsked(ports, row.conversation, add);
  }
  const isRosterCommit = added.length > 0 || removed.length > 0;
  const members = row.group || isRosterCommit ? await readDevices(ports.store, before) : [];
  const replaced = await findReplaced(ports, members, inspected);
  ports.checks.requireWholeReplacement({ members, removes: removed.map((device) => ({ device })), replaced });
  return { before, members, added, removed, replaced };
}

async function readDevices(store: Store, leaves: Leaves): Promise<DeviceRow[]> {
  const devices = leaves.filter((leaf) => leaf !== null);
  const rows = await store.findDevices(devices);
  return rows.filter((row) => row !== undefined);
}

/** What the store is to do for it. The store takes a founder as added by its own commit: there the founder's log begins. */
export function changeOf(
  { checks }: CommitPorts,
  { caller, row, inspected, request }: CurrentCommit,
  { before, added, removed, replaced }: Omit<RosterChange, "members">,
): Change {
  const devices = added.map(({ device }) => device);
  const founder = founds(row, request) ? [{ user: caller.user, device: caller.device }] : [];
  const leaves = checks.nextLeaves(before, inspected.removes, devices);
  return { leaves, added: [...founder, ...added], removed, replaced };
}

/** Whether a commit begins the first group of a conversation, or one in the place of the present group. */
export function founds({ generation }: ConversationRow, request: { generation: number; epoch: number }): boolean {
  return request.generation === generation + 1 && request.epoch === 0;
}

/** The commit is of the caller's own leaf, and what it says of that leaf is the caller's. Throws `not-a-member`, `commit-invalid`. */
function requireSender(leaves: Leaves, caller: Committer, inspected: CheckedCommit): void {
  const leaf = leaves.indexOf(caller.device);
  if (leaf === -1) throw new SottoError("not-a-member");
  if (inspected.senderLeaf !== leaf) refuse("The commit is of another sender.");
  const { pathLeaf } = inspected;
  if (!pathLeaf) return;
  const { user, device } = pathLeaf.credential;
  const isOwn = user === caller.user && device === caller.device && equalBytes(pathLeaf.deviceKey, caller.deviceKey);
  if (!isOwn) refuse("The sender's new leaf is not the sender's.");
}

/** Live devices with the keys that their users' lists name. Throws `commit-invalid`. */
async function checkAdds(
  { store }: CommitPorts,
  { adds }: CheckedCommit,
): Promise<{ user: UserId; device: DeviceId }[]> {
  if (adds.length === 0) return [];
  if (new Set(adds.map((add) => add.suite)).size > 1) refuse("The Adds are of different suites.");
  const users = [...new Set(adds.map(({ credential }) => credential.user))];
  const accountKeys = await readAccountKeys(store, users);
  const rows = await store.findDevices(adds.map(({ credential }) => credential.device));
  return adds.map(({ credential, deviceKey }, index) => {
    const { user, device, accountKey } = credential;
    const registered = accountKeys.get(user);
    if (!registered || !equalBytes(registered, accountKey)) refuse("An added device names another account key.");
    const row = rows[index];
    if (!isLive(row, user) || !equalBytes(row.deviceKey, deviceKey)) refuse("An added device is not one of its user.");
    return { user, device };
  });
}

async function readAccountKeys(store: Store, users: readonly UserId[]): Promise<Map<UserId, Uint8Array | null>> {
  const lists = await store.readDeviceLists(users.map((user) => ({ user, after: Number.MAX_SAFE_INTEGER })));
  return new Map(lists.map(({ user, accountKey }) => [user, accountKey]));
}

/** Whoever's it is, a device is removed and added in one only if it asks for it, and only with the key package it asks with. */
async function requireAsked(
  { store, checks }: CommitPorts,
  conversation: ConversationId,
  add: CheckedAdd,
): Promise<void> {
  const asked = await store.findReadd(conversation, add.credential.device);
  if (!asked) refuse("The commit adds a device again that does not ask for it.");
  const { hash } = await checks.inspectKeyPackage(asked.keyPackage);
  if (!equalBytes(hash, add.keyPackageHash)) refuse("The commit adds a device again with another key package.");
}

export function isLive(row: DeviceRow | undefined, user: UserId): row is DeviceRow {
  return row !== undefined && row.user === user && row.revokedAt === null;
}

export function refuse(detail: string): never {
  throw new SottoError("commit-invalid", { detail });
}
