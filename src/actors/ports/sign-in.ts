/** How a node learns who somebody is. Refusals are thrown as `SottoError`: they end a handshake or an HTTP request. */
import type { UserId } from "../../protocol/ids.ts";

export interface TokenVerifier {
  /**
   * Checks signature, issuer, audience and times. Throws `token-missing`, `token-invalid`, `token-expired`, or `unavailable`
   * where the keys cannot be fetched. `expiresAt` in milliseconds since 1970.
   */
  verify(token: string): Promise<{ user: UserId; expiresAt: number }>;
}

export interface Credentials {
  user: UserId;
  password: string;
  /** The caller's network address, for rate limits. */
  address: string;
}

/** A token to connect with. `expiresAt` in milliseconds since 1970. */
export interface Session {
  token: string;
  user: UserId;
  expiresAt: number;
}

/** Password accounts, where `ACCOUNTS=on`. Both throw `rate-limited` and `overloaded`. */
export interface Accounts {
  /** Throws `account-exists`. */
  signUp(credentials: Credentials): Promise<Session>;
  /** Throws `credentials-invalid`, for unknown names and wrong passwords alike and after the same time. */
  logIn(credentials: Credentials): Promise<Session>;
}
