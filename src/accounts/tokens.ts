/** Tokens: JWTs with `sub`, `iss`, `aud` and `exp` (RFC 7519). Algorithms are pinned; a token cannot choose its own. */
import { createRemoteJWKSet, errors, jwtVerify, SignJWT, type JWTVerifyGetKey } from "jose";
import type { Session, TokenVerifier } from "../actors/ports/sign-in.ts";
import { isErasedUser } from "../protocol/erased-users.ts";
import { SottoError } from "../protocol/errors.ts";
import { userId, type UserId } from "../protocol/ids.ts";

export interface TokenRules {
  issuer: string;
  audience: string;
}

/** How far two machines' clocks may be apart, in seconds. */
const clockToleranceSeconds = 10;
const secretAlgorithms = ["HS256"];
const publicKeyAlgorithms = ["EdDSA", "Ed25519", "ES256", "ES384", "RS256", "PS256"];
const maxTokenLength = 8192;

/** Checks tokens signed with a secret of at least 32 characters. */
export function secretVerifier(secret: string, rules: TokenRules): TokenVerifier {
  const key = new TextEncoder().encode(secret);
  return { verify: (token) => verifyWith(token, async () => key, secretAlgorithms, rules) };
}

/** Checks tokens signed with a key that the host application publishes. Keys are fetched when needed and kept. */
export function jwksVerifier(url: string, rules: TokenRules): TokenVerifier {
  const keys = createRemoteJWKSet(new URL(url), { timeoutDuration: 5000, cooldownDuration: 30_000 });
  return { verify: (token) => verifyWith(token, keys, publicKeyAlgorithms, rules) };
}

/** Signs a token as `secretVerifier` accepts it. */
export async function signToken(
  secret: string,
  rules: TokenRules,
  claims: { user: UserId; ttlSeconds: number },
): Promise<Session> {
  const issuedAt = Math.floor(Date.now() / 1000);
  const expiresAt = issuedAt + claims.ttlSeconds;
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(claims.user)
    .setIssuer(rules.issuer)
    .setAudience(rules.audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(new TextEncoder().encode(secret));
  return { token, user: claims.user, expiresAt: expiresAt * 1000 };
}

async function verifyWith(
  token: string,
  key: JWTVerifyGetKey,
  algorithms: string[],
  rules: TokenRules,
): Promise<{ user: UserId; expiresAt: number }> {
  if (token === "") throw new SottoError("token-missing");
  if (token.length > maxTokenLength) throw new SottoError("token-invalid");
  const payload = await jwtVerify(token, key, {
    algorithms,
    issuer: rules.issuer,
    audience: rules.audience,
    requiredClaims: ["sub", "exp"],
    clockTolerance: clockToleranceSeconds,
  }).then(
    (verified) => verified.payload,
    (error: unknown) => {
      throw refusal(error);
    },
  );
  const user = userId.safeParse(payload.sub);
  if (!user.success || isErasedUser(user.data) || payload.exp === undefined) throw new SottoError("token-invalid");
  return { user: user.data, expiresAt: payload.exp * 1000 };
}

/** Says "log in again" or "wait", and nothing about what exactly was wrong. */
function refusal(error: unknown): SottoError {
  if (error instanceof errors.JWTExpired) return new SottoError("token-expired");
  if (error instanceof errors.JWKSTimeout) return new SottoError("unavailable", { retryAfterMs: 2000 });
  if (error instanceof errors.JOSEError && error.code !== "ERR_JOSE_GENERIC") return new SottoError("token-invalid");
  if (error instanceof errors.JOSEError || isNetworkFault(error)) {
    return new SottoError("unavailable", { retryAfterMs: 2000 });
  }
  return new SottoError("token-invalid");
}

function isNetworkFault(error: unknown): boolean {
  return error instanceof TypeError && error.message === "fetch failed";
}
