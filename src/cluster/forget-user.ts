/**
 * Takes a user out of Redis: presence, limits, wakes that wait, pushes that the streams adapter still holds. All of it would end by
 * itself; what is done here is that it ends now. Nodes may go on meanwhile: they put back nothing of who has no socket.
 */
import type { RedisClient } from "./redis-connection.ts";
import { keys } from "./keys.ts";

/** `names`: the user's, and the ids of its devices. */
export interface Forgotten {
  user: string;
  names: readonly string[];
}

/** Nodes look every two seconds for whose devices are gone; longer than this nobody's sockets stay. */
const socketsGoneWithinMs = 8_000;
const lookEveryMs = 250;
const keysPerScan = 500;

/** Answers how many keys and entries went. Throws what the client throws. */
export async function forgetInRedis(client: RedisClient, forgotten: Forgotten): Promise<number> {
  await socketsGone(client, forgotten.user);
  return (
    (await forgetPresence(client, forgotten.user)) +
    (await forgetLimits(client, forgotten)) +
    (await forgetWakes(client, forgotten.user)) +
    (await forgetPushes(client, forgotten))
  );
}

/** A socket that leaves notes when; one whose line was lost may be in its grace for longer, and notes nothing once its entry is gone. */
async function socketsGone(client: RedisClient, user: string): Promise<void> {
  const until = performance.now() + socketsGoneWithinMs;
  while (performance.now() < until && (await client.exists(keys.presenceUser(user))) === 1) {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

async function forgetPresence(client: RedisClient, user: string): Promise<number> {
  for (const node of await client.zRange(keys.presenceNodes, 0, -1)) await client.sRem(keys.presenceNode(node), user);
  return client.del([keys.presenceUser(user), keys.presenceSeen(user)]);
}

/** A subject is a user, a device, or one of them with a word or a conversation. */
async function forgetLimits(client: RedisClient, { names }: Forgotten): Promise<number> {
  const wanted = new Set(names);
  const prefix = keys.limit("", "").slice(0, -1);
  let gone = 0;
  for await (const found of scan(client, `${prefix}*`)) {
    const concerned = found.filter((key) => {
      const subject = key.slice(prefix.length).replace(/^[^:]*:/, "");
      return subject.split(" ").some((part) => wanted.has(part));
    });
    if (concerned.length > 0) gone += await client.del(concerned);
  }
  return gone;
}

/** Of a job its place goes before it does: a worker that takes an id without a job has nothing to do. */
async function forgetWakes(client: RedisClient, user: string): Promise<number> {
  let gone = await client.del(keys.wakeOnce(user));
  for await (const found of scan(client, `${keys.wakes}:*`)) {
    for (const key of found) {
      if ((await client.type(key)) !== "hash" || userOfJob(await client.hGet(key, "data")) !== user) continue;
      const id = key.slice(keys.wakes.length + 1);
      for (const state of ["wait", "paused", "active"]) await client.lRem(`${keys.wakes}:${state}`, 0, id);
      for (const state of ["delayed", "failed", "completed"]) await client.zRem(`${keys.wakes}:${state}`, id);
      gone += await client.del(key);
    }
  }
  return gone;
}

function userOfJob(data: string | null | undefined): string | undefined {
  try {
    return (JSON.parse(data ?? "{}") as { user?: string }).user;
  } catch {
    return undefined;
  }
}

/** Every node has read what stands there; who has not takes it for a push that got lost. */
async function forgetPushes(client: RedisClient, { names }: Forgotten): Promise<number> {
  let gone = 0;
  for (let from = "-"; ;) {
    const page = (await client.xRange(keys.pushStream, from, "+", { COUNT: keysPerScan })) ?? [];
    const concerned = page.filter(({ message }) => names.some((name) => JSON.stringify(message).includes(name)));
    if (concerned.length > 0)
      gone += await client.xDel(
        keys.pushStream,
        concerned.map(({ id }) => id),
      );
    if (page.length < keysPerScan) return gone;
    from = `(${page.at(-1)!.id}`;
  }
}

async function* scan(client: RedisClient, pattern: string): AsyncGenerator<string[]> {
  let cursor = "0";
  do {
    const page = await client.scan(cursor, { MATCH: pattern, COUNT: keysPerScan });
    cursor = String(page.cursor);
    yield page.keys;
  } while (cursor !== "0");
}
