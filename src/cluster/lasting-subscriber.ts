import type { RedisClient, RedisConnection } from "./redis-connection.ts";

const tryAgainMs = 500;
/** What comes and goes by each command. */
const kinds = new Map<string | symbol, string>([
  ["subscribe", "channel"],
  ["unsubscribe", "channel"],
  ["pSubscribe", "pattern"],
  ["pUnsubscribe", "pattern"],
  ["sSubscribe", "shard"],
  ["sUnsubscribe", "shard"],
]);

type Command = (channel: string, ...parameters: unknown[]) => Promise<unknown>;

/** What is wanted of a channel, and whether a command for it is under way. */
interface Wish {
  command: (() => Promise<unknown>) | undefined;
  isUnderWay: boolean;
}

/**
 * A subscriber that never rejects, whose channels end as they were last asked for. The client alone leaves a channel deaf for
 * good in two ways: it gives up on what was asked for while Redis was away; and a subscription asked for before the answer to
 * the channel's cancellation came, it takes for one that exists (a user's last socket leaves, and comes back at once). Here
 * each channel has one command under way, the newest wish follows it, and what failed is tried again: when Redis is back; and
 * soon, where it is there and was only too slow.
 */
export function lastingSubscriber({ client }: RedisConnection): RedisClient {
  const wishes = new Map<string, Wish>();
  let soon: NodeJS.Timeout | undefined;

  const fulfil = async (key: string, wish: Wish): Promise<void> => {
    wish.isUnderWay = true;
    while (wish.command) {
      const { command } = wish;
      try {
        await command();
        if (wish.command === command) wish.command = undefined;
      } catch {
        if (wish.command !== command) continue;
        soon ??= setTimeout(tryAgain, tryAgainMs).unref();
        break;
      }
    }
    wish.isUnderWay = false;
    if (!wish.command) wishes.delete(key);
  };
  const tryAgain = () => {
    soon = undefined;
    if (!client.isReady) return;
    for (const [key, wish] of wishes) if (!wish.isUnderWay) void fulfil(key, wish);
  };
  client.on("ready", tryAgain);

  const want = async (key: string, command: () => Promise<unknown>): Promise<void> => {
    const wish = wishes.get(key) ?? { command, isUnderWay: false };
    wish.command = command;
    wishes.set(key, wish);
    if (!wish.isUnderWay) await fulfil(key, wish);
  };
  return new Proxy(client, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const command = value as Command;
      const kind = kinds.get(name);
      if (kind === undefined) return command.bind(target);
      return (channels: string | string[], ...parameters: unknown[]) =>
        Promise.all(
          [channels]
            .flat()
            .map((channel) => want(`${kind} ${channel}`, () => command.call(target, channel, ...parameters))),
        );
    },
  });
}
