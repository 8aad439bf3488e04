import type { UserId } from "../../protocol/ids.ts";
import type { ClientCore } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";

/** For whom the messages of this user are: the members at a message's sequence, without the sender. */
export class Recipients {
  private readonly core: ClientCore;
  private readonly state: ConversationState;

  constructor(core: ClientCore, state: ConversationState) {
    this.core = core;
    this.state = state;
  }

  /** Without a sequence: whoever is in the conversation now. */
  of(sequence = Infinity): UserId[] {
    const { peer, rosters, erased = [] } = this.state.record;
    // What was told of them before was told under the name.
    if (peer !== null) return [erased[0]?.user ?? peer];
    const roster = rosters.findLast((one) => one.sequence <= sequence);
    const isGone = (user: UserId) => user === this.core.own.user || erased.some((one) => one.user === user);
    return (roster?.users ?? []).filter((user) => !isGone(user));
  }

  /** Whether the user is in the conversation now, and has been ever since a sequence. */
  isIn(user: UserId, since: number): boolean {
    const { peer, rosters, erased = [] } = this.state.record;
    if (erased.some((one) => one.user === user)) return false;
    return peer === user || rosters.every(({ sequence, users }) => sequence <= since || users.includes(user));
  }
}
