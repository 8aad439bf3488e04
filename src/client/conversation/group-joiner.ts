/**
 * How this device gets into a group that others keep: by a Welcome, at first or again when it cannot follow any more.
 *
 *   no group ──(Welcome)──▶ member ──(cannot follow)──▶ lost ──(asks; Welcome)──▶ member
 *                             └──(Welcome of the next generation, by whom and with whom it may be)──▶ member
 */
import type { ConversationPolicy, Group, GroupMember, KeyPackagePair } from "../../crypto/group-engine.ts";
import { policyOfGeneration, requireGenerationAllowed } from "../../identity/generation-rules.ts";
import { isSamePolicy } from "../../identity/group-policy.ts";
import { equalBytes } from "../../identity/equal-bytes.ts";
import { fromBase64, toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { UserId } from "../../protocol/ids.ts";
import { limits, suites } from "../../protocol/limits.ts";
import type { ConversationSummary, InboxEntry } from "../../protocol/requests.ts";
import type { ClientCore } from "../core.ts";
import type { ConversationRecord } from "../records.ts";
import type { ConversationState } from "./conversation-state.ts";
import type { LastSent, Resumption } from "./outbox-resumption.ts";
import { epochEndsAfter } from "./log-batch.ts";
import { addRange, rangesUpTo } from "./sequence-ranges.ts";

type Welcome = Extract<InboxEntry, { kind: "welcome" }>;

export interface JoinerHooks {
  policy(): ConversationPolicy;
  summary(): Promise<ConversationSummary>;
  catchUp(): Promise<void>;
  /** How the outbox goes on from the last number and id that the node knows of this device. */
  resume(last: LastSent): Resumption;
  /** Resolves when everything that has arrived is stored. */
  settled(): Promise<void>;
  /** The group is there, or there again. */
  joined(): Promise<void>;
}

export class GroupJoiner {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly hooks: JoinerHooks;
  private asking: Promise<void> | undefined;

  constructor(core: ClientCore, state: ConversationState, hooks: JoinerHooks) {
    this.core = core;
    this.state = state;
    this.hooks = hooks;
  }

  /**
   * Joins by a Welcome. One for a group already held is taken only at a later epoch, and after this device asked; or where the node
   * shows it the log from there on alone: then the user is told that something is missing; or where it is the founding of a later
   * generation that this device can go along with.
   */
  async join(welcome: Welcome): Promise<void> {
    const held = this.state.group;
    const isCutOff = held !== undefined && (await this.isCutOff(welcome));
    const { record } = this.state;
    const began = Math.max(record.joinedSequence, record.beganSequence);
    const succeeds = held !== undefined && record.left === null && welcome.generation > held.generation;
    if (welcome.generation <= record.refusedGeneration) return;
    if (held && !succeeds && ((this.state.isMember && !isCutOff) || welcome.sequence <= began)) return;
    if (welcome.sequence < Math.max(began, record.left?.sequence ?? 0)) return;
    const joined = await this.joinBy(welcome);
    if (!joined) return;
    const { group, pair } = joined;
    if (group.conversation !== this.state.id || group.generation !== welcome.generation) return;
    if (held && held.generation === group.generation && group.epoch <= held.epoch) return;
    const isFounding = group.epoch === 1 && succeeds && !isCutOff;
    if (succeeds && !isFounding && !isCutOff && this.state.isMember) return;
    await this.learnUsers(group, isFounding);
    if (!this.hasKnownKeys(group)) return;
    if (isFounding && !(await this.isReadUpTo(welcome))) return;
    if (isFounding && !(await this.goesAlong(welcome, group))) return;
    const { id: conversation, record: before } = this.state;
    const reason = before.unfollowed ? "commit-invalid" : "state-lost";
    await this.adoptJoin(welcome, group, pair);
    if (isCutOff) this.core.report({ code: "messages-missing", conversation, sequence: before.position + 1 });
    const isLater = record.left === null && record.generation > 0 && group.generation > record.generation;
    if (isLater) this.tellOfGeneration(group, reason);
  }

  /** Its user was removed and added again while this device was away: what it was in before is not to be read any more. */
  private async isCutOff(welcome: Welcome): Promise<boolean> {
    await this.hooks.settled();
    if (!this.state.isGroup || !this.state.isMember || welcome.sequence <= this.state.record.position) return false;
    const { joinedSequence } = await this.hooks.summary();
    return joinedSequence === welcome.sequence;
  }

  /**
   * Asks to be removed and added, under a fresh key package; once, whoever finds at the same time that it must. `summary`: what the
   * node was known to hold of this device when it found that. Throws `stale-epoch` where it was added again since.
   */
  askForReadd(summary?: ConversationSummary): Promise<void> {
    this.asking ??= this.ask(summary).finally(() => (this.asking = undefined));
    return this.asking;
  }

  private async ask(summary?: ConversationSummary): Promise<void> {
    const { refusedGeneration } = this.state.record;
    const generation = Math.max(this.state.record.generation, summary?.generation ?? 0);
    if (generation > 0 && generation <= refusedGeneration) return;
    const pair = await this.core.supply.make(this.state.record.suite);
    const request = {
      conversation: this.state.id,
      generation: Math.max(generation, 1),
      epoch: this.state.group?.epoch ?? 0,
      keyPackage: pair.publicBytes,
      device: this.core.own.device,
    };
    const joinedSequence = Math.max(this.state.record.joinedSequence, summary?.joinedSequence ?? 0);
    await this.core.connection.request("readd:request", {
      conversation: request.conversation,
      generation: request.generation,
      epoch: request.epoch,
      ...(joinedSequence > 0 && { joinedSequence }),
      keyPackage: toBase64(pair.publicBytes),
      signature: toBase64(this.core.own.signReaddRequest(request)),
    });
  }

  private async joinBy(welcome: Welcome): Promise<{ group: Group; pair: KeyPackagePair } | undefined> {
    const bytes = fromBase64(welcome.welcome);
    const { engine, own, supply } = this.core;
    const pair = await engine.findPair(bytes, await supply.pairs());
    if (!pair) return undefined;
    try {
      return { group: await engine.joinGroup(own.identity(), bytes, pair, this.hooks.policy()), pair };
    } catch (error) {
      if (!(error instanceof SottoError)) throw error;
      return undefined;
    }
  }

  /** What was sent before a founding is read before it; a device that cannot follow reads as far as it can. */
  private async isReadUpTo({ sequence }: Welcome): Promise<boolean> {
    await this.hooks.catchUp();
    const { position, left } = this.state.record;
    return left === null && (!this.state.isMember || position >= sequence - 1);
  }

  /**
   * Whether a generation is by whom and with whom it may be, by the last state held here, and has no device but live ones. One that
   * is not is reported, and this device stays where it is. Where it was lost before, what it holds is not the last state of the
   * group: it asks to be added by those who have gone along.
   */
  private async goesAlong({ sequence }: Welcome, group: Group): Promise<boolean> {
    const founder = group.members[0]!;
    try {
      this.requireSucceeding(this.state.group!, group);
      return true;
    } catch (error) {
      if (!(error instanceof SottoError)) throw error;
      if (this.state.record.position < sequence - 1) {
        await this.askForReadd(await this.hooks.summary()).catch((refusal: unknown) => {
          if (!(refusal instanceof SottoError)) throw refusal;
        });
        return false;
      }
      const { user, device } = founder;
      this.core.report({ code: "generation-refused", conversation: this.state.id, user, device });
      await this.state.queue.run(() => {
        const lostAt = this.state.record.lostAt ?? Date.now();
        return this.state.commit({ record: { lostAt, refusedGeneration: group.generation }, pending: null });
      });
      return false;
    }
  }

  private requireSucceeding(held: Group, group: Group): void {
    const { directory } = this.core;
    const { leavers } = this.state.record;
    const isLive = ({ user, device }: Pick<GroupMember, "user" | "device">): boolean =>
      directory.liveDevices(user).includes(device);
    const members = held.members
      .filter(({ user }) => !leavers.includes(user))
      .map(({ user, device }) => ({ user, device, isLive: isLive({ user, device }) }));
    const before = { policy: held.policy, members };
    const generation = { before, founder: group.members[0]!.user, roster: group.members };
    requireGenerationAllowed(generation);
    const isSame = group.suite === held.suite && isSamePolicy(group.policy, policyOfGeneration(generation));
    if (!isSame || group.members[0]!.leaf !== 0 || !group.members.every(isLive)) throw new SottoError("commit-invalid");
  }

  /** By whom, where this device was there from the beginning. */
  private tellOfGeneration({ epoch, members }: Group, reason: "commit-invalid" | "state-lost"): void {
    const { user, device } = members[0]!;
    const { beganSequence: sequence } = this.state.record;
    const founder = epoch === 1 ? { user, device } : {};
    this.core.report({ code: "new-generation", conversation: this.state.id, sequence, ...founder, reason });
  }

  /** The device lists of whoever this device meets in the group for the first time; of a direct's other side, or of `all`, anew. */
  private async learnUsers(group: Group, all: boolean): Promise<void> {
    const { peer } = this.state.record;
    const held = all ? (this.state.group?.members ?? []) : [];
    const users = new Set([...held, ...group.members].map(({ user }) => user));
    await this.learn([...users].filter((user) => all || user === peer || !this.core.directory.get(user)));
  }

  /** Who has left since this device was added is none of its contacts any more, and needs no list: the half without is asked for anew. */
  private async learn(users: readonly UserId[]): Promise<void> {
    try {
      await this.core.directory.refreshAll(users);
    } catch (error) {
      if (!(error instanceof SottoError) || error.code !== "forbidden") throw error;
      if (users.length < 2) return;
      const middle = users.length >> 1;
      await this.learn(users.slice(0, middle));
      await this.learn(users.slice(middle));
    }
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
    const { lastNumber, lastId, joinedSequence } = await this.hooks.summary();
    const rejoined = this.state.record.joinedSequence > 0 && this.state.record.left === null;
    const held = this.state.group;
    const succeeds = rejoined && group.generation > this.state.record.generation;
    const forgotten = this.core.supply.forget(pair);
    await this.state.queue.run(async () => {
      const { record } = this.state;
      const resumption = this.hooks.resume({ lastNumber, lastId });
      const skipped = welcome.sequence - 1;
      const known = rejoined ? rangesUpTo(record.unopened, skipped) : record.unopened;
      const unopened =
        rejoined && skipped > record.position
          ? addRange(known, record.position + 1, skipped, limits.unopenedRanges)
          : known;
      await this.state.commit(
        {
          group,
          pending: null,
          record: {
            generation: welcome.generation,
            // Who was in the generation before is where it was.
            joinedSequence: succeeds ? Math.max(record.joinedSequence, joinedSequence ?? 0) : welcome.sequence,
            beganSequence: welcome.sequence,
            position: skipped,
            positionHash: null,
            logHash: null,
            rosterEpoch: group.epoch,
            epochEnds: succeeds ? epochEndsAfter(record) : [],
            departures:
              succeeds && held ? departuresFrom(held, group, record.departures, welcome.sequence) : record.departures,
            senders: {},
            unopened,
            readSequence: rejoined ? record.readSequence : Math.max(record.readSequence, skipped),
            lostAt: null,
            unfollowed: null,
            succeededBy: 0,
            left: null,
            leavers: [],
            suite: group.suite === suites.large ? suites.large : suites.default,
            selfUpdatedAt: Date.now(),
            mustSelfUpdate: pair.lastResort,
            ...resumption.record,
          },
        },
        [...forgotten, ...resumption.changes],
      );
      resumption.apply();
    });
    await this.hooks.joined();
  }
}

/** Where the log of devices ends that a new generation is without. */
function departuresFrom(
  before: Group,
  after: Group,
  departures: ConversationRecord["departures"],
  sequence: number,
): ConversationRecord["departures"] {
  const present = new Set(after.members.map(({ device }) => device));
  const gone = before.members.filter(({ device }) => !present.has(device));
  return { ...departures, ...Object.fromEntries(gone.map(({ device }) => [device, sequence])) };
}
