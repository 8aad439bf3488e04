/**
 * Keeps the group of a conversation what it should be: founded when there is somebody to talk to, made of all live devices
 * of its users, updated now and then, and joined again by a device that lost its way.
 *
 *   no group ──(peer has a device: found)──▶ pending ──(in the log)──▶ member ──(cannot follow)──▶ lost
 *      └───────────────(Welcome)───────────────────────────────────────▶ member ◀──(Welcome)────────┘
 *
 * Every change of the group is one commit: prepared, stored with its exact bytes, sent, adopted when the log has it. The
 * node takes one commit per epoch; a loser drops its own, follows the log and looks again.
 */
import type { CommitChanges, DirectPolicy, Group, KeyPackagePair } from "../../crypto/group-engine.ts";
import { equalBytes } from "../../identity/equal-bytes.ts";
import { inspectKeyPackage } from "../../identity/handshake.ts";
import { verifyReaddRequest } from "../../identity/readd.ts";
import { fromBase64, toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import { newId, type DeviceId, type MessageId, type UserId } from "../../protocol/ids.ts";
import { limits, suites } from "../../protocol/limits.ts";
import type { LogEntry } from "../../protocol/log-entry.ts";
import type { ConversationSummary, InboxEntry } from "../../protocol/requests.ts";
import type { ClientCore } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";
import { addRange } from "./sequence-ranges.ts";
import type { RecordChange } from "../stores/client-store.ts";

type Welcome = Extract<InboxEntry, { kind: "welcome" }>;
type Readd = Extract<InboxEntry, { kind: "readd" }>;

export interface KeeperHooks {
  posted(entry: LogEntry): void;
  catchUp(): Promise<void>;
  summary(): Promise<ConversationSummary>;
  /** The group is there, or there again. */
  joined(lastNumber: number): Promise<void>;
}

export class GroupKeeper {
  /** Why messages wait, for people: null when they do not. */
  waitingFor: "recipient-device" | "welcome" | null = null;
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly hooks: KeeperHooks;

  constructor(core: ClientCore, state: ConversationState, hooks: KeeperHooks) {
    this.core = core;
    this.state = state;
    this.hooks = hooks;
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
      const add = await this.claim(missing.slice(0, limits.addsPerCommit));
      return add.length + gone.length > 0 ? { add: add.map((one) => one.bytes), remove: gone } : undefined;
    });
  }

  /** Whether the peer's user has devices that nobody added yet. */
  hasMissingDevices(): boolean {
    return this.state.group !== undefined && this.missing(this.state.group).length > 0;
  }

  /** Joins by a Welcome. One for a group already held is taken only after this device asked, and at a later epoch. */
  async join(welcome: Welcome): Promise<void> {
    const { record } = this.state;
    const held = this.state.group;
    if (welcome.sequence <= record.joinedSequence) return;
    if (held && record.lostAt === null) return;
    const joined = await this.tryPairs(welcome);
    if (!joined) return;
    const { group, pair } = joined;
    if (group.conversation !== this.state.id || group.generation !== welcome.generation) return;
    if (held && held.generation === group.generation && group.epoch <= held.epoch) return;
    await this.core.directory.refresh(record.peer);
    if (!this.hasKnownKeys(group)) return;
    await this.adoptJoin(welcome, group, pair);
    this.waitingFor = null;
  }

  /** Asks to be removed and added, under a fresh key package. */
  async askForReadd(): Promise<void> {
    const { generation } = this.state.record;
    const pair = await this.core.supply.make(suites.default);
    const request = {
      conversation: this.state.id,
      generation: Math.max(generation, 1),
      epoch: this.state.group?.epoch ?? 0,
      keyPackage: pair.publicBytes,
      device: this.core.own.device,
    };
    await this.core.connection.request("readd:request", {
      conversation: request.conversation,
      generation: request.generation,
      epoch: request.epoch,
      keyPackage: toBase64(pair.publicBytes),
      signature: toBase64(this.core.own.signReaddRequest(request)),
    });
    this.waitingFor = "welcome";
  }

  /** Removes and adds another device that cannot follow, once in a while without a person's word. */
  async answerReadd(request: Readd): Promise<void> {
    const { group, record } = this.state;
    const leaf = group?.members.find((one) => one.device === request.device && one.user === request.user);
    if (!group || !leaf || !this.state.canSeal || request.generation !== group.generation) return;
    const keyPackage = fromBase64(request.keyPackage);
    if (!verifyReaddRequest({ ...request, keyPackage }, fromBase64(request.signature), leaf.deviceKey)) return;
    const last = record.readds[request.device];
    if (last !== undefined && last > request.at) return;
    if (last !== undefined && request.at - last < this.core.timings.readdEveryMs) {
      const { conversation, user, device } = request;
      this.core.report({ code: "readd-held", conversation, user, device });
      return;
    }
    const readds = { ...record.readds, [request.device]: Date.now() };
    await this.change(async () => ({ add: [keyPackage], remove: [leaf.leaf] }), { readds });
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
    const packages = wanted.length > 0 ? await this.claim(wanted) : [];
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

  /** One key package of each device, as far as there is one. What is not that device's own is reported and left out. */
  private async claim(devices: { user: UserId; device: DeviceId }[]): Promise<{ user: UserId; bytes: Uint8Array }[]> {
    if (devices.length === 0) return [];
    const { packages } = await this.core.connection.request("keypackages:claim", { suite: suites.default, devices });
    const claimed: { user: UserId; bytes: Uint8Array }[] = [];
    for (const { user, device } of devices) {
      const found = packages.find((one) => one.device === device && one.user === user);
      if (!found) continue;
      const bytes = fromBase64(found.keyPackage);
      if (await this.isOwnPackage(user, device, bytes)) claimed.push({ user, bytes });
      else this.core.report({ code: "key-package-invalid", conversation: this.state.id, user, device });
    }
    return claimed;
  }

  /** Whether a key package is by the very device that the user's pinned list names: the node could hand out one of its own. */
  private async isOwnPackage(user: UserId, device: DeviceId, bytes: Uint8Array): Promise<boolean> {
    const list = this.core.directory.get(user);
    const listed = list?.devices.get(device);
    const inspected = await inspectKeyPackage(bytes).catch(() => undefined);
    if (!list || !listed || !inspected || inspected.suite !== suites.default) return false;
    const { credential, deviceKey } = inspected;
    return (
      credential.user === user &&
      credential.device === device &&
      equalBytes(credential.accountKey, list.accountKey) &&
      equalBytes(deviceKey, listed.deviceKey)
    );
  }

  private async tryPairs(welcome: Welcome): Promise<{ group: Group; pair: KeyPackagePair } | undefined> {
    const bytes = fromBase64(welcome.welcome);
    for (const pair of await this.core.supply.pairs()) {
      try {
        const group = await this.core.engine.joinGroup(this.core.own.identity(), bytes, pair, this.policy());
        return { group, pair };
      } catch (error) {
        if (!(error instanceof SottoError)) throw error;
      }
    }
    return undefined;
  }

  /** A Welcome whose members carry other account keys than those pinned is not taken, and reported. */
  private hasKnownKeys(group: Group): boolean {
    for (const member of group.members) {
      const pinned =
        member.user === this.core.own.user
          ? this.core.own.accountKey
          : this.core.directory.get(member.user)?.accountKey;
      if (!pinned || equalBytes(pinned, member.accountKey)) continue;
      this.core.report({ code: "identity-changed", conversation: this.state.id, user: member.user });
      return false;
    }
    return true;
  }

  private async adoptJoin(welcome: Welcome, group: Group, pair: KeyPackagePair): Promise<void> {
    const { lastNumber } = await this.hooks.summary();
    const rejoined = this.state.record.joinedSequence > 0;
    const changes: RecordChange[] = this.core.supply.forget(pair);
    await this.state.queue.run(async () => {
      const { record } = this.state;
      const skipped = welcome.sequence - 1;
      const unopened =
        rejoined && skipped > record.position
          ? addRange(record.unopened, record.position + 1, skipped, limits.unopenedRanges)
          : record.unopened;
      await this.state.commit(
        {
          group,
          pending: null,
          record: {
            generation: welcome.generation,
            joinedSequence: welcome.sequence,
            position: skipped,
            positionHash: null,
            logHash: null,
            rosterEpoch: group.epoch,
            joins: { ...record.joins, [this.core.own.device]: welcome.sequence },
            senders: {},
            unopened,
            lostAt: null,
            selfUpdatedAt: Date.now(),
            mustSelfUpdate: pair.lastResort,
          },
        },
        changes,
      );
    });
    await this.hooks.joined(rejoined ? lastNumber : 0);
  }
}
