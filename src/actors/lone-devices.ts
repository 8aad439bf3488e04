import type { ConversationId, UserId } from "../protocol/ids.ts";
import { rosterCacheEntries } from "./actor-settings.ts";
import { BoundedCache } from "./bounded-cache.ts";
import type { Store } from "./ports/store.ts";

interface Place {
  conversation: ConversationId;
  generation: number;
  epoch: number;
}

/** The users with one device in the group. True from the epoch that last changed its members to the one it was read in. */
interface Known {
  generation: number;
  fromEpoch: number;
  toEpoch: number;
  users: ReadonlySet<UserId>;
}

/** Larger groups are not looked at: each device is one read. */
const devicesAtMost = 16;

/**
 * Which users are in a conversation with one device alone: what it sends need not be pushed to its user's room. It never says
 * so wrongly: who is in the group follows from the epoch, and a message is accepted only in one that the present members share.
 */
export class LoneDevices {
  private readonly known = new BoundedCache<ConversationId, Known>(rosterCacheEntries);
  private readonly pending = new Set<ConversationId>();
  private readonly store: Pick<Store, "findConversation" | "findDevice">;

  constructor(store: Pick<Store, "findConversation" | "findDevice">) {
    this.store = store;
  }

  /** Of a message that was accepted. False where it is not known; then it is looked up for the next time. */
  isAlone(user: UserId, { conversation, generation, epoch }: Place): boolean {
    const known = this.known.get(conversation);
    if (known?.generation === generation && epoch >= known.fromEpoch && epoch <= known.toEpoch) {
      return known.users.has(user);
    }
    if (!this.pending.has(conversation)) void this.lookUp(conversation);
    return false;
  }

  /** Never rejects: it is a hint. */
  private async lookUp(conversation: ConversationId): Promise<void> {
    this.pending.add(conversation);
    try {
      const row = await this.store.findConversation(conversation);
      if (row === undefined) return;
      const { generation, rosterEpoch: fromEpoch, epoch: toEpoch } = row;
      const devices = row.leaves.filter((leaf) => leaf !== null);
      const found = devices.length > devicesAtMost ? [] : await Promise.all(devices.map((leaf) => this.userOf(leaf)));
      const users = new Set(
        found.filter((user) => user !== undefined && found.indexOf(user) === found.lastIndexOf(user)),
      );
      this.known.set(conversation, { generation, fromEpoch, toEpoch, users: users as ReadonlySet<UserId> });
    } catch {
      // The database does not answer: the next message asks again.
    } finally {
      this.pending.delete(conversation);
    }
  }

  private async userOf(device: Parameters<Store["findDevice"]>[0]): Promise<UserId | undefined> {
    return (await this.store.findDevice(device))?.user;
  }
}
