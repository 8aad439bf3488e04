/** How a socket is admitted. */
import * as z from "zod/mini";
import { deviceId, userId } from "../ids.ts";
import { position, sequence, timestamp } from "../log-entry.ts";
import { hash, signature } from "../receipts.ts";
import { publicKey, deviceListEntry, empty, stock } from "./fields.ts";

const admitted = z.object({
  user: userId,
  device: deviceId,
  serverTime: timestamp,
  listVersion: position,
  /** How many key packages of this device are left, by suite. */
  keyPackages: z.array(stock),
  limits: z.object({ messageBytes: position, historyRetentionDays: position }),
});

export const admissionRequests = {
  /** Answers the challenge of the handshake with a registered device's signature. */
  "session:prove": { request: z.object({ device: deviceId, signature }), reply: admitted },
  /** Registers the first device of a user, and answers the challenge with its key. `link-required` where there is one. */
  "session:register": {
    request: z.object({ device: deviceId, accountKey: publicKey, entry: deviceListEntry, signature }),
    reply: admitted,
  },
  /**
   * Where the device list of the token's user stands, for who is about to start over; of a socket that is not admitted. `device-unknown`
   * where there is none.
   */
  "devices:head": {
    request: empty,
    reply: z.object({ accountKey: publicKey, version: sequence, head: hash }),
  },
  /**
   * The user starts over with this device alone and a new account key, and the challenge is answered with the device's key. All
   * devices before count as revoked.
   */
  "session:reset": {
    request: z.object({ device: deviceId, accountKey: publicKey, entry: deviceListEntry, signature }),
    reply: admitted,
  },
  /**
   * Adds this device to the user's list by an entry that the account key has signed, which the recovery key gave back, and answers the
   * challenge with the device's key.
   */
  "session:restore": {
    request: z.object({ device: deviceId, entry: deviceListEntry, signature }),
    reply: admitted,
  },
} as const;
