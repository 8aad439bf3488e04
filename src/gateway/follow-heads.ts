/**
 * Follows the conversations' heads in SQL, and rings this node's own sockets for what they have not acked soon after it was
 * accepted: whoever accepted it, and whether or not its push found the way here. With it, Redis may be down for good and a
 * message comes some seconds late. On the same round sockets of devices that were revoked elsewhere are closed, and the rooms of
 * groups put right: word between nodes of who came and went may have got lost.
 */
import type { Telemetry } from "../actors/ports/silent-telemetry.ts";
import type { FollowingStore, Laggard, ReceiptNews } from "../actors/ports/store-following.ts";
import { deviceRoom, groupRoom, userRoom, type Room } from "../protocol/rooms.ts";
import { closeSession } from "./session.ts";
import type { GatewaySocket, SocketServer } from "./socket-server.ts";

export interface FollowingParts {
  store: FollowingStore;
  sockets: SocketServer;
  telemetry: Telemetry;
  /** Whether pushes between nodes get lost now: then receipts are followed, too, which else are left to their pushes. */
  isCutOff: () => boolean;
  /** Nobody else accepts anything here, but a command may take devices away: only that is looked for. */
  isAlone?: boolean;
  timings?: Partial<FollowingTimings>;
}

/** In milliseconds. */
export interface FollowingTimings {
  everyMs: number;
  /** What is younger is left to its push, and to the ack that is on its way. */
  settleMs: number;
  /** So long may a commit take after it was given its time: longer than the database lets a transaction wait. */
  overlapMs: number;
}

const defaultTimings: FollowingTimings = { everyMs: 2_000, settleMs: 1_500, overlapMs: 6_000 };
const rowsPerPage = 1_000;

export function startFollowingHeads(parts: FollowingParts): { stop(): Promise<void> } {
  const follower = new HeadFollower(parts);
  follower.wait();
  return { stop: () => follower.stop() };
}

class HeadFollower {
  private readonly parts: FollowingParts;
  private readonly timings: FollowingTimings;
  /** Up to where, by the database's clock, everything was looked at. */
  private lookedUpTo: number | undefined;
  /** What was rung in the last round, by device and conversation, with the head: it is not rung again for the overlap. */
  private rung = new Map<string, number>();
  /** The same for receipts, by user and conversation, with their version. */
  private told = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private round = Promise.resolve();
  private isStopped = false;
  private isFailing = false;

  constructor(parts: FollowingParts) {
    this.parts = parts;
    this.timings = { ...defaultTimings, ...parts.timings };
  }

  wait(): void {
    if (this.isStopped) return;
    const delay = this.timings.everyMs * (0.9 + Math.random() * 0.2);
    this.timer = setTimeout(() => {
      this.round = this.look().then(() => this.wait());
    }, delay).unref();
  }

  stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    return this.round;
  }

  private async look(): Promise<void> {
    const { store, telemetry, sockets } = this.parts;
    try {
      const { settleMs, overlapMs } = this.timings;
      // While no push is coming there is nothing to wait for; and what is written to all the time is never older.
      const to = (await store.clock()) - (this.parts.isCutOff() ? 0 : settleMs);
      const from = (this.lookedUpTo ?? to) - overlapMs;
      // Nobody is here to be rung; whoever comes reads the log first.
      if (sockets.of("/").sockets.size > 0) {
        await this.closeRevoked(from);
        if (!this.parts.isAlone) await this.followOthers(from, to);
      }
      this.lookedUpTo = to;
      this.isFailing = false;
    } catch (error) {
      // Once an outage: the next round looks at everything since the last one that went well.
      if (!this.isFailing) telemetry.log.error("following.failed", { error });
      this.isFailing = true;
    }
  }

  /** What other nodes have done. */
  private async followOthers(from: number, to: number): Promise<void> {
    await this.leaveRooms(from);
    await this.ring(from, to);
    if (this.parts.isCutOff()) await this.tellReceipts(from, to);
  }

  private async ring(from: number, to: number): Promise<void> {
    const rung = new Map<string, number>();
    let after: Laggard | undefined;
    for (;;) {
      const page = await this.parts.store.readLaggards({ from, to, limit: rowsPerPage, ...(after && { after }) });
      for (const laggard of page) this.ringOne(laggard, rung);
      after = page.at(-1);
      if (page.length < rowsPerPage) break;
    }
    this.rung = rung;
  }

  private ringOne({ conversation, kind, device, head }: Laggard, rung: Map<string, number>): void {
    const here = this.socketsIn(deviceRoom(device));
    if (here.length === 0) return;
    if (kind === "group") for (const socket of here) void socket.join(groupRoom(conversation));
    const key = `${device} ${conversation}`;
    rung.set(key, head);
    if (this.rung.get(key) === head) return;
    for (const socket of here) socket.emit("conversation:behind", { conversation, head });
    this.parts.telemetry.metrics.count("pushes", { push: "conversation:behind" });
  }

  private async tellReceipts(from: number, to: number): Promise<void> {
    const told = new Map<string, number>();
    let after: ReceiptNews | undefined;
    for (;;) {
      const page = await this.parts.store.readReceiptNews({ from, to, limit: rowsPerPage, ...(after && { after }) });
      for (const { conversation, head, receiptVersion, user } of page) {
        const here = this.socketsIn(userRoom(user));
        if (here.length === 0) continue;
        const key = `${user} ${conversation}`;
        told.set(key, receiptVersion);
        if (this.told.get(key) === receiptVersion) continue;
        for (const socket of here) socket.emit("conversation:behind", { conversation, head, receiptVersion });
      }
      after = page.at(-1);
      if (page.length < rowsPerPage) break;
    }
    this.told = told;
  }

  private async closeRevoked(from: number): Promise<void> {
    for (const { device } of await whole((limit) => this.parts.store.readRevocations(from, limit))) {
      for (const { data } of this.socketsIn(deviceRoom(device))) closeSession(data.session, { code: "device-revoked" });
    }
  }

  private async leaveRooms(from: number): Promise<void> {
    for (const { conversation, user } of await whole((limit) => this.parts.store.readDepartures(from, limit))) {
      for (const socket of this.socketsIn(userRoom(user))) void socket.leave(groupRoom(conversation));
    }
  }

  private socketsIn(room: Room): GatewaySocket[] {
    const { adapter, sockets } = this.parts.sockets.of("/");
    return Array.from(adapter.rooms.get(room) ?? [], (id) => sockets.get(id)).filter((socket) => socket !== undefined);
  }
}

/** All rows of a reading that is bounded. They are few, but for what a long outage leaves. */
async function whole<T>(read: (limit: number) => Promise<T[]>): Promise<T[]> {
  for (let limit = rowsPerPage; ; limit *= 4) {
    const rows = await read(limit);
    if (rows.length < limit) return rows;
  }
}
