import { createHash, timingSafeEqual } from "node:crypto";

/** Whether an `Authorization` header brings this token. Takes as long for any wrong one. */
export function isBearer(header: string | undefined, token: string): boolean {
  const [, given] = /^Bearer ([\x21-\x7e]{1,4096})$/i.exec(header ?? "") ?? [];
  return given !== undefined && timingSafeEqual(digestOf(given), digestOf(token));
}

/** Of one length, whatever the token's is. */
const digestOf = (text: string) => createHash("sha256").update(text).digest();
