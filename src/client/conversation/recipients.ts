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
    const { peer, rosters } = this.state.record;
    if (peer !== null) return [peer];
    const roster = rosters.findLast((one) => one.sequence <= sequence);
    return (roster?.users ?? []).filter((user) => user !== this.core.own.user);
  }

  /** Whether the user is in the conversation now, and has been ever since a sequence. */
  isIn(user: UserId, since: number): boolean {
    const { peer, rosters } = this.state.record;
    return peer === user || rosters.every(({ sequence, users }) => sequence <= since || users.includes(user));
  }
}
