/** Who has blocked whom: the list of each user, and word of its changes to the user's devices. What it does is the store's. */
import { SottoError } from "../protocol/errors.ts";
import type { UserId } from "../protocol/ids.ts";
import type { ReplyOf, RequestOf } from "../protocol/requests.ts";
import { userRoom } from "../protocol/rooms.ts";
import type { Caller } from "./caller.ts";
import type { Delivery } from "./ports/delivery.ts";
import type { BlockRow, BlockStore } from "./ports/store-blocks.ts";

export class Blocks {
  private readonly store: BlockStore;
  private readonly delivery: Delivery;

  constructor({ store, delivery }: { store: BlockStore; delivery: Delivery }) {
    this.store = store;
    this.delivery = delivery;
  }

  /** Resolves when it is durable. Throws `invalid-request` for oneself, `too-many-blocks`. */
  async set(caller: Caller, request: RequestOf<"blocks:set">): Promise<Record<string, never>> {
    const { user, socket } = caller;
    if (request.user === user) throw new SottoError("invalid-request", { detail: "One cannot block oneself." });
    const outcome = await this.store.setBlock({ user, blocked: request.user }, request.blocked);
    if (outcome === "too-many") throw new SottoError("too-many-blocks");
    if (outcome === "changed") this.delivery.emit(userRoom(user), "blocks:changed", {}, { exceptSocket: socket });
    return {};
  }

  async read({ user }: Caller): Promise<ReplyOf<"blocks:read">> {
    const rows = await this.store.readBlocks([user]);
    return { users: rows.map(({ blocked }) => blocked) };
  }

  /** Whom each of these users has blocked. */
  of(users: readonly UserId[]): Promise<BlockRow[]> {
    return this.store.readBlocks(users);
  }
}
