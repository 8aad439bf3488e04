import { isErasedUser } from "../../protocol/erased-users.ts";
import type { UserId } from "../../protocol/ids.ts";
import { Conversation } from "./conversation.ts";

/** A conversation between two users, with all their devices. */
export class Direct extends Conversation {
  readonly kind = "direct";

  override get peer(): UserId {
    return this.actor.state.record.peer!;
  }

  /** Whether the other user was erased: what was said stays to be read, and nothing can be sent any more. */
  get isErased(): boolean {
    return isErasedUser(this.peer);
  }
}
