/**
 * Wakes people who are away, on a schedule that stands in SQL: whatever else is lost, nobody gets a push more or less by it.
 *
 *   message waits ──▶ due after a delay ──▶ nothing waits any more: ends
 *                          ▲   │──▶ somebody is online: looked at again a little later
 *                          │   │──▶ push failed: tried again a little later
 *                          └───┴──▶ pushed, or nowhere to push to: due again, each time twice as long after
 */
import { createHash } from "node:crypto";
import type { DueWake } from "../src/actors/ports/store-wakes.ts";
import type { UserId } from "../src/protocol/ids.ts";
import type { Pushing, WorkerPorts } from "./worker-ports.ts";

/** What a job needs to know of a wake. */
export type LeasedWake = Pick<DueWake, "user" | "newestAt" | "attempt">;

const wakesPerLease = 100;
/** A sweep that finds this much leaves the rest to the next one. */
const leasesPerSweep = 20;
/** Several times what the pushes of one lease take, one after the other where they go out a few at once, each as long as it may. */
const leaseMs = 120_000;
/** For who is online, or whose push failed. */
const soonMs = 30_000;
const atOnce = 16;

/** Leases what is due, and hands it on. Returns how many. */
export async function findDueWakes(
  ports: WorkerPorts,
  handOn: (wakes: readonly LeasedWake[]) => Promise<void>,
): Promise<number> {
  if (ports.pushing === undefined) return 0;
  let found = 0;
  for (let lease = 0; lease < leasesPerSweep; lease += 1) {
    const due = await ports.store.leaseDueWakes(ports.now(), wakesPerLease, leaseMs);
    if (due.length > 0) await handOn(due);
    found += due.length;
    if (due.length < wakesPerLease) break;
  }
  return found;
}

/** Works off wakes in this process, a few at once. */
export async function wakeHere(ports: WorkerPorts, wakes: readonly LeasedWake[]): Promise<void> {
  const waiting = [...wakes];
  const work = async () => {
    for (let wake = waiting.pop(); wake !== undefined; wake = waiting.pop()) await wakeUser(ports, wake);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/**
 * Decides anew by what SQL says now. Nothing happens where it says another thing than when this was leased: then the push was
 * sent, or something newer has come, whose own turn it is. So a job that is lost, late or doubled does no harm.
 */
export async function wakeUser(ports: WorkerPorts, leased: LeasedWake): Promise<void> {
  const { store, pushing, telemetry, now } = ports;
  const { user } = leased;
  const wake = pushing && (await store.readWake(user));
  if (pushing === undefined || wake?.attempt !== leased.attempt || wake.newestAt !== leased.newestAt) return;
  if (!wake.waits) return store.concludeWake(wake, { kind: "done" });
  const later = { kind: "postponed" as const, nextAt: now() + Math.round(soonMs * (0.9 + Math.random() * 0.2)) };
  if (await isOnline(ports, user)) return store.concludeWake(wake, later);
  const note = { id: idOf(wake), user, attempt: wake.attempt, at: now() };
  const outcome = await pushing.push.send(note);
  telemetry.metrics.count("wakes", { outcome });
  if (outcome === "failed") return store.concludeWake(wake, later);
  await store.concludeWake(wake, {
    kind: "pushed",
    nextAt: now() + pauseAfter(wake.attempt, pushing, Math.random()),
    quietUntil: now() + pushing.quietMs,
    now: now(),
  });
}

/** Milliseconds from a push to the next: doubled each time, a tenth more or less. `random`: 0 to 1. */
export function pauseAfter(
  attempt: number,
  { retryMs, longestMs }: Pick<Pushing, "retryMs" | "longestMs">,
  random: number,
): number {
  return Math.round(Math.min(retryMs * 2 ** Math.min(attempt, 30), longestMs) * (0.9 + random * 0.2));
}

/** Where nobody knows, they are away: a push too many is better than none. */
async function isOnline({ presence }: WorkerPorts, user: UserId): Promise<boolean> {
  try {
    const [status] = await presence.statusOf([user]);
    return status?.online ?? false;
  } catch {
    return false;
  }
}

function idOf({ user, newestAt, attempt }: DueWake): string {
  return createHash("sha256").update(`${user} ${newestAt} ${attempt}`).digest("hex").slice(0, 32);
}
