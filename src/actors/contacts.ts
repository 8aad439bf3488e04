import { SottoError } from "../protocol/errors.ts";
import type { UserId } from "../protocol/ids.ts";
import { contactCacheEntries, peersAtMost } from "./actor-settings.ts";
import { BoundedCache } from "./bounded-cache.ts";
import type { ConversationStore } from "./ports/store-conversations.ts";

/** Who shares a conversation with whom. A direct conversation, once opened, is never closed: remembering a pair is safe. */
export class Contacts {
  private readonly known = new BoundedCache<string, true>(contactCacheEntries);
  private readonly store: Pick<ConversationStore, "listPeers">;

  constructor(store: Pick<ConversationStore, "listPeers">) {
    this.store = store;
  }

  remember(a: UserId, b: UserId): void {
    this.known.set(pairOf(a, b), true);
  }

  /** Throws `forbidden` unless each of `others` is `user` or shares a conversation with them. */
  async require(user: UserId, others: readonly UserId[]): Promise<void> {
    const isKnown = (other: UserId) => other === user || this.known.get(pairOf(user, other)) === true;
    if (others.every(isKnown)) return;
    const peers = new Set(await this.peersOf(user));
    for (const other of others) if (peers.has(other)) this.remember(user, other);
    if (!others.every((other) => peers.has(other) || isKnown(other))) {
      throw new SottoError("forbidden", { detail: "Open a conversation with this user first." });
    }
  }

  peersOf(user: UserId): Promise<UserId[]> {
    return this.store.listPeers(user, peersAtMost);
  }
}

/** No user id has a space in it. */
const pairOf = (a: UserId, b: UserId): string => (a < b ? `${a} ${b}` : `${b} ${a}`);
