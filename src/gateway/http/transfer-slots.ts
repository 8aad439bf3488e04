import { SottoError } from "../../protocol/errors.ts";
import type { UserId } from "../../protocol/ids.ts";

const retryAfterMs = 1000;

/** How many parts are on their way at once, through this node and for one user: each takes memory while it is. */
export class TransferSlots {
  private readonly limits: { total: number; perUser: number };
  private readonly byUser = new Map<UserId, number>();
  private total = 0;

  constructor(limits: { total: number; perUser: number }) {
    this.limits = limits;
  }

  /** Answers how to give the slot back, which may be done twice. Throws `overloaded`. */
  take(user: UserId): () => void {
    const own = this.byUser.get(user) ?? 0;
    if (this.total >= this.limits.total || own >= this.limits.perUser)
      throw new SottoError("overloaded", { retryAfterMs });
    this.byUser.set(user, own + 1);
    this.total += 1;
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.total -= 1;
      const left = this.byUser.get(user)! - 1;
      if (left === 0) this.byUser.delete(user);
      else this.byUser.set(user, left);
    };
  }
}
