/** The recovery key of a user: what is published of it, and what stands at the node for whoever has its words. */
import * as z from "zod/mini";
import { base64Bytes } from "../base64.ts";
import { deviceId } from "../ids.ts";
import { limits } from "../limits.ts";
import { generation, position, sequence, timestamp } from "../log-entry.ts";
import { signature } from "../receipts.ts";
import { empty } from "./fields.ts";

/** X-Wing. */
const kemKey = base64Bytes(1216, 1216);
const vault = base64Bytes(limits.vaultBytes, 1);

/** The user's latest word on its recovery key, signed by the account key. `publicKey` null: there is none any more. */
const statement = { version: sequence, publicKey: z.nullable(kemKey), madeAt: timestamp, signature };

/** An archive key sealed to the recovery key, signed by the device that hands it over. */
const grant = z.object({
  generation,
  listVersion: sequence,
  by: deviceId,
  encapsulated: base64Bytes(1120, 1120),
  sealed: base64Bytes(48, 48),
  signature,
});

export const recoveryRequests = {
  /** Where the recovery key of the caller's user stands; null where there never was one. `granted`: which archive keys are there, by which device. */
  "recovery:read": {
    request: empty,
    reply: z.object({
      key: z.nullable(
        z.object({ ...statement, revision: position, granted: z.array(z.object({ generation, by: deviceId })) }),
      ),
    }),
  },
  /** A new recovery key with its first vault, or the word that there is none any more. Takes the place of version `after` (0: none). */
  "recovery:put": {
    request: z.object({ after: position, ...statement, vault: z.nullable(vault) }),
    reply: empty,
  },
  /** The next vault under the recovery key of this version, signed by the account key. */
  "recovery:save": {
    request: z.object({ version: sequence, revision: sequence, vault, signature }),
    reply: empty,
  },
  /** Hands archive keys to the recovery key of this version. What the device has given already stays as it is. */
  "recovery:grant": {
    request: z.object({
      version: sequence,
      grants: z.array(grant).check(z.minLength(1), z.maxLength(limits.recoveryGrantsPerPut)),
    }),
    reply: empty,
  },
  /** All that stands at the node for whoever has the words; also of a socket that is not admitted. A few times a day of a user. */
  "recovery:fetch": {
    request: empty,
    reply: z.object({
      version: sequence,
      publicKey: kemKey,
      madeAt: timestamp,
      signature,
      revision: sequence,
      vault,
      grants: z.array(grant),
    }),
  },
} as const;
