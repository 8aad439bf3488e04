import type { Session, TokenVerifier } from "../actors/ports/sign-in.ts";
import type { UserId } from "../protocol/ids.ts";
import { ensureOwnSecret } from "./own-secret.ts";
import { jwksVerifier, secretVerifier, signToken } from "./tokens.ts";

/** What the settings say about tokens; empty strings stand for: not given. */
export interface TokenSettings {
  DATA_DIR: string;
  AUTH_JWT_SECRET: string;
  AUTH_JWKS_URL: string;
  AUTH_ISSUER: string;
  AUTH_AUDIENCE: string;
  SESSION_TTL_HOURS: number;
}

export interface NodeTokens {
  verifier: TokenVerifier;
  /** Undefined where only a host application can sign. */
  issueToken: ((user: UserId) => Promise<Session>) | undefined;
  /** True when the secret was made just now. */
  madeOwnSecret: boolean;
}

/** How this node checks and signs tokens. Without a secret or a key URL it makes a secret of its own in the data folder. */
export function nodeTokens(settings: TokenSettings): NodeTokens {
  const rules = { issuer: settings.AUTH_ISSUER, audience: settings.AUTH_AUDIENCE };
  if (settings.AUTH_JWKS_URL !== "") {
    return { verifier: jwksVerifier(settings.AUTH_JWKS_URL, rules), issueToken: undefined, madeOwnSecret: false };
  }
  const given = settings.AUTH_JWT_SECRET;
  const { secret, isNew } = given === "" ? ensureOwnSecret(settings.DATA_DIR) : { secret: given, isNew: false };
  const ttlSeconds = settings.SESSION_TTL_HOURS * 3600;
  return {
    verifier: secretVerifier(secret, rules),
    issueToken: (user) => signToken(secret, rules, { user, ttlSeconds }),
    madeOwnSecret: isNew,
  };
}
