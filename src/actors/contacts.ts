import { SottoError } from "../protocol/errors.ts";
import type { ConversationId, UserId } from "../protocol/ids.ts";
import { contactCacheEntries, contactRememberedMs, peersToldAtMost } from "./actor-settings.ts";
import { BoundedCache } from "./bounded-cache.ts";
import type { ConversationStore } from "./ports/store-conversations.ts";

/**
 * Who shares a conversation with whom. A direct is never closed, but a group is left: a pair is remembered for a minute, and then
 * asked for again.
 */
export class Contacts {
  /** When a pair was last found, by a steady clock in milliseconds. */
  private readonly known = new BoundedCache<string, number>(contactCacheEntries);
  private readonly now: () => number;
  private readonly store: Pick<ConversationStore, "findConversation" | "listPeers" | "shareConversation">;

  constructor(
    store: Pick<ConversationStore, "findConversation" | "listPeers" | "shareConversation">,
    now: () => number = () => performance.now(),
  ) {
    this.store = store;
    this.now = now;
  }

  remember(a: UserId, b: UserId): void {
    this.known.set(pairOf(a, b), this.now());
  }

  /** Throws `forbidden` unless each of `others` is `user` or shares a conversation with them. */
  async require(user: UserId, others: readonly UserId[]): Promise<void> {
    const shared = await Promise.all(others.map((other) => this.share(user, other)));
    if (!shared.every(Boolean)) {
      throw new SottoError("forbidden", { detail: "Open a conversation with this user first." });
    }
  }

  /** The same, whatever was found before: somebody who was erased since is nobody's contact. */
  async requireNow(user: UserId, others: readonly UserId[]): Promise<void> {
    for (const other of others) this.known.delete(pairOf(user, other));
    await this.require(user, others);
  }

  /**
   * The same, or, with a group that the user may add others to, for anybody. Throws `forbidden`, `conversation-unknown`.
   */
  async requireFor(user: UserId, others: readonly UserId[], inGroup: ConversationId | undefined): Promise<void> {
    if (inGroup === undefined) return this.require(user, others);
    const row = await this.store.findConversation(inGroup);
    if (!row?.group || !row.users.includes(user)) throw new SottoError("conversation-unknown");
    const { policy, creator } = row.group;
    const mayAdd = policy ? policy.roles.some((holder) => holder.user === user) : creator === user;
    if (!mayAdd) await this.require(user, others);
  }

  /** Whom to tell about a change of this user's devices. */
  peersOf(user: UserId): Promise<UserId[]> {
    return this.store.listPeers(user, peersToldAtMost);
  }

  private async share(user: UserId, other: UserId): Promise<boolean> {
    const foundAt = this.known.get(pairOf(user, other)) ?? -Infinity;
    if (other === user || this.now() - foundAt < contactRememberedMs) return true;
    const shared = await this.store.shareConversation(user, other);
    if (shared) this.remember(user, other);
    return shared;
  }
}

/** No user id has a space in it. */
const pairOf = (a: UserId, b: UserId): string => (a < b ? `${a} ${b}` : `${b} ${a}`);
