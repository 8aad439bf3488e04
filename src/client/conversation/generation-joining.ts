/** Whether this device goes along with a new generation that somebody else has founded; and that the person is told of it. */
import type { Group, GroupMember } from "../../crypto/group-engine.ts";
import { policyOfGeneration, requireGenerationAllowed } from "../../identity/generation-rules.ts";
import { isSamePolicy } from "../../identity/group-policy.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { ConversationSummary } from "../../protocol/requests.ts";
import type { ClientCore, Fault } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";

/** `sequence`: of the commit that founds the generation. */
interface FoundingWelcome {
  sequence: number;
}

export interface GenerationHooks {
  summary(): Promise<ConversationSummary>;
  catchUp(): Promise<void>;
  askForReadd(summary: ConversationSummary): Promise<void>;
}

export class GenerationJoining {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly hooks: GenerationHooks;

  constructor(core: ClientCore, state: ConversationState, hooks: GenerationHooks) {
    this.core = core;
    this.state = state;
    this.hooks = hooks;
  }

  /** What was sent before a founding is read before it; a device that cannot follow reads as far as it can. */
  async isReadUpTo({ sequence }: FoundingWelcome): Promise<boolean> {
    await this.hooks.catchUp();
    const { position, left } = this.state.record;
    return left === null && (!this.state.isMember || position >= sequence - 1);
  }

  /**
   * Whether a generation is by whom and with whom it may be, by the last state held here, and has no device but live ones. One that
   * is not is reported, and this device stays where it is. Where it was lost before, what it holds is not the last state of the
   * group: it asks to be added by those who have gone along.
   */
  async goesAlong({ sequence }: FoundingWelcome, group: Group): Promise<boolean> {
    const founder = group.members[0]!;
    try {
      this.requireSucceeding(this.state.group!, group);
      return true;
    } catch (error) {
      if (!(error instanceof SottoError)) throw error;
      if (this.state.record.position < sequence - 1) {
        await this.hooks.askForReadd(await this.hooks.summary()).catch((refusal: unknown) => {
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
  tell({ epoch, members }: Group, reason: NonNullable<Fault["reason"]>): void {
    const { user, device } = members[0]!;
    const { beganSequence: sequence } = this.state.record;
    const founder = epoch === 1 ? { user, device } : {};
    this.core.report({ code: "new-generation", conversation: this.state.id, sequence, ...founder, reason });
  }
}
