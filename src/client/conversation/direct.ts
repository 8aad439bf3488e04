import type { UserId } from "../../protocol/ids.ts";
import { Conversation } from "./conversation.ts";

/** A conversation between two users, with all their devices. */
export class Direct extends Conversation {
  readonly kind = "direct";
  declare readonly peer: UserId;
}
