/**
 * How this device gets into a group that others keep: by a Welcome, at first or again when it cannot follow any more.
 *
 *   no group ──(Welcome)──▶ member ──(cannot follow)──▶ lost ──(asks; Welcome)──▶ member
 *                             └──(Welcome of the next generation, by whom and with whom it may be)──▶ member
 */
import type { ConversationPolicy, Group, KeyPackagePair } from "../../crypto/group-engine.ts";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import { fromBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { UserId } from "../../protocol/ids.ts";
import { limits, suites } from "../../protocol/limits.ts";
import type { InboxEntry } from "../../protocol/requests.ts";
import type { ClientCore } from "../core.ts";
import type { ConversationRecord } from "../records.ts";
import type { ConversationState } from "./conversation-state.ts";
import { GenerationJoining, type GenerationHooks } from "./generation-joining.ts";
import type { LastSent, Resumption } from "./outbox-resumption.ts";
import { epochEndsAfter } from "./log-batch.ts";
import { addRange, rangesUpTo } from "./sequence-ranges.ts";

type Welcome = Extract<InboxEntry, { kind: "welcome" }>;

export interface JoinerHooks extends GenerationHooks {
  policy(): ConversationPolicy;
  /** How the outbox goes on from the last number and id that the node knows of this device. */
  resume(last: LastSent): Promise<Resumption>;
  /** Resolves when everything that has arrived is stored. */
  settled(): Promise<void>;
  /** Sends a commit of this device's that waits for the log again. */
  settlePending(): Promise<unknown>;
  /** The group is there, or there again. */
  joined(): Promise<void>;
}

export class GroupJoiner {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly hooks: JoinerHooks;
  private readonly generations: GenerationJoining;

  constructor(core: ClientCore, state: ConversationState, hooks: JoinerHooks) {
    this.core = core;
    this.state = state;
    this.hooks = hooks;
    this.generations = new GenerationJoining(core, state, hooks);
  }

  /**
   * Joins by a Welcome. One for a group already held is taken only at a later epoch, and after this device asked; or where the node
   * shows it the log from there on alone: then the user is told that something is missing; or where it is the founding of a later
   * generation that this device can go along with.
   */
  async join(welcome: Welcome): Promise<void> {
    // What this device founds may be in the log already, and then comes after this.
    if (this.state.founds) await this.hooks.settlePending();
    const held = this.state.group;
    const isCutOff = held !== undefined && (await this.isCutOff(welcome));
    const { record } = this.state;
    const began = Math.max(record.joinedSequence, record.beganSequence);
    const succeeds = held !== undefined && record.left === null && welcome.generation > held.generation;
    if (welcome.generation <= record.refusedGeneration) return;
    if (held && !succeeds && ((this.state.isMember && !isCutOff) || welcome.sequence <= began)) return;
    // Where this device was never in it, where its user's part ended is the node's word alone: no Welcome is measured by that.
    const ended = record.joinedSequence > 0 ? (record.left?.sequence ?? 0) : 0;
    if (welcome.sequence < Math.max(began, ended)) return;
    const joined = await this.joinBy(welcome);
    if (!joined) return;
    const { group, pair } = joined;
    if (group.conversation !== this.state.id || group.generation !== welcome.generation) return;
    if (held && held.generation === group.generation && group.epoch <= held.epoch) return;
    const isFounding = group.epoch === 1 && succeeds && !isCutOff;
    if (succeeds && !isFounding && !isCutOff && this.state.isMember) return;
    await this.learnUsers(group, isFounding);
    if (!this.hasKnownKeys(group)) return;
    if (isFounding && !(await this.generations.isReadUpTo(welcome))) return;
    if (isFounding && !(await this.generations.goesAlong(welcome, group))) return;
    const { id: conversation, record: before } = this.state;
    const lost = before.unfollowed ? "commit-invalid" : "state-lost";
    const reason = held && hasStartedOver(held, group.members[0]!) ? "started-over" : lost;
    await this.adoptJoin(welcome, group, pair);
    if (isCutOff) this.core.report({ code: "messages-missing", conversation, sequence: before.position + 1 });
    const isLater = record.left === null && record.generation > 0 && group.generation > record.generation;
    if (isLater) this.generations.tell(group, reason);
  }

  /** Its user was removed and added again while this device was away: what it was in before is not to be read any more. */
  private async isCutOff(welcome: Welcome): Promise<boolean> {
    await this.hooks.settled();
    if (!this.state.isGroup || !this.state.isMember || welcome.sequence <= this.state.record.position) return false;
    const { joinedSequence } = await this.hooks.summary();
    return joinedSequence === welcome.sequence;
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

  /**
   * The device lists of whoever this device meets in the group for the first time; anew of a direct's other side, of who is there under
   * another account key, or of `all`.
   */
  private async learnUsers(group: Group, all: boolean): Promise<void> {
    const { peer } = this.state.record;
    const held = all ? (this.state.group?.members ?? []) : [];
    const users = new Set([...held, ...group.members].map(({ user }) => user));
    const { directory } = this.core;
    const strange = new Set(group.members.filter((one) => !directory.accountsFor(one)).map(({ user }) => user));
    await this.learn([...users].filter((user) => all || user === peer || !directory.get(user) || strange.has(user)));
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
    const { own, directory } = this.core;
    for (const member of group.members) {
      const isOwn = member.user === own.user && own.accountKey !== null;
      if (isOwn ? equalBytes(own.accountKey, member.accountKey) : directory.accountsFor(member)) continue;
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
      const resumption = await this.hooks.resume({ lastNumber, lastId });
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
            ...(rejoined ? {} : { historyBegins: null }),
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

/** Whether this member's user was in the group under another account key. */
function hasStartedOver(before: Group, { user, accountKey }: Group["members"][number]): boolean {
  return before.members.some((member) => member.user === user && !equalBytes(member.accountKey, accountKey));
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
