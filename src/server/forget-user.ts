import type { Settings } from "../../config/settings.ts";
import { silentTelemetry } from "../actors/ports/silent-telemetry.ts";
import type { Forgotten } from "../cluster/forget-user.ts";
import { StartError } from "./start-error.ts";

const answerWithinMs = 5_000;

/** Takes a user out of the Redis that the settings name; undefined where they name none. Throws `StartError` where it does not answer. */
export async function forgetUser(settings: Settings, forgotten: Forgotten): Promise<number | undefined> {
  if (settings.REDIS_URL === "") return undefined;
  // A node that is alone does not load what it takes.
  const { RedisConnection } = await import("../cluster/redis-connection.ts");
  const { forgetInRedis } = await import("../cluster/forget-user.ts");
  const connection = new RedisConnection({ url: settings.REDIS_URL, telemetry: silentTelemetry, name: "erasing" });
  try {
    const late = new Promise<never>((_resolve, reject) => {
      setTimeout(() => reject(new Error("no answer")), answerWithinMs).unref();
    });
    await Promise.race([connection.whenReady(), late]);
    return await forgetInRedis(connection.client, forgotten);
  } catch (cause) {
    throw new StartError("REDIS_URL: Redis does not answer, and holds what it held. Run it again when it does.", {
      cause,
    });
  } finally {
    connection.close();
  }
}
