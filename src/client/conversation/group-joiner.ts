/**
 * How this device gets into a group that others keep: by a Welcome, at first or again when it cannot follow any more.
 *
 *   no group ──(Welcome)──▶ member ──(cannot follow)──▶ lost ──(asks; Welcome)──▶ member
 */
import type { ConversationPolicy, Group, KeyPackagePair } from "../../crypto/group-engine.ts";
import { equalBytes } from "../../identity/equal-bytes.ts";
import { fromBase64, toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { UserId } from "../../protocol/ids.ts";
import { limits, suites } from "../../protocol/limits.ts";
import type { ConversationSummary, InboxEntry } from "../../protocol/requests.ts";
import type { ClientCore } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";
import type { LastSent, Resumption } from "./outbox-resumption.ts";
import { addRange } from "./sequence-ranges.ts";

type Welcome = Extract<InboxEntry, { kind: "welcome" }>;

export interface JoinerHooks {
  policy(): ConversationPolicy;
  summary(): Promise<ConversationSummary>;
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
   * Joins by a Welcome. One for a group already held is taken only at a later epoch, and after this device asked, or where the node
   * shows it the log from there on alone: then the user is told that something is missing.
   */
  async join(welcome: Welcome): Promise<void> {
    const held = this.state.group;
    const isCutOff = held !== undefined && (await this.isCutOff(welcome));
    const { record } = this.state;
    if (held && ((this.state.isMember && !isCutOff) || welcome.sequence <= record.joinedSequence)) return;
    if (welcome.sequence < Math.max(record.joinedSequence, record.left?.sequence ?? 0)) return;
    const joined = await this.joinBy(welcome);
    if (!joined) return;
    const { group, pair } = joined;
    if (group.conversation !== this.state.id || group.generation !== welcome.generation) return;
    if (held && held.generation === group.generation && group.epoch <= held.epoch) return;
    await this.learnUsers(group);
    if (!this.hasKnownKeys(group)) return;
    const { id: conversation, record: before } = this.state;
    await this.adoptJoin(welcome, group, pair);
    if (isCutOff) this.core.report({ code: "messages-missing", conversation, sequence: before.position + 1 });
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
    const { generation } = this.state.record;
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

  /** The device lists of whoever this device meets in the group for the first time; of a direct's other side, anew. */
  private async learnUsers(group: Group): Promise<void> {
    const { peer } = this.state.record;
    const users = new Set(group.members.map(({ user }) => user));
    const unknown = [...users].filter((user) => user === peer || !this.core.directory.get(user));
    await this.learn(unknown);
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
    const { lastNumber, lastId } = await this.hooks.summary();
    const rejoined = this.state.record.joinedSequence > 0 && this.state.record.left === null;
    const forgotten = this.core.supply.forget(pair);
    await this.state.queue.run(async () => {
      const { record } = this.state;
      const resumption = this.hooks.resume({ lastNumber, lastId });
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
            epochEnds: [],
            senders: {},
            unopened,
            readSequence: rejoined ? record.readSequence : Math.max(record.readSequence, skipped),
            lostAt: null,
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
