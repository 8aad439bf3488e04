import type { Departure, PresenceEntry, PresenceStatus } from "../actors/ports/presence.ts";
import type { DeviceId, UserId } from "../protocol/ids.ts";
import { keys } from "./keys.ts";
import {
  endedNodesScript,
  forgetNodeScript,
  joinScript,
  leaseScript,
  leaveScript,
  settleScript,
} from "./presence-scripts.ts";
import { withPatience, type RedisConnection } from "./redis-connection.ts";

const dayMs = 24 * 60 * 60_000;
const seenMs = 30 * dayMs;
const usersPerScan = 200;
/** For one answer of Redis. */
export const patienceMs = 500;

export interface RegistryOptions {
  node: string;
  leaseMs: number;
  graceMs: number;
}

/** The users, sockets and nodes that Redis knows of. Every call rejects where Redis does not answer soon. */
export class PresenceRegistry {
  private readonly connection: RedisConnection;
  private readonly options: RegistryOptions;

  constructor(connection: RedisConnection, options: RegistryOptions) {
    this.connection = connection;
    this.options = options;
  }

  /**
   * `agoMs`: since the socket came. Answers when that was by Redis' clock, to be said with `joinedAt` from then on. Again for
   * the same socket: keeps it alive, and puts it back where it was lost.
   */
  async join({ user, device, socket }: PresenceEntry, agoMs: number, joinedAt = 0): Promise<number> {
    return Number(await this.run(joinScript, { user }, [socket, device, Math.floor(agoMs), joinedAt]));
  }

  async leave({ user, socket }: PresenceEntry, how: Departure, agoMs: number): Promise<void> {
    await this.run(leaveScript, { user }, [socket, how, Math.round(agoMs)]);
  }

  /** Removes what counts no more of a user of a node, this one if nothing else is said. Whether the user went by it. */
  async settle(user: UserId, node = this.options.node): Promise<boolean> {
    return (await this.run(settleScript, { user, node }, [])) === 1;
  }

  /** Whether the lease ran until now. Where not, others may have removed what this node had. */
  async renewLease(): Promise<boolean> {
    const { node, leaseMs } = this.options;
    return (await this.eval(leaseScript, [keys.presenceNodes], [node, leaseMs, dayMs])) === 1;
  }

  async endedNodes(): Promise<string[]> {
    return (await this.eval(endedNodesScript, [keys.presenceNodes], [])) as string[];
  }

  async *usersOf(node: string): AsyncIterable<UserId[]> {
    const { client } = this.connection;
    let cursor = "0";
    do {
      const scan = client.sScan(keys.presenceNode(node), cursor, { COUNT: usersPerScan });
      const found = await withPatience(scan, patienceMs);
      cursor = String(found.cursor);
      yield found.members as UserId[];
    } while (cursor !== "0");
  }

  /** Once nobody is left of it, and while its lease has ended. */
  async forgetNode(node: string): Promise<void> {
    await this.eval(forgetNodeScript, [keys.presenceNodes, keys.presenceNode(node)], [node]);
  }

  async devicesOnline(users: readonly UserId[]): Promise<Set<DeviceId>> {
    const online = new Set<DeviceId>();
    const { entries, isLeased } = await this.read(users);
    for (const { device, node, goneAt } of entries.flat()) if (goneAt === 0 && isLeased(node)) online.add(device);
    return online;
  }

  /** In the order asked. Says of who has gone what a settling would note. */
  async statusOf(users: readonly UserId[]): Promise<PresenceStatus[]> {
    const { graceMs, leaseMs } = this.options;
    const { entries, seen, leases, isLeased, now } = await this.read(users);
    return users.map((user, index) => {
      let lastSeen = Number(seen[index] ?? 0);
      for (const { node, goneAt } of entries[index]!) {
        const counts = goneAt > 0 ? goneAt + graceMs > now : isLeased(node);
        if (counts) return { user, online: true, lastSeen: null };
        lastSeen = Math.max(lastSeen, goneAt > 0 ? goneAt : (leases.get(node) ?? 0) - leaseMs);
      }
      return { user, online: false, lastSeen: lastSeen > 0 ? lastSeen : null };
    });
  }

  private async read(users: readonly UserId[]) {
    const { client } = this.connection;
    const asked = Promise.all([
      client.time(),
      client.zRangeWithScores(keys.presenceNodes, 0, -1),
      Promise.all(users.map((user) => client.hVals(keys.presenceUser(user)))),
      client.mGet(users.map((user) => keys.presenceSeen(user))),
    ]);
    const [[seconds, microseconds], nodes, hashes, seen] = await withPatience(asked, patienceMs);
    const now = Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
    const leases = new Map(nodes.map(({ value, score }) => [value, score]));
    const isLeased = (node: string) => (leases.get(node) ?? 0) > now;
    return { entries: hashes.map((entries) => entries.map(entryOf)), seen, leases, isLeased, now };
  }

  private async run(
    script: string,
    { user, node = this.options.node }: { user: UserId; node?: string },
    parameters: readonly (string | number)[],
  ): Promise<unknown> {
    const { graceMs, leaseMs } = this.options;
    const ofUser = [keys.presenceUser(user), keys.presenceNodes, keys.presenceSeen(user)];
    return this.eval(
      script,
      [...ofUser, keys.presenceNode(node), keys.presenceChanged(user)],
      [graceMs, leaseMs, dayMs, seenMs, node, user, ...parameters],
    );
  }

  private eval(script: string, names: string[], parameters: readonly (string | number)[]): Promise<unknown> {
    const asked = this.connection.client.eval(script, { keys: names, arguments: parameters.map(String) });
    return withPatience(asked, patienceMs);
  }
}

function entryOf(text: string): { device: DeviceId; node: string; goneAt: number } {
  const [device, node, , goneAt] = text.split(" ");
  return { device: device as DeviceId, node: node ?? "", goneAt: Number(goneAt) };
}
