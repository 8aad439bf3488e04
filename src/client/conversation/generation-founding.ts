/**
 * Founds the next generation of a conversation whose group this device cannot follow any more, when nobody has added it again for a
 * while and it may. Of several who may, each waits longer than the one before it in the tree; the node takes one.
 *
 *   lost ──(patience; entitled; nobody else has)──▶ pending ──(in the log)──▶ member
 *     └──(Welcome, again or of a generation that somebody else founds)──▶ member
 */
import type { Group } from "../../crypto/group-engine.ts";
import { foundersOf, policyOfGeneration, requireGenerationAllowed } from "../../identity/generation-rules.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { DeviceId, UserId } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { ConversationSummary } from "../../protocol/requests.ts";
import { delay } from "../async/waiting.ts";
import { reportFailure, type ClientCore } from "../core.ts";
import { KeyPackageClaims } from "../device/key-package-claims.ts";
import type { ConversationState } from "./conversation-state.ts";
import type { GroupChanges } from "./group-changes.ts";
import type { LastSent, Resumption } from "./outbox-resumption.ts";

export interface FoundingParts {
  changes: GroupChanges;
  catchUp(): Promise<void>;
  summary(): Promise<ConversationSummary>;
  /** How the outbox goes on from the last number and id that the node knows of this device. */
  resume(last: LastSent): Promise<Resumption>;
}

type Device = { user: UserId; device: DeviceId };

/** Who is in turn later waits no longer than this many turns. */
const turnsAtMost = 8;
/** In a group, a device that was lost for no commit of anybody's is most likely the only one: the others come back to add it. */
const patienceOfLoneDevices = 10;
/** Each pause is twice the last, up to so many times the first. */
const longestPause = 32;

export class GenerationFounding {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly parts: FoundingParts;
  private readonly claims: KeyPackageClaims;
  private running = false;

  constructor(core: ClientCore, state: ConversationState, parts: FoundingParts) {
    this.core = core;
    this.state = state;
    this.parts = parts;
    this.claims = new KeyPackageClaims(core);
  }

  /** This device is lost. Waits, tries, and ends when it is not lost any more. */
  wake(): void {
    if (this.running || !this.isLost || !this.mayEver) return;
    this.running = true;
    void this.run().finally(() => (this.running = false));
  }

  private get isLost(): boolean {
    return this.state.record.lostAt !== null && this.state.record.left === null;
  }

  /** Of a group that it does not hold, a device knows neither roles nor members. */
  private get mayEver(): boolean {
    return !this.state.isGroup || this.state.group !== undefined;
  }

  private async run(): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      await delay(this.patienceMs(attempt), this.core.closing).catch(() => undefined);
      if (this.core.closing.aborted || !this.isLost) return;
      if (this.core.connection.state !== "online") continue;
      try {
        await this.attempt();
      } catch (error) {
        if (!(error instanceof SottoError) || !error.retryable) reportFailure(this.core, error);
      }
    }
  }

  private patienceMs(attempt: number): number {
    const { group, record } = this.state;
    const founders = group ? this.foundersIn(group) : [];
    const turn = (group?.members ?? [])
      .filter(({ user }) => founders.includes(user))
      .findIndex(({ device }) => device === this.core.own.device);
    const alone = this.state.isGroup && !record.unfollowed ? patienceOfLoneDevices : 1;
    const turns = 1 + Math.min(Math.max(turn, 0), turnsAtMost) / 2 + Math.random() / 4;
    return this.core.timings.generationPatienceMs * alone * turns * Math.min(2 ** attempt, longestPause);
  }

  private foundersIn(group: Group): UserId[] {
    return foundersOf({ policy: group.policy, members: this.membersOf(group) });
  }

  private membersOf(group: Group): (Device & { isLive: boolean })[] {
    const { leavers } = this.state.record;
    return group.members
      .filter(({ user }) => !leavers.includes(user))
      .map(({ user, device }) => ({ user, device, isLive: this.isLive({ user, device }) }));
  }

  private isLive({ user, device }: Device): boolean {
    return this.core.directory.liveDevices(user).includes(device);
  }

  private async attempt(): Promise<void> {
    if (this.state.pending) {
      await this.parts.changes.resend();
      return;
    }
    await this.parts.catchUp();
    const summary = await this.parts.summary();
    const { group, record } = this.state;
    // Somebody else has founded it: this device is to be welcomed there.
    const settled = Math.max(record.generation, record.refusedGeneration, 1);
    if (!this.isLost || this.state.pending || summary.generation > settled) return;
    const users = group ? this.usersIn(group, summary) : this.pair();
    await this.learn(users);
    if (group && !this.foundersIn(group).includes(this.core.own.user)) return;
    await this.found(summary, users);
  }

  private async found(summary: ConversationSummary, users: readonly UserId[]): Promise<void> {
    const { own, engine } = this.core;
    const { group, isGroup, id: conversation } = this.state;
    const { suite, unfollowed } = this.state.record;
    const wanted = this.rosterOf(users).filter(({ device }) => device !== own.device);
    const claim = { conversation, suite, isGroup };
    const packages = await this.claims.take(claim, wanted.slice(0, limits.addsPerCommit));
    const before = { policy: group?.policy, members: group ? this.membersOf(group) : [] };
    const generation = { before, founder: own.user, roster: [{ user: own.user }, ...packages] };
    if (group) requireGenerationAllowed(generation);
    else if (!packages.some(({ user }) => user === this.state.record.peer)) return;
    const place = { conversation, generation: summary.generation + 1, suite };
    const alone = await engine.createGroup(own.identity(), place, policyOfGeneration(generation));
    if (!unfollowed) await this.resume(summary);
    const left = isGroup ? users.filter((user) => !generation.roster.some((one) => one.user === user)) : [];
    await this.parts.changes.found(
      alone,
      { add: packages.map(({ bytes }) => bytes) },
      { lostAt: null, unfollowed: null, succeededBy: 0, leavers: [], invited: [...this.state.record.invited, ...left] },
    );
  }

  /** A device that went on from an older state numbers its messages as the node has them. One that is not lost any more knows better. */
  private resume({ lastNumber, lastId }: ConversationSummary): Promise<void> {
    return this.state.queue.run(async () => {
      if (!this.isLost) return;
      const resumption = await this.parts.resume({ lastNumber, lastId });
      await this.state.commit({ record: resumption.record }, resumption.changes);
      resumption.apply();
    });
  }

  private usersIn(group: Group, { users }: ConversationSummary): UserId[] {
    const { leavers } = this.state.record;
    const held = new Set(group.members.map(({ user }) => user));
    return [...held].filter((user) => users.includes(user) && !leavers.includes(user));
  }

  private pair(): UserId[] {
    const { peer } = this.state.record;
    return peer === null ? [] : [this.core.own.user, peer];
  }

  /** Of a direct, all live devices of both; of a group, those that were in it, and of who has started over since, those of now. */
  private rosterOf(users: readonly UserId[]): Device[] {
    const { group, isGroup } = this.state;
    const liveOf = (user: UserId): Device[] =>
      this.core.directory.liveDevices(user).map((device) => ({ user, device }));
    if (!isGroup) return this.pair().flatMap(liveOf);
    const present = (group?.members ?? []).filter((one) => users.includes(one.user) && this.isLive(one));
    const without = users.filter((user) => !present.some((one) => one.user === user));
    return [...present, ...without.flatMap(liveOf)];
  }

  private async learn(users: readonly UserId[]): Promise<void> {
    const inGroup = this.state.isGroup ? this.state.id : undefined;
    for (const user of users) await this.core.directory.refresh(user, inGroup);
  }
}
