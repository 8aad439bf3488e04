import { SottoError } from "../protocol/errors.ts";
import type { ConversationId, UserId } from "../protocol/ids.ts";
import { rosterCacheEntries } from "./actor-settings.ts";
import { BoundedCache } from "./bounded-cache.ts";
import type { ConversationStore } from "./ports/store-conversations.ts";

/** Which users a conversation is of. The two of a direct never change, so that remembering them is safe. */
export class Rosters {
  private readonly known = new BoundedCache<ConversationId, readonly UserId[]>(rosterCacheEntries);
  /** Shared by all who ask meanwhile, so that nobody overtakes on the way to the mailbox. */
  private readonly pending = new Map<ConversationId, Promise<readonly UserId[]>>();
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

  private users(conversation: ConversationId): readonly UserId[] | Promise<readonly UserId[]> {
    const known = this.known.get(conversation) ?? this.pending.get(conversation);
    if (known) return known;
    const lookup = this.lookUp(conversation).finally(() => this.pending.delete(conversation));
    this.pending.set(conversation, lookup);
    return lookup;
  }

  private async lookUp(conversation: ConversationId): Promise<readonly UserId[]> {
    const row = await this.store.findConversation(conversation);
    if (!row) throw new SottoError("conversation-unknown");
    this.known.set(conversation, row.users);
    return row.users;
  }
}
