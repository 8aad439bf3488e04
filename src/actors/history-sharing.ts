/**
 * Who may read what was said before it joined a group: whom somebody with a role has let. Owns the check of the signature; whether
 * the role is there, and how far back, the store decides where nobody changes it meanwhile. Never gives a key: only members have any.
 */
import { fromBase64 } from "../protocol/base64.ts";
import { SottoError } from "../protocol/errors.ts";
import type { RequestOf } from "../protocol/requests.ts";
import type { Caller } from "./caller.ts";
import type { PublicChecks } from "./ports/public-checks.ts";
import type { Store } from "./ports/store.ts";

export class HistorySharing {
  private readonly store: Store;
  private readonly checks: PublicChecks;

  constructor({ store, checks }: { store: Store; checks: PublicChecks }) {
    this.store = store;
    this.checks = checks;
  }

  /**
   * Resolves when it is durable. Throws `forbidden` for who has no role, a wrong signature, oneself, and a group that keeps no history;
   * `not-a-member` where one of the two is not in the group, or the other came at another place.
   */
  async share(
    { user, device, deviceKey }: Omit<Caller, "socket">,
    request: RequestOf<"history:share">,
  ): Promise<Record<string, never>> {
    const { signature, ...place } = request;
    const share = { ...place, by: { user, device } };
    const bytes = fromBase64(signature);
    if (!this.checks.isHistoryShareSigned(share, bytes, deviceKey)) {
      throw new SottoError("forbidden", { detail: "The share is not signed by this device." });
    }
    if (request.user === user) throw new SottoError("forbidden", { detail: "Nobody lets themselves read more." });
    const outcome = await this.store.shareHistory({ ...share, signature: bytes });
    if (outcome !== "shared") throw new SottoError(outcome);
    return {};
  }
}
