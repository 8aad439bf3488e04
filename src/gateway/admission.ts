/**
 * The second door: a socket proves that it holds its device key, and becomes that device. Owns who is in which room.
 * Invariant: rooms first, backlog second: an admitted device hears everything that is posted after its answer, and reads
 * what was posted before.
 */
import type { DeviceRow } from "../actors/ports/store-devices.ts";
import { verifyAdmission } from "../identity/admission.ts";
import { fromBase64 } from "../protocol/base64.ts";
import { SottoError } from "../protocol/errors.ts";
import type { DeviceId } from "../protocol/ids.ts";
import type { ReplyOf } from "../protocol/requests.ts";
import { deviceRoom, groupRoom, userRoom } from "../protocol/rooms.ts";
import type { Edge } from "./edge.ts";
import { closeSession, setSessionTimer, type Session } from "./session.ts";

type Admitted = ReplyOf<"session:prove">;

/** Whether `signature` (base64) answers this session's challenge for a device with this key. */
export function isProved(session: Session, device: DeviceId, deviceKey: Uint8Array, signature: string): boolean {
  const { nonce, user, hosts } = session;
  const bytes = fromBase64(signature);
  return hosts.some((origin) => verifyAdmission({ nonce, origin, user, device }, bytes, deviceKey));
}

/** Lets one attempt at a time answer the challenge; a refusal leaves it standing. */
export async function answerChallenge(
  edge: Edge,
  session: Session,
  prove: () => Promise<DeviceRow>,
): Promise<Admitted> {
  if (session.state !== "challenged") {
    throw new SottoError("invalid-request", { detail: "The challenge of this socket is being answered, or was." });
  }
  session.state = "admitting";
  try {
    const device = await prove();
    return await admit(edge, session, device);
  } catch (error) {
    await leaveRooms(edge, session);
    // The state may have become "closing" while this waited.
    if ((session.state as Session["state"]) === "admitting") session.state = "challenged";
    throw error;
  }
}

async function admit(edge: Edge, session: Session, { user, device, deviceKey }: DeviceRow): Promise<Admitted> {
  const { socket } = session;
  session.caller = { user, device, deviceKey, socket: socket.id };
  const admittedAt = await edge.actors.store.clock();
  socket.data.admittedAt = admittedAt;
  await socket.join([userRoom(user), deviceRoom(device)]);
  // After the join: of two sockets of the device that come at once on two nodes, each hears of the other.
  const others = { exceptSocket: socket.id, admittedBefore: admittedAt };
  edge.delivery.closeSockets(deviceRoom(device), { code: "replaced" }, others);
  // Who is added to a group from here on is let into its room by its user's.
  const groups = await edge.actors.store.readGroups(user);
  await socket.join(groups.map(groupRoom));
  await edge.presence.join({ user, device, socket: socket.id });
  if (!socket.connected) await edge.presence.leave({ user, device, socket: socket.id }, "lost");
  const reply = await describeAdmitted(edge, session, device);
  if (session.state !== "admitting") throw new SottoError("unauthenticated");
  session.state = "admitted";
  setSessionTimer(session, session.tokenExpiresAt - Date.now(), () => {
    closeSession(session, { code: "token-expired" });
  });
  edge.telemetry.log.info("socket.admitted", { user, device, socket: socket.id });
  return reply;
}

/** What was joined for a device that is then refused, after all: revoked meanwhile, or the database gone. */
async function leaveRooms(edge: Edge, session: Session): Promise<void> {
  const { caller, socket } = session;
  if (!caller) return;
  session.caller = undefined;
  await Promise.all([...socket.rooms].filter((room) => room !== socket.id).map((room) => socket.leave(room)));
  await edge.presence.leave(caller, "left");
}

async function describeAdmitted(edge: Edge, session: Session, device: DeviceId): Promise<Admitted> {
  const { user } = session;
  const { store, keyPackages } = edge.actors;
  const [[list], stock, row] = await Promise.all([
    store.readDeviceLists([{ user, after: Number.MAX_SAFE_INTEGER }]),
    keyPackages.stock(device),
    // Asked again now that the room is joined: a revocation from here on closes it, one before is seen here.
    store.findDevice(device),
  ]);
  if (!row || row.revokedAt !== null) throw new SottoError("device-revoked");
  const { messageBytes, historyRetentionDays } = edge.settings;
  const listVersion = list?.version ?? 0;
  const limits = { messageBytes, historyRetentionDays };
  return { user, device, serverTime: Date.now(), listVersion, keyPackages: stock, limits };
}
