import { SottoError } from "../protocol/errors.ts";
import type { ConversationId, UserId } from "../protocol/ids.ts";
import { rosterCacheEntries } from "./actor-settings.ts";
import { BoundedCache } from "./bounded-cache.ts";
import type { ConversationStore } from "./ports/store-conversations.ts";

/** Which users a conversation is of. The two of a direct never change, so that remembering them is safe. */
export class Rosters {
  private readonly known = new BoundedCache<ConversationId, readonly UserId[]>(rosterCacheEntries);
  private readonly store: Pick<ConversationStore, "findConversation">;

  constructor(store: Pick<ConversationStore, "findConversation">) {
    this.store = store;
  }

  /** The users, when `user` is one of them. Throws `conversation-unknown`, whether there is no such conversation or it is not theirs. */
  async usersFor(user: UserId, conversation: ConversationId): Promise<readonly UserId[]> {
    const users = await this.users(conversation);
    if (!users.includes(user)) throw new SottoError("conversation-unknown");
    return users;
  }

  private async users(conversation: ConversationId): Promise<readonly UserId[]> {
    const known = this.known.get(conversation);
    if (known) return known;
    const row = await this.store.findConversation(conversation);
    if (!row) throw new SottoError("conversation-unknown");
    this.known.set(conversation, row.users);
    return row.users;
  }
}
