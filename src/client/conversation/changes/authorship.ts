/**
 * Whether two devices are the same author's: of one user, under one account key. Who has started over, or whom a server makes look so, has
 * no say about what the user had written before.
 */
import { equalBytes } from "../../../protocol/equal-bytes.ts";
import type { ClientCore } from "../../core.ts";
import type { ConversationState } from "../conversation-state.ts";
import type { Sender } from "./outcome.ts";

export class Authorship {
  private readonly core: ClientCore;
  private readonly state: ConversationState;

  constructor(core: ClientCore, state: ConversationState) {
    this.core = core;
    this.state = state;
  }

  isSame(one: Sender, other: Sender): boolean {
    if (one.user !== other.user) return false;
    if (one.device === other.device) return true;
    const [key, otherKey] = [this.accountKeyOf(one), this.accountKeyOf(other)];
    return key !== undefined && otherKey !== undefined && equalBytes(key, otherKey);
  }

  /** By the user's list, which keeps what was revoked; a device that came just now is in the group before it is in the list here. */
  private accountKeyOf({ user, device }: Sender): Uint8Array | undefined {
    const listed = this.core.directory.deviceOf({ user, device });
    const member = this.state.group?.members.find((one) => one.user === user && one.device === device);
    return listed?.accountKey ?? member?.accountKey;
  }
}
