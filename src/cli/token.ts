/** `sotto token`: a token for development, signed with the local node's secret. */
import { parseFlags } from "./parse-flags.ts";
import { WrongUse } from "./wrong-use.ts";
import { loadSettings } from "../../config/load-settings.ts";
import { ensureOwnSecret } from "../accounts/own-secret.ts";
import { signToken } from "../accounts/tokens.ts";
import { isErasedUser } from "../protocol/erased-users.ts";
import { userId } from "../protocol/ids.ts";
import { StartError } from "../server/start-error.ts";

const help = `sotto token --user ID: signs a token for a user, for development.

  --user ID   who the token is for: 1 to 128 visible ASCII characters
  --ttl TIME  how long it holds: a number with s, m, h or d, such as 15m (default 1h, at most 30d)
  --json      print { token, user, expiresAt }

Signed with AUTH_JWT_SECRET, or else with the secret that the node keeps in DATA_DIR.`;

const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };
const maxTtlSeconds = 30 * 86_400;

export async function token(args: string[]): Promise<number> {
  const flags = parseFlags(args, { user: { type: "string" }, ttl: { type: "string" }, json: { type: "boolean" } });
  if (flags === "help") {
    console.log(help);
    return 0;
  }
  const user = userId.safeParse(flags.values.user);
  if (isErasedUser(flags.values.user ?? "")) throw new WrongUse("such names are kept for users who were erased.");
  if (flags.values.user === undefined) throw new WrongUse("say whose token: --user ID.");
  if (!user.success) throw new WrongUse("--user takes 1 to 128 visible ASCII characters, without spaces.");
  const ttlSeconds = readTtl(flags.values.ttl ?? "1h");
  const settings = loadSettings();
  if (settings.AUTH_JWKS_URL !== "") {
    throw new StartError("with AUTH_JWKS_URL only its owner can sign tokens. Ask the host application for one.");
  }
  const secret = settings.AUTH_JWT_SECRET || ensureOwnSecret(settings.DATA_DIR).secret;
  const rules = { issuer: settings.AUTH_ISSUER, audience: settings.AUTH_AUDIENCE };
  const session = await signToken(secret, rules, { user: user.data, ttlSeconds });
  console.log(flags.values.json === true ? JSON.stringify(session) : session.token);
  return 0;
}

function readTtl(text: string): number {
  const [, amount, unit] = /^(\d{1,7})([smhd])$/.exec(text) ?? [];
  const seconds = Number(amount) * (unitSeconds[unit ?? ""] ?? Number.NaN);
  if (seconds >= 1 && seconds <= maxTtlSeconds) return seconds;
  throw new WrongUse("--ttl takes a number with s, m, h or d, such as 15m, up to 30d.");
}
