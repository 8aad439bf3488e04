/**
 * What two people compare to know that no one stands between them, and what comes of it. A contact's account key is pinned when it is
 * first seen; who has compared says so by `confirm`, and nothing is sealed for that contact any more once the node claims another key,
 * or the contact has started over with another, until the person has compared again.
 */
import { equalBytes } from "../protocol/equal-bytes.ts";
import { safetyNumber } from "../identity/safety-number.ts";
import { SottoError } from "../protocol/errors.ts";
import type { UserId } from "../protocol/ids.ts";
import type { ClientCore } from "./core.ts";

export class Verification {
  readonly user: UserId;
  /** Sixty digits in twelve groups, the same on both sides. */
  readonly safetyNumber: string;
  /** For a QR code: 128 bytes, the same on both sides. */
  readonly qr: Uint8Array;
  private readonly core: ClientCore;
  private readonly accountKey: Uint8Array;

  private constructor(core: ClientCore, user: UserId, accountKey: Uint8Array, own: Uint8Array) {
    this.core = core;
    this.user = user;
    this.accountKey = accountKey;
    const { digits, code } = safetyNumber({ user: core.own.user, accountKey: own }, { user, accountKey });
    this.safetyNumber = digits;
    this.qr = code;
  }

  /** Error: `device-unknown` while the user, or this device, has no account key. */
  static async of(core: ClientCore, user: UserId): Promise<Verification> {
    const list = core.directory.get(user) ?? (await core.directory.refresh(user));
    const { accountKey } = core.own;
    if (!list || !accountKey) throw new SottoError("device-unknown");
    return new Verification(core, user, list.accountKey, accountKey);
  }

  /** Whether a person has confirmed the key that this number stands for. */
  get confirmed(): boolean {
    return this.core.directory.trustIn(this.user).confirmed;
  }

  /**
   * Whether the node has claimed another key for this user since it was last confirmed, or ever; or the user has started over: then the
   * number is that of the new key. It stays so until `confirm`.
   */
  get changed(): boolean {
    return this.core.directory.trustIn(this.user).changed;
  }

  /** Whether a code that was scanned from the other side's screen is this one. */
  matches(qr: Uint8Array): boolean {
    return equalBytes(this.qr, qr);
  }

  /** Goes on with the contact without having compared: it counts as never confirmed. Messages that were held back go. */
  accept(): Promise<void> {
    return this.core.directory.accept(this.user);
  }

  /** The two sides have compared, and it is the same. Messages that were held back for this contact go. */
  confirm(): Promise<void> {
    return this.core.directory.confirm(this.user, this.accountKey);
  }
}
