/** Web Push: what this service proves itself with to the browsers' push services, and which of these it talks to. */
import { createPrivateKey, createPublicKey } from "node:crypto";
import { hasProtocol, isLoopbackUrl, list, text } from "./setting.ts";

/** The push services of the browsers there are. */
const browsersServices = [
  "fcm.googleapis.com",
  "*.push.services.mozilla.com",
  "*.notify.windows.com",
  "*.push.apple.com",
].join(",");
const hostEntry = /^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$/;

export const webPushSettings = {
  VAPID_PUBLIC_KEY: text({
    // An uncompressed point begins with 0x04; the last two of 522 bits are none of its own.
    pattern: /^B[A-P][A-Za-z0-9_-]{84}[AEIMQUYcgkosw048]$/,
    allowed: "a P-256 public key: 65 bytes, uncompressed, as 87 characters of base64url (`sotto vapid` makes a pair)",
    why: "Web Push: browsers subscribe to this key. Another one ends all subscriptions, so keep it.",
  }),
  VAPID_PRIVATE_KEY: text({
    pattern: /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/,
    allowed: "a P-256 private key: 32 bytes, as 43 characters of base64url (`sotto vapid` makes a pair)",
    why: "Web Push: proves to a push service that it is this service which calls (RFC 8292).",
    secret: true,
  }),
  VAPID_SUBJECT: text({
    pattern: /^(mailto:[^\s@<>]{1,200}@[^\s@<>]{1,200}|https:\/\/[^\s]{1,400})$/,
    allowed: "mailto:somebody@example.org or an https URL",
    why: "Web Push: whom a push service may write to when something is wrong with what it gets.",
  }),
  PUSH_ENDPOINT_HOSTS: list({
    default: browsersServices,
    entry: (value) => hostEntry.test(value) || isServiceOrigin(value),
    allowed:
      "hosts, *.domain for all below one, or whole origins (https; http on loopback only), in small letters, separated by commas",
    why: "Web Push: where a client may ask this service to send to. Anywhere else is refused, for a client could name a machine of your own network.",
  }),
};

/** Of another port, or of a test. */
function isServiceOrigin(value: string): boolean {
  if (hasProtocol(value, ["https:"])) return new URL(value).origin === value;
  return hasProtocol(value, ["http:"]) && isLoopbackUrl(value) && new URL(value).origin === value;
}

interface Vapid {
  VAPID_PUBLIC_KEY: string;
  VAPID_PRIVATE_KEY: string;
  VAPID_SUBJECT: string;
}

const vapidNames = ["VAPID_PUBLIC_KEY", "VAPID_PRIVATE_KEY", "VAPID_SUBJECT"] as const;
const isPublicKey = (value: string) => value !== "" && webPushSettings.VAPID_PUBLIC_KEY.schema.safeParse(value).success;
const isAnyGiven = (settings: Vapid) => vapidNames.some((name) => settings[name] !== "");

/** All three or none, and the keys of one pair. */
export const webPushRules = [
  ...vapidNames.map((name) => ({
    name,
    allowed: `${webPushSettings[name].allowed}: required with the other VAPID settings`,
    isBroken: (settings: Vapid) => isAnyGiven(settings) && settings[name] === "",
  })),
  {
    name: "VAPID_PRIVATE_KEY" as const,
    allowed: "the private key that VAPID_PUBLIC_KEY belongs to",
    isBroken: ({ VAPID_PUBLIC_KEY: publicKey, VAPID_PRIVATE_KEY: privateKey }: Vapid) =>
      isPublicKey(publicKey) && privateKey !== "" && publicKeyOf(privateKey) !== publicKey,
  },
];

/** The parts around the number in a private key of the curve P-256, by RFC 5915. */
const before = Buffer.from("30310201010420", "hex");
const behind = Buffer.from("a00a06082a8648ce3d030107", "hex");

/** Undefined where the number is none of the curve's private keys. */
function publicKeyOf(privateKey: string): string | undefined {
  const key = Buffer.concat([before, Buffer.from(privateKey, "base64url"), behind]);
  try {
    const pair = createPrivateKey({ key, format: "der", type: "sec1" });
    const { x, y } = createPublicKey(pair).export({ format: "jwk" });
    const point = [Buffer.of(4), Buffer.from(x!, "base64url"), Buffer.from(y!, "base64url")];
    return Buffer.concat(point).toString("base64url");
  } catch {
    return undefined;
  }
}
