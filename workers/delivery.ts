/**
 * Never gives up on a recipient: rings the devices that lag, and says so when their time has run out. Plain functions over
 * ports; a timer or a job runs them, several at once do no harm. Never sends a message itself: devices read the log.
 */
import type { DueConversation } from "../src/actors/ports/store-maintenance.ts";
import type { DeviceId } from "../src/protocol/ids.ts";
import { deviceRoom, userRoom } from "../src/protocol/rooms.ts";
import type { WorkerPorts } from "./worker-ports.ts";

const conversationsPerLease = 100;
/** Longer than a page of doorbells takes; shorter than people wait. */
const leaseMs = 10_000;
const conversationsPerPage = 200;
/** A sweep that finds this much leaves the rest to the next one. */
const pagesPerSweep = 200;

/** Rings every online device that has not acked its conversation's head. Returns how many doorbells went out. */
export async function ringLaggards(ports: WorkerPorts): Promise<number> {
  let rung = 0;
  for (let page = 0; page < pagesPerSweep; page += 1) {
    const { due, more } = await ports.store.leaseDueConversations(ports.now(), conversationsPerLease, leaseMs);
    for (const conversation of due) rung += await ringConversation(ports, conversation);
    if (!more) break;
  }
  return rung;
}

async function ringConversation(ports: WorkerPorts, due: DueConversation): Promise<number> {
  const { conversation, head, laggards } = due;
  const online = await onlineOf(ports, laggards);
  await noteWaiting(ports, due, online);
  // Where nobody knows who is online everybody is rung: a bell that nobody hears costs little.
  const rung = online ?? laggards.map(({ device }) => device);
  for (const device of rung) ports.delivery.emit(deviceRoom(device), "conversation:behind", { conversation, head });
  await ports.store.postponeConversation(conversation, head, ports.now());
  return [...rung].length;
}

/** Who waits for a message and has no device online is in the schedule of pushes from here on. */
async function noteWaiting(
  { store, pushing, now }: WorkerPorts,
  { waiting, laggards }: DueConversation,
  online: ReadonlySet<DeviceId> | undefined,
): Promise<void> {
  if (pushing === undefined || waiting.length === 0) return;
  const reachable = new Set(laggards.filter(({ device }) => online?.has(device)).map(({ user }) => user));
  const away = waiting.filter(({ user }) => !reachable.has(user));
  if (away.length > 0) await store.noteWaiting(away, now() + pushing.delayMs, pushing.quietMs);
}

/** Undefined where nobody knows. */
function onlineOf({ presence }: WorkerPorts, laggards: DueConversation["laggards"]) {
  return presence.online(laggards).catch(() => undefined);
}

/** Ends the wait for recipients who had no device online within `ttlMs`, and tells the others. Returns how many. */
export async function expireUndelivered(ports: WorkerPorts, ttlMs: number): Promise<number> {
  let expired = 0;
  for (let page = 0; page < pagesPerSweep; page += 1) {
    const { expiries, more } = await ports.store.expireUndelivered(ports.now(), ttlMs, conversationsPerPage);
    for (const { tell, ...receipt } of expiries) {
      for (const user of tell) ports.delivery.emit(userRoom(user), "message:expired", { kind: "expired", ...receipt });
    }
    expired += expiries.length;
    if (!more) break;
  }
  return expired;
}
