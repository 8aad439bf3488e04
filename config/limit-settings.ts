/** How much is too much. Rates are token buckets: as much at once as in one period, refilled evenly over it. */
import { integer } from "./setting.ts";

export const limitSettings = {
  MAX_MESSAGE_BYTES: integer({
    unit: "bytes",
    default: 262_144,
    min: 1024,
    max: 262_144,
    why: "Largest sealed message. The protocol allows no more than 256 KiB; files go elsewhere.",
  }),
  MAX_SOCKETS: integer({
    unit: "sockets",
    default: 10_000,
    min: 1,
    max: 1_000_000,
    why: "Connections of one node. An idle one takes about 30 kB; the next gets `overloaded`.",
  }),
  RATE_HANDSHAKES_PER_MINUTE: integer({
    unit: "per address",
    default: 600,
    min: 1,
    max: 1_000_000,
    why: "New connections. A whole office may stand behind one address.",
  }),
  RATE_REQUESTS_PER_SECOND: integer({
    unit: "per device",
    default: 500,
    min: 1,
    max: 1_000_000,
    why: "Everything a connected device asks for but messages.",
  }),
  RATE_MESSAGES_PER_SECOND: integer({
    unit: "per device",
    default: 500,
    min: 1,
    max: 1_000_000,
    why: "Messages a device sends. An outbox that comes back online sends many at once.",
  }),
  RATE_CLAIMS_PER_MINUTE: integer({
    unit: "per user who asks",
    default: 120,
    min: 1,
    max: 1_000_000,
    why: "Key packages taken from others. Each is used once, so taking them all is an attack.",
  }),
  RATE_CLAIMED_PER_MINUTE: integer({
    unit: "per user taken from",
    default: 120,
    min: 1,
    max: 1_000_000,
    why: "Key packages taken of one user, whoever asks.",
  }),
  RATE_CONVERSATIONS_PER_HOUR: integer({
    unit: "per user",
    default: 1_000,
    min: 1,
    max: 1_000_000,
    why: "Groups that one user makes room for. One that nobody founds is kept as long as the history.",
  }),
  RATE_READDS_PER_HOUR: integer({
    unit: "per device and conversation",
    default: 6,
    min: 1,
    max: 1_000_000,
    why: "How often a device that cannot follow asks to be added again. Each request goes into every other device's inbox.",
  }),
  RATE_RESETS_PER_DAY: integer({
    unit: "per user",
    default: 3,
    min: 1,
    max: 1_000,
    why: "How often a user who has lost all devices starts over. Each time closes out the devices there are, and contacts are told.",
  }),
  RATE_SIGN_INS_PER_MINUTE: integer({
    unit: "per address, and per name",
    default: 10,
    min: 1,
    max: 100_000,
    why: "Passwords tried. Guessing must be slow.",
  }),
  RATE_SIGN_UPS_PER_HOUR: integer({
    unit: "per address",
    default: 20,
    min: 1,
    max: 100_000,
    why: "Accounts made.",
  }),
};
