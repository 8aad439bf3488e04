/**
 * Never gives up on a recipient: rings the devices that lag, and says so when their time has run out. Plain functions over
 * ports; a timer or a job runs them, several at once do no harm. Never sends a message itself: devices read the log.
 */
import type { DueConversation } from "../src/actors/ports/store-maintenance.ts";
import { deviceRoom, userRoom } from "../src/protocol/rooms.ts";
import type { WorkerPorts } from "./worker-ports.ts";

const conversationsPerLease = 100;
/** Longer than a page of doorbells takes; shorter than people wait. */
const leaseMs = 10_000;
const expiriesPerPage = 200;
/** A sweep that finds this much leaves the rest to the next one. */
const pagesPerSweep = 50;

/** Rings every online device that has not acked its conversation's head. Returns how many doorbells went out. */
export async function ringLaggards(ports: WorkerPorts): Promise<number> {
  let rung = 0;
  for (let page = 0; page < pagesPerSweep; page += 1) {
    const due = await ports.store.leaseDueConversations(ports.now(), conversationsPerLease, leaseMs);
    for (const conversation of due) rung += await ringConversation(ports, conversation);
    if (due.length < conversationsPerLease) break;
  }
  return rung;
}

async function ringConversation(ports: WorkerPorts, due: DueConversation): Promise<number> {
  const { conversation, head, laggards } = due;
  const online = await ports.presence.online(laggards);
  for (const device of online) ports.delivery.emit(deviceRoom(device), "conversation:behind", { conversation, head });
  await ports.store.postponeConversation(conversation, head, ports.now());
  return online.size;
}

/** Ends the wait for recipients who had no device online within `ttlMs`, and tells the others. Returns how many. */
export async function expireUndelivered(ports: WorkerPorts, ttlMs: number): Promise<number> {
  let expired = 0;
  for (let page = 0; page < pagesPerSweep; page += 1) {
    const expiries = await ports.store.expireUndelivered(ports.now(), ttlMs, expiriesPerPage);
    for (const { tell, ...receipt } of expiries) {
      for (const user of tell) ports.delivery.emit(userRoom(user), "message:expired", { kind: "expired", ...receipt });
    }
    expired += expiries.length;
    if (expiries.length < expiriesPerPage) break;
  }
  return expired;
}
