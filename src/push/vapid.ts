/**
 * How this service proves to a push service who it is (RFC 8292): a token signed with the key that browsers subscribed to.
 * Owns the tokens that are in use, one a push service. Never holds anything of a message or of a user.
 */
import { exportJWK, generateKeyPair, importJWK, SignJWT } from "jose";

/** Base64url, as in the settings: 65 bytes, uncompressed, and 32 bytes. */
export interface VapidPair {
  publicKey: string;
  privateKey: string;
}

export interface VapidOptions extends VapidPair {
  /** `mailto:` or `https:`: whom a push service may write to. */
  subject: string;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** The one of RFC 8292. */
const algorithm = "ES256";
/** RFC 8292 allows a day. */
const holdsMs = 12 * 60 * 60_000;
/** One that would end sooner is made anew: the clocks of others go differently. */
const spareMs = 60 * 60_000;
/** More push services than there are; a client could name many hosts of one. */
const keptTokens = 200;

export class Vapid {
  private readonly options: VapidOptions;
  private readonly tokens = new Map<string, { token: Promise<string>; endsAt: number }>();
  private signingKey: ReturnType<typeof importJWK> | undefined;

  constructor(options: VapidOptions) {
    this.options = options;
  }

  /** The `Authorization` header of a push to an endpoint. */
  async authorization(endpoint: string): Promise<string> {
    const { publicKey, now = Date.now } = this.options;
    const { origin } = new URL(endpoint);
    let known = this.tokens.get(origin);
    if (!known || known.endsAt - spareMs < now()) {
      const endsAt = now() + holdsMs;
      known = { token: this.sign(origin, endsAt), endsAt };
      if (this.tokens.size >= keptTokens) this.tokens.clear();
      this.tokens.set(origin, known);
    }
    return `vapid t=${await known.token}, k=${publicKey}`;
  }

  private async sign(origin: string, endsAt: number): Promise<string> {
    const { subject } = this.options;
    this.signingKey ??= importJWK(jwkOf(this.options), algorithm);
    return new SignJWT({})
      .setProtectedHeader({ typ: "JWT", alg: algorithm })
      .setAudience(origin)
      .setExpirationTime(Math.floor(endsAt / 1000))
      .setSubject(subject)
      .sign(await this.signingKey);
  }
}

/** A new pair, as the settings take it. */
export async function newVapidPair(): Promise<VapidPair> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const { x, y } = await exportJWK(publicKey);
  const { d } = await exportJWK(privateKey);
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x!, "base64url"), Buffer.from(y!, "base64url")]);
  return { publicKey: point.toString("base64url"), privateKey: d! };
}

function jwkOf({ publicKey, privateKey }: VapidPair) {
  const point = Buffer.from(publicKey, "base64url");
  const coordinate = (from: number) => point.subarray(from, from + 32).toString("base64url");
  return { kty: "EC", crv: "P-256", x: coordinate(1), y: coordinate(33), d: privateKey };
}
