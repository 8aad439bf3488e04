import { SottoError } from "../protocol/errors.ts";
import type { ConversationId, UserId } from "../protocol/ids.ts";
import { rosterCacheEntries } from "./actor-settings.ts";
import { BoundedCache } from "./bounded-cache.ts";
import type { ConversationRow, ConversationStore } from "./ports/store-conversations.ts";

type Roster = Pick<ConversationRow, "kind" | "users">;

/**
 * Which users a conversation is of. The two of a direct never change, so that remembering them is safe; those of a group are
 * asked for each time, and whether one of them may still write there is the store's to say, within the transaction.
 */
export class Rosters {
  private readonly known = new BoundedCache<ConversationId, Roster>(rosterCacheEntries);
  /** Shared by all who ask meanwhile, so that nobody overtakes on the way to the mailbox. */
  private readonly pending = new Map<ConversationId, Promise<Roster>>();
  private readonly store: Pick<ConversationStore, "findConversation">;

  constructor(store: Pick<ConversationStore, "findConversation">) {
    this.store = store;
  }

  /** The users, when `user` is one of them. Throws `conversation-unknown`, whether there is no such conversation or it is not theirs. */
  async usersFor(user: UserId, conversation: ConversationId): Promise<readonly UserId[]> {
    const { users } = await this.find(conversation);
    if (!users.includes(user)) throw new SottoError("conversation-unknown");
    return users;
  }

  /** The same, but for a group's former members too: their devices read and ack their own part of the log. */
  async audienceFor(user: UserId, conversation: ConversationId): Promise<readonly UserId[]> {
    const { kind, users } = await this.find(conversation);
    if (kind === "direct" && !users.includes(user)) throw new SottoError("conversation-unknown");
    return users;
  }

  private find(conversation: ConversationId): Roster | Promise<Roster> {
    const known = this.known.get(conversation) ?? this.pending.get(conversation);
    if (known) return known;
    const lookup = this.lookUp(conversation).finally(() => this.pending.delete(conversation));
    this.pending.set(conversation, lookup);
    return lookup;
  }

  private async lookUp(conversation: ConversationId): Promise<Roster> {
    const row = await this.store.findConversation(conversation);
    if (!row) throw new SottoError("conversation-unknown");
    const roster = { kind: row.kind, users: row.users };
    if (row.kind === "direct") this.known.set(conversation, roster);
    return roster;
  }
}
