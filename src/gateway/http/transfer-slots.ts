import { SottoError } from "../../protocol/errors.ts";
import type { UserId } from "../../protocol/ids.ts";

const retryAfterMs = 1000;

/** `perUserWhenBusy`: once half of all are taken; so that a few users cannot take them all. */
export interface SlotLimits {
  readonly total: number;
  readonly perUser: number;
  readonly perUserWhenBusy: number;
}

/** How many parts are on their way at once, through this node and for one user: each takes memory while it is. */
export class TransferSlots {
  private readonly limits: SlotLimits;
  private readonly byUser = new Map<UserId, number>();
  private total = 0;

  constructor(limits: SlotLimits) {
    this.limits = limits;
  }

  /** Answers how to give the slot back, which may be done twice. Throws `overloaded`. */
  take(user: UserId): () => void {
    const { total, perUser, perUserWhenBusy } = this.limits;
    const own = this.byUser.get(user) ?? 0;
    const most = this.total * 2 >= total ? perUserWhenBusy : perUser;
    if (this.total >= total || own >= most) throw new SottoError("overloaded", { retryAfterMs });
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
