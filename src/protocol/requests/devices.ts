/** Devices of users, how one is linked, and their key packages. */
import * as z from "zod/mini";
import { base64Bytes } from "../base64.ts";
import { deviceId, userId } from "../ids.ts";
import { limits } from "../limits.ts";
import { generation, position, sequence, timestamp } from "../log-entry.ts";
import { publicKey, suite, deviceListEntry, keyPackage, inGroup, empty, stock } from "./fields.ts";

const channel = base64Bytes(16, 16);
/** What a device is called, sealed for its user's devices under the archive key of that generation. */
const deviceName = z.object({
  device: deviceId,
  archiveGeneration: generation,
  sealed: base64Bytes(limits.sealedDeviceNameBytes, limits.sealedDeviceNameBytes),
});

export const deviceRequests = {
  /** A new device waits to be linked. */
  "link:offer": {
    request: z.object({ channel, device: deviceId, deviceKey: publicKey, kemKey: base64Bytes(1216, 1216) }),
    reply: z.object({ expiresAt: timestamp }),
  },
  /** The offer behind a link code, to another device of the same user. */
  "link:fetch": {
    request: z.object({ channel }),
    reply: z.object({ device: deviceId, deviceKey: publicKey, kemKey: base64Bytes(1216, 1216) }),
  },
  /** Extends the device list by the new device and passes the sealed answer on to it, in one transaction. */
  "link:complete": {
    request: z.object({ channel, entry: deviceListEntry, sealed: base64Bytes(limits.linkPayloadBytes, 1) }),
    reply: z.object({ listVersion: sequence }),
  },
  /** Device lists, entry by entry, after the version that the caller holds (0: all). */
  "devices:read": {
    request: z.object({
      users: z
        .array(z.object({ user: userId, after: position }))
        .check(z.minLength(1), z.maxLength(limits.usersPerDeviceListRead)),
      conversation: inGroup,
    }),
    reply: z.object({
      users: z.array(
        z.object({
          user: userId,
          accountKey: z.nullable(publicKey),
          entries: z.array(deviceListEntry),
          /** Of a user who was erased, in the place of the signed list, which names it: the keys that its devices had, by the node's word. */
          erased: z.optional(z.array(z.object({ device: deviceId, deviceKey: publicKey }))),
        }),
      ),
    }),
  },
  /** Revokes one of the caller's own user's devices: its sockets close, its key packages go. */
  "devices:revoke": { request: z.object({ entry: deviceListEntry }), reply: z.object({ listVersion: sequence }) },
  /** Names a live device of the caller's user; it takes the place of the name before. */
  "devices:name": { request: deviceName, reply: empty },
  /** What the caller's user calls its live devices. */
  "devices:names": { request: empty, reply: z.object({ names: z.array(deviceName) }) },
  "keypackages:publish": {
    request: z.object({
      suite,
      oneTime: z.array(keyPackage).check(z.maxLength(limits.keyPackagesPerPublish)),
      lastResort: z.optional(keyPackage),
    }),
    reply: z.object({ keyPackages: z.array(stock) }),
  },
  /** Takes one key package of each device; each one-time package is handed out once. Devices without any are left out. */
  "keypackages:claim": {
    request: z.object({
      suite,
      devices: z
        .array(z.object({ user: userId, device: deviceId }))
        .check(z.minLength(1), z.maxLength(limits.devicesPerClaim)),
      conversation: inGroup,
    }),
    reply: z.object({
      packages: z.array(z.object({ user: userId, device: deviceId, keyPackage, lastResort: z.boolean() })),
    }),
  },
} as const;
