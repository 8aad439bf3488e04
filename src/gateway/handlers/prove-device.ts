import { isErasedUser } from "../../protocol/erased-users.ts";
import { SottoError } from "../../protocol/errors.ts";
import { answerChallenge, isProved } from "../admission.ts";
import type { Handler } from "../handler.ts";

/** `session:prove`. Another user's device is as unknown as one that never was. */
export const proveDevice: Handler<"session:prove"> = (edge, session, { device, signature }) =>
  answerChallenge(edge, session, async () => {
    const row = await edge.actors.store.findDevice(device);
    // Whoever it was begins anew with a new store, and not with what it had.
    if (row && isErasedUser(row.user)) throw new SottoError("user-erased");
    if (!row || row.user !== session.user) throw new SottoError("device-unknown");
    if (row.revokedAt !== null) throw new SottoError("device-revoked");
    if (!isProved(session, device, row.deviceKey, signature)) throw new SottoError("admission-refused");
    return row;
  });
