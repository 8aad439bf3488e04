import { SottoError } from "../protocol/errors.ts";
import type { ConversationId, UserId } from "../protocol/ids.ts";
import { groupRoom, userRoom, type Room } from "../protocol/rooms.ts";
import { directRosterRememberedMs, groupRosterRememberedMs, rosterCacheEntries } from "./actor-settings.ts";
import { BoundedCache } from "./bounded-cache.ts";
import type { ConversationRow, ConversationStore } from "./ports/store-conversations.ts";

type Roster = Pick<ConversationRow, "kind" | "users">;

/** Whom to tell: `rooms` hold all sockets of `users`. */
export interface Audience {
  rooms: readonly Room[];
  users: readonly UserId[];
}

/** `at`: by a steady clock, in milliseconds. */
interface Seen {
  roster: Roster;
  at: number;
}

/**
 * Which users a conversation is of. The two of a direct change only when one of them is erased: they are remembered for a minute. Those
 * of a group are remembered for a second, for what depends on how many they are. Whether somebody may still write or read there is the
 * store's to say, and who hears what is said in a group is in the group's room.
 */
export class Rosters {
  private readonly known = new BoundedCache<ConversationId, Seen>(rosterCacheEntries);
  private readonly recent = new BoundedCache<ConversationId, Seen>(rosterCacheEntries);
  /** Shared by all who ask meanwhile, so that nobody overtakes on the way to the mailbox. */
  private readonly pending = new Map<ConversationId, Promise<Roster>>();
  private readonly store: Pick<ConversationStore, "findConversation">;

  constructor(store: Pick<ConversationStore, "findConversation">) {
    this.store = store;
  }

  /** The users, when `user` is one of them. Throws `conversation-unknown`, whether there is no such conversation or it is not theirs. */
  async membersFor(user: UserId, conversation: ConversationId): Promise<Audience> {
    const roster = await this.find(conversation);
    if (!roster.users.includes(user)) throw new SottoError("conversation-unknown");
    return audienceOf(conversation, roster);
  }

  /** The same, but for a group's former members too: their devices read and ack their own part of the log. */
  async audienceFor(user: UserId, conversation: ConversationId): Promise<Audience> {
    const recent = this.recent.get(conversation);
    const isRecent = recent && performance.now() - recent.at < groupRosterRememberedMs;
    const roster = isRecent ? recent.roster : await this.find(conversation);
    const isStranger = roster.kind === "direct" && !roster.users.includes(user);
    if (isStranger) throw new SottoError("conversation-unknown");
    return audienceOf(conversation, roster);
  }

  /** A group may have other users now: they are asked for again. */
  forget(conversation: ConversationId): void {
    this.recent.delete(conversation);
  }

  private find(conversation: ConversationId): Roster | Promise<Roster> {
    const known = this.known.get(conversation);
    if (known && performance.now() - known.at < directRosterRememberedMs) return known.roster;
    const pending = this.pending.get(conversation);
    if (pending) return pending;
    const lookup = this.lookUp(conversation).finally(() => this.pending.delete(conversation));
    this.pending.set(conversation, lookup);
    return lookup;
  }

  private async lookUp(conversation: ConversationId): Promise<Roster> {
    const row = await this.store.findConversation(conversation);
    if (!row) throw new SottoError("conversation-unknown");
    const roster = { kind: row.kind, users: row.users };
    const seen = row.kind === "direct" ? this.known : this.recent;
    seen.set(conversation, { roster, at: performance.now() });
    return roster;
  }
}

function audienceOf(conversation: ConversationId, { kind, users }: Roster): Audience {
  return { users, rooms: kind === "group" ? [groupRoom(conversation)] : users.map(userRoom) };
}
