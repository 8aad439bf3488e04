/**
 * Who is writing: sealed signals, passed on to whoever is online and nowhere kept. Owns nothing. Never to or from somebody whom the one has blocked,
 * and not in large groups, where everybody would hear of everybody.
 */
import type { UserId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import type { RequestOf } from "../protocol/requests.ts";
import { userRoom } from "../protocol/rooms.ts";
import type { Caller } from "./caller.ts";
import { limitRate } from "./limit-rate.ts";
import type { Delivery } from "./ports/delivery.ts";
import type { RateLimiter } from "./ports/rate-limiter.ts";
import type { Store } from "./ports/store.ts";
import type { Rosters } from "./rosters.ts";

export interface TypingPorts {
  store: Store;
  delivery: Delivery;
  limiter: RateLimiter;
  rosters: Rosters;
}

export class Typing {
  private readonly ports: TypingPorts;

  constructor(ports: TypingPorts) {
    this.ports = ports;
  }

  /** Throws `rate-limited`, `conversation-unknown`. */
  async send(caller: Caller, request: RequestOf<"typing:send">): Promise<Record<string, never>> {
    const { user, device, socket } = caller;
    await limitRate(this.ports.limiter, "typing", device);
    const audience = await this.ports.rosters.membersFor(user, request.conversation);
    if (audience.users.length > limits.typingUsers) return {};
    const apart = await this.apartFrom(user, audience.users);
    const everybody = audience.rooms.filter((room) => room !== userRoom(user));
    const others = audience.users.filter((other) => other !== user && !apart.has(other));
    const rooms = apart.size === 0 ? everybody : others.map(userRoom);
    for (const room of rooms) {
      this.ports.delivery.emit(room, "typing:sent", { ...request, user, device }, { exceptSocket: socket });
    }
    return {};
  }

  /** Whom the user has blocked among these, and who has blocked the user. */
  private async apartFrom(user: UserId, users: readonly UserId[]): Promise<Set<UserId>> {
    const present = new Set(users);
    const apart = new Set<UserId>();
    for (const block of await this.ports.store.readBlocks(users)) {
      if (block.user === user && present.has(block.blocked)) apart.add(block.blocked);
      if (block.blocked === user) apart.add(block.user);
    }
    return apart;
  }
}
