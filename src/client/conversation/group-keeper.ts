/**
 * Keeps the group of a conversation what it should be: founded when there is somebody to talk to, made of all live devices
 * of its users, updated now and then. How a device gets into a group that others keep: `group-joiner.ts`.
 *
 *   no group ──(peer has a device: found)──▶ pending ──(in the log)──▶ member
 *
 * Every change of the group is one commit: prepared, stored with its exact bytes, sent, adopted when the log has it. The
 * node takes one commit per epoch; a loser drops its own, follows the log and looks again.
 */
import type { CommitChanges, DirectPolicy, Group } from "../../crypto/group-engine.ts";
import { toHex } from "../../identity/equal-bytes.ts";
import { keyPackageHash } from "../../identity/key-package-inspection.ts";
import { verifyReaddRequest } from "../../identity/readd.ts";
import { fromBase64, toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import { newId, type DeviceId, type MessageId, type UserId } from "../../protocol/ids.ts";
import { limits, suites } from "../../protocol/limits.ts";
import type { LogEntry } from "../../protocol/log-entry.ts";
import type { ConversationSummary, InboxEntry } from "../../protocol/requests.ts";
import type { ClientCore } from "../core.ts";
import { KeyPackageClaims } from "../device/key-package-claims.ts";
import type { ConversationState } from "./conversation-state.ts";

type Readd = Extract<InboxEntry, { kind: "readd" }>;

/** Of one device that was added again. Key packages live for 90 days: one a week is fewer than this. */
const readdPackagesKept = 16;

export interface KeeperHooks {
  posted(entry: LogEntry): void;
  catchUp(): Promise<void>;
  summary(): Promise<ConversationSummary>;
}

export class GroupKeeper {
  /** Why nothing can be founded or sealed, for people: null when it can. */
  waitingFor: "recipient-device" | "welcome" | null = null;
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly hooks: KeeperHooks;
  private readonly claims: KeyPackageClaims;
  /** Requests to be added again that wait for a person's word; the latest of each device. */
  private readonly held = new Map<DeviceId, Readd>();

  constructor(core: ClientCore, state: ConversationState, hooks: KeeperHooks) {
    this.core = core;
    this.state = state;
    this.hooks = hooks;
    this.claims = new KeyPackageClaims(core);
  }

  policy(): DirectPolicy {
    return { users: [this.core.own.user, this.state.record.peer] };
  }

  /** Whether a message can be sealed now; does what it can to make it so. */
  async ready(): Promise<boolean> {
    if (this.state.record.lostAt !== null) return false;
    if (this.state.pending) await this.resend();
    if (!this.state.group && !this.state.pending) await this.foundOrWait();
    if (this.isSelfUpdateDue()) await this.change(async () => ({}));
    return this.state.canSeal;
  }

  /** Sends a stored commit again: the same bytes, so it counts once. */
  async resend(): Promise<void> {
    const { pending } = this.state;
    if (!pending) return;
    const { id, generation, epoch, commit, welcome } = pending.record;
    const place = { conversation: this.state.id, generation, epoch, id };
    try {
      const reply = await this.core.connection.request("conversation:commit", {
        ...place,
        commit: toBase64(commit),
        ...(welcome ? { welcome: toBase64(welcome) } : {}),
      });
      const sender = { user: this.core.own.user, device: this.core.own.device };
      this.hooks.posted({ ...place, ...reply, kind: "commit", sender, number: 0, payload: toBase64(commit) });
      await this.hooks.catchUp();
    } catch (error) {
      if (!(error instanceof SottoError) || error.code === "offline" || error.code === "timeout") throw error;
      await this.hooks.catchUp();
      if (this.state.pending?.record.id === id) await this.drop();
      if (error.retryable && error.code !== "stale-epoch") throw error;
    }
  }

  /** Adds live devices that are not in the group, removes this user's own that were revoked. */
  async alignRoster(): Promise<void> {
    const { group } = this.state;
    if (!group || !this.state.canSeal) return;
    const missing = this.missing(group);
    const gone = this.goneLeaves(group);
    if (missing.length + gone.length === 0) return;
    await this.change(async () => {
      const add = await this.claims.take(this.state.id, missing.slice(0, limits.addsPerCommit));
      return add.length + gone.length > 0 ? { add: add.map((one) => one.bytes), remove: gone } : undefined;
    });
  }

  /** Whether the group is not what the device lists say: somebody is missing, or a revoked device is still there. */
  needsAlignment(): boolean {
    const { group } = this.state;
    return group !== undefined && this.missing(group).length + this.goneLeaves(group).length > 0;
  }

  /** Removes and adds another device that cannot follow, once in a while without a person's word. */
  async answerReadd(request: Readd, personAgrees = false): Promise<void> {
    const { group, record } = this.state;
    const leaf = group?.members.find((one) => one.device === request.device && one.user === request.user);
    if (!group || !leaf || !this.state.canSeal || request.generation !== group.generation) return;
    const keyPackage = fromBase64(request.keyPackage);
    if (!verifyReaddRequest({ ...request, keyPackage }, fromBase64(request.signature), leaf.deviceKey)) return;
    const last = record.readds[request.device];
    const name = toHex(keyPackageHash(keyPackage));
    if (last && (last.at > request.at || last.packages.includes(name))) return;
    if (last && !personAgrees && Date.now() - last.at < this.core.timings.readdEveryMs) {
      const { conversation, user, device } = request;
      this.held.set(device, request);
      this.core.report({ code: "readd-held", conversation, user, device });
      return;
    }
    this.held.delete(request.device);
    const packages = [...(last?.packages ?? []), name].slice(-readdPackagesKept);
    const readds = { ...record.readds, [request.device]: { at: Date.now(), packages } };
    await this.change(async () => ({ add: [keyPackage], remove: [leaf.leaf] }), { readds });
  }

  /** A person agrees to a request that was held. False where none is. */
  async letIn(device: DeviceId): Promise<boolean> {
    const request = this.held.get(device);
    if (request) await this.answerReadd(request, true);
    return request !== undefined;
  }

  private async foundOrWait(): Promise<void> {
    const summary = await this.hooks.summary();
    if (summary.generation > 0) {
      this.waitingFor = "welcome";
      return;
    }
    const { own, directory } = this.core;
    for (const user of [own.user, this.state.record.peer]) await directory.refresh(user);
    const wanted = this.liveDevices().filter(({ device }) => device !== own.device);
    const packages = wanted.length > 0 ? await this.claims.take(this.state.id, wanted) : [];
    if (!packages.some(({ user }) => user === this.state.record.peer)) {
      this.waitingFor = "recipient-device";
      return;
    }
    this.waitingFor = null;
    const place = { conversation: this.state.id, generation: 1, suite: suites.default };
    const alone = await this.core.engine.createGroup(own.identity(), place);
    await this.prepare(alone, { add: packages.map((one) => one.bytes) }, [own.device]);
    await this.resend();
  }

  /** One commit on the group as it is; `wanted` answers what to change, or undefined for nothing. */
  private async change(
    wanted: () => Promise<CommitChanges | undefined>,
    record: Partial<ConversationState["record"]> = {},
  ): Promise<void> {
    const changes = await wanted();
    const { group } = this.state;
    if (!changes || !group || !this.state.canSeal) return;
    await this.prepare(group, changes, [], record);
    await this.resend();
  }

  private prepare(
    group: Group,
    changes: CommitChanges,
    founder: DeviceId[],
    record: Partial<ConversationState["record"]> = {},
  ): Promise<void> {
    return this.state.queue.run(async () => {
      if (this.state.pending || (this.state.group && this.state.group.epoch !== group.epoch)) return;
      const prepared = await this.core.engine.prepareCommit(this.state.group ?? group, changes, { now: Date.now() });
      const before = new Map(group.members.map((one) => [one.leaf, one.device]));
      const removed = (changes.remove ?? []).flatMap((leaf) => before.get(leaf) ?? []);
      const stayed = new Set(
        [...before].filter(([leaf]) => !changes.remove?.includes(leaf)).map(([, device]) => device),
      );
      const added = prepared.next.members.map((one) => one.device).filter((device) => !stayed.has(device));
      const pending = this.state.pend(prepared, newId<MessageId>(), {
        generation: group.generation,
        epoch: group.epoch,
        added: [...founder, ...added],
        removed,
      });
      await this.state.commit({ pending, record });
    });
  }

  private drop(): Promise<void> {
    return this.state.queue.run(() => this.state.commit({ pending: null }));
  }

  private isSelfUpdateDue(): boolean {
    const { mustSelfUpdate, selfUpdatedAt } = this.state.record;
    if (!this.state.canSeal) return false;
    return mustSelfUpdate || Date.now() - selfUpdatedAt > this.core.timings.selfUpdateAfterMs;
  }

  private liveDevices(): { user: UserId; device: DeviceId }[] {
    const users = [this.core.own.user, this.state.record.peer];
    return users.flatMap((user) => this.core.directory.liveDevices(user).map((device) => ({ user, device })));
  }

  private missing(group: Group): { user: UserId; device: DeviceId }[] {
    const present = new Set(group.members.map((one) => one.device));
    return this.liveDevices().filter(({ device }) => !present.has(device));
  }

  private goneLeaves(group: Group): number[] {
    const list = this.core.directory.get(this.core.own.user);
    return group.members
      .filter((one) => list?.devices.get(one.device)?.revokedVersion !== undefined && one.user === this.core.own.user)
      .map((one) => one.leaf);
  }
}
