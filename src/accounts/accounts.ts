/**
 * Password accounts of a deployment that has no host application: sign-up, log-in, and the tokens of both kinds of
 * deployment (`tokens.ts`). Owns password hashes and the node's own secret; knows of devices only whether a name
 * has some, and nothing of conversations. A password opens a connection, never a message: end-to-end keys do not depend on it.
 * Invariants: no answer tells whether a name exists, but for sign-up's own; a password is never logged or stored.
 */
import type { Accounts, Credentials, Session } from "../actors/ports/sign-in.ts";
import type { RateBucket, RateLimiter } from "../actors/ports/rate-limiter.ts";
import type { AccountStore } from "../actors/ports/store-accounts.ts";
import type { DeviceStore } from "../actors/ports/store-devices.ts";
import { isErasedUser } from "../protocol/erased-users.ts";
import { SottoError } from "../protocol/errors.ts";
import type { UserId } from "../protocol/ids.ts";
import type { Passwords } from "./passwords.ts";

export interface AccountsParts {
  store: AccountStore & Pick<DeviceStore, "readDeviceLists">;
  passwords: Pick<Passwords, "hash" | "verify">;
  limiter: RateLimiter;
  issueToken: (user: UserId) => Promise<Session>;
}

export function createAccounts(parts: AccountsParts): Accounts {
  /** What an unknown name's password is compared with, so that the answer takes as long as for a known one. */
  let decoy: Promise<string> | undefined;
  const decoyHash = () => {
    decoy ??= parts.passwords.hash("a password that nobody has");
    decoy.catch(() => (decoy = undefined));
    return decoy;
  };

  return {
    async signUp({ user, password, address }: Credentials): Promise<Session> {
      await takeOrRefuse(parts.limiter, "sign-up", address);
      if (isErasedUser(user)) {
        throw new SottoError("invalid-request", { detail: "Names of this form are kept for users who were erased." });
      }
      const passwordHash = await parts.passwords.hash(normalized(password));
      if (await hasDevices(parts.store, user)) throw new SottoError("account-exists");
      const outcome = await parts.store.createAccount({ user, passwordHash });
      if (outcome === "exists") throw new SottoError("account-exists");
      return parts.issueToken(user);
    },

    async logIn({ user, password, address }: Credentials): Promise<Session> {
      await takeOrRefuse(parts.limiter, "sign-in", `address ${address}`);
      await takeOrRefuse(parts.limiter, "sign-in", `name ${user}`);
      const [account, decoyed] = await Promise.all([parts.store.findAccount(user), decoyHash()]);
      const passwordHash = account?.passwordHash ?? decoyed;
      const isRight = await parts.passwords.verify(passwordHash, normalized(password));
      if (account === undefined || !isRight) throw new SottoError("credentials-invalid");
      return parts.issueToken(user);
    },
  };
}

/** A name with devices is somebody's already, though they came with another issuer's token. */
async function hasDevices(store: AccountsParts["store"], user: UserId): Promise<boolean> {
  const [list] = await store.readDeviceLists([{ user, after: Number.MAX_SAFE_INTEGER }]);
  return list !== undefined && list.version > 0;
}

/** The same password typed on another keyboard is the same bytes (RFC 8265 §4). */
const normalized = (password: string): string => password.normalize("NFC");

async function takeOrRefuse(limiter: RateLimiter, bucket: RateBucket, subject: string): Promise<void> {
  const retryAfterMs = await limiter.take(bucket, subject);
  if (retryAfterMs > 0) throw new SottoError("rate-limited", { retryAfterMs: Math.ceil(retryAfterMs) });
}
