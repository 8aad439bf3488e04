/** Being told by the browser, while this client is closed, that something waits. What waits is read when it connects. */
import { SottoError } from "../protocol/errors.ts";
import { limits } from "../protocol/limits.ts";
import type { Connection } from "./connection/connection.ts";

/** What a browser's `PushSubscription` is by `toJSON()`; its keys are not needed, for pushes have no content. */
export interface WebPushSubscription {
  endpoint?: string | undefined;
}

export class WebPush {
  private readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /**
   * The `applicationServerKey` to subscribe to, base64url. Errors: `push-refused` where the deployment sends no Web Push,
   * `offline`.
   */
  async publicKey(): Promise<string> {
    return (await this.connection.request("push:key", {})).publicKey;
  }

  /**
   * From now on this device is woken there, in the place of where it was before. To be called at each start: a push service
   * may have ended the last one. Errors: `push-refused` for a push service that the deployment does not send to, `offline`,
   * `invalid-argument`.
   */
  async subscribe({ endpoint }: WebPushSubscription): Promise<void> {
    const isUrl = typeof endpoint === "string" && /^https?:\/\/[\x21-\x7e]+$/.test(endpoint);
    if (!isUrl || endpoint.length > limits.pushEndpointLength) {
      throw new SottoError("invalid-argument", { detail: "That is not a PushSubscription: it has no endpoint." });
    }
    await this.connection.request("push:subscribe", { endpoint });
  }

  /** This device is not woken any more. Idempotent. Error: `offline`. */
  async unsubscribe(): Promise<void> {
    await this.connection.request("push:unsubscribe", {});
  }
}
