/**
 * Where devices want to be told, while they are away, that something waits. Owns who may name which place: a device its own
 * alone, and only where this deployment sends at all. Never sends: that is the workers' part.
 */
import { SottoError } from "../protocol/errors.ts";
import type { ReplyOf, RequestOf } from "../protocol/requests.ts";
import type { Caller } from "./caller.ts";
import type { PushServices } from "./ports/push.ts";
import type { Store } from "./ports/store.ts";

export interface PushSubscriptionPorts {
  store: Store;
  /** Absent where no Web Push is sent. */
  pushServices?: PushServices;
}

export class PushSubscriptions {
  private readonly ports: PushSubscriptionPorts;

  constructor(ports: PushSubscriptionPorts) {
    this.ports = ports;
  }

  /** What a browser subscribes to. Throws `push-refused`. */
  publicKey(): string {
    return this.services().publicKey;
  }

  /** Throws `push-refused`, `device-revoked`. */
  async subscribe(
    { user, device }: Caller,
    { endpoint }: RequestOf<"push:subscribe">,
  ): Promise<ReplyOf<"push:subscribe">> {
    if (!this.services().accepts(endpoint)) {
      throw new SottoError("push-refused", { detail: "This deployment sends no Web Push to that endpoint." });
    }
    const outcome = await this.ports.store.putPushSubscription({ user, device, endpoint });
    if (outcome === "device-revoked") throw new SottoError("device-revoked");
    return {};
  }

  /** Also where no Web Push is sent any more. */
  async unsubscribe({ device }: Caller): Promise<ReplyOf<"push:unsubscribe">> {
    await this.ports.store.deletePushSubscription(device);
    return {};
  }

  private services(): PushServices {
    const { pushServices } = this.ports;
    if (!pushServices) throw new SottoError("push-refused", { detail: "This deployment sends no Web Push." });
    return pushServices;
  }
}
