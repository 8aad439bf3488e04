/**
 * Changes of a group, each one commit: prepared, stored with its exact bytes, sent, adopted when the log has it. The node takes
 * one commit per epoch; a loser drops its own and follows the log, and whoever wanted the change looks again.
 */
import type { CommitChanges, Group } from "../../crypto/group-engine.ts";
import { toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import { newId, type DeviceId, type MessageId } from "../../protocol/ids.ts";
import type { LogEntry } from "../../protocol/log-entry.ts";
import type { ClientCore } from "../core.ts";
import type { ConversationRecord } from "../records.ts";
import type { ConversationState } from "./conversation-state.ts";

export interface ChangeHooks {
  posted(entry: LogEntry): void;
  catchUp(): Promise<void>;
}

export class GroupChanges {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly hooks: ChangeHooks;

  constructor(core: ClientCore, state: ConversationState, hooks: ChangeHooks) {
    this.core = core;
    this.state = state;
    this.hooks = hooks;
  }

  /**
   * Sends a stored commit again: the same bytes, so it counts once. Resolves with why the node did not take it, undefined when it
   * did. Errors: those of the connection, and refusals that pass.
   */
  async resend(): Promise<SottoError | undefined> {
    const { pending } = this.state;
    if (!pending) return undefined;
    const { id, generation, epoch, commit, welcome } = pending.record;
    const place = { conversation: this.state.id, generation, epoch, id };
    try {
      const reply = await this.core.connection.request("conversation:commit", {
        ...place,
        commit: toBase64(commit),
        ...(welcome ? { welcome: toBase64(welcome) } : {}),
        seen: this.state.record.position,
      });
      const sender = { user: this.core.own.user, device: this.core.own.device };
      // What was sent before a founding is read before it, so that it is not passed over.
      if (this.state.founds && this.state.record.joinedSequence > 0) await this.hooks.catchUp();
      this.hooks.posted({ ...place, ...reply, kind: "commit", sender, number: 0, payload: toBase64(commit) });
      await this.hooks.catchUp();
      return undefined;
    } catch (error) {
      if (!(error instanceof SottoError) || error.code === "offline" || error.code === "timeout") throw error;
      await this.hooks.catchUp();
      if (this.state.pending?.record.id === id) await this.drop();
      if (error.retryable && error.code !== "stale-epoch") throw error;
      return error;
    }
  }

  /**
   * One commit on the group that the changes were thought out for; nothing where it has moved on, or cannot be changed now.
   * `adopts`: what the record says besides, once the log has the commit. Resolves and throws as `resend`.
   */
  async make(
    group: Group,
    changes: CommitChanges,
    adopts: Partial<ConversationRecord> = {},
  ): Promise<SottoError | undefined> {
    if (!this.state.canSeal || !this.isCurrent(group)) return undefined;
    await this.prepare(group, changes, [], adopts);
    return this.resend();
  }

  /** The first commit of a group in which this device is alone. Of a later generation, it takes the place of the one that is held. */
  async found(
    alone: Group,
    changes: CommitChanges,
    adopts: Partial<ConversationRecord> = {},
  ): Promise<SottoError | undefined> {
    await this.prepare(alone, changes, [this.core.own.device], adopts);
    return this.resend();
  }

  private prepare(
    group: Group,
    changes: CommitChanges,
    founder: DeviceId[],
    adopts: Partial<ConversationRecord>,
  ): Promise<void> {
    return this.state.queue.run(async () => {
      const held = this.state.group;
      const succeeds = held !== undefined && group.generation > held.generation;
      // Where it was added again meanwhile, nothing is to be succeeded.
      if (succeeds && this.state.record.lostAt === null) return;
      if (this.state.pending || (held && !succeeds && !this.isCurrent(group))) return;
      const { leavers, name } = this.state.record;
      const options = { now: Date.now(), leavers };
      const prepared = await this.core.engine.prepareCommit(succeeds ? group : (held ?? group), changes, options);
      const before = new Map(group.members.map((one) => [one.leaf, one.device]));
      const present = new Set(prepared.next.members.map(({ device }) => device));
      const removed = succeeds
        ? held.members.map(({ device }) => device).filter((device) => !present.has(device))
        : (changes.remove ?? []).flatMap((leaf) => before.get(leaf) ?? []);
      const stayed = new Set(
        [...before].filter(([leaf]) => !changes.remove?.includes(leaf)).map(([, device]) => device),
      );
      const added = prepared.next.members.map((one) => one.device).filter((device) => !stayed.has(device));
      const pending = this.state.pend(prepared, newId<MessageId>(), {
        generation: group.generation,
        epoch: group.epoch,
        added: [...founder, ...added],
        removed,
        adopts,
        ...(hasPath(changes) ? {} : { withoutPath: true }),
        ...(changes.policy && group.members.length > 1 ? { needsUpdate: true } : {}),
      });
      const owes = added.length > 0 && name !== null && !succeeds ? { owesName: true } : {};
      await this.state.commit({ pending, record: owes });
    });
  }

  private isCurrent({ epoch, generation }: Group): boolean {
    return this.state.group?.epoch === epoch && this.state.group.generation === generation;
  }

  private drop(): Promise<void> {
    return this.state.queue.run(() => this.state.commit({ pending: null }));
  }
}

/** As the engine makes them: Adds alone have none, nor has a change of policy. */
function hasPath({ add = [], remove = [], policy }: CommitChanges): boolean {
  return !policy && (remove.length > 0 || add.length === 0);
}
