/** Linking: a new device waits under its code's channel until a device of the same user passes it what it needs, sealed. */
import { fromBase64, toBase64 } from "../protocol/base64.ts";
import { SottoError } from "../protocol/errors.ts";
import type { UserId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import type { ReplyOf, RequestOf } from "../protocol/requests.ts";
import { linkRoom } from "../protocol/rooms.ts";
import type { Caller } from "./caller.ts";
import type { Delivery } from "./ports/delivery.ts";
import type { LinkOffer } from "./ports/store-devices.ts";
import type { Store } from "./ports/store.ts";
import type { Users } from "./user.ts";

export interface LinkingPorts {
  store: Store;
  delivery: Delivery;
  users: Users;
  now: () => number;
}

export class Linking {
  private readonly ports: LinkingPorts;

  constructor(ports: LinkingPorts) {
    this.ports = ports;
  }

  /** Lets a new device wait, or wait on. Throws `device-list-conflict` when the device or the channel is taken. */
  async offer(user: UserId, request: RequestOf<"link:offer">): Promise<ReplyOf<"link:offer">> {
    const channel = fromBase64(request.channel);
    const { device } = request;
    const waiting = await this.ports.store.findLinkOffer(user, channel);
    if (waiting?.sealed && waiting.device === device) return { expiresAt: waiting.expiresAt };
    if (await this.ports.store.findDevice(device)) throw new SottoError("device-list-conflict");
    const expiresAt = this.ports.now() + limits.linkOfferTtlMs;
    const keys = { deviceKey: fromBase64(request.deviceKey), kemKey: fromBase64(request.kemKey) };
    const outcome = await this.ports.store.putLinkOffer({ user, channel, device, ...keys, expiresAt });
    if (outcome === "taken") throw new SottoError("device-list-conflict");
    return { expiresAt };
  }

  /** The sealed answer (base64) to an offer, if there is one already. */
  async findAnswer(user: UserId, channel: string): Promise<string | undefined> {
    const offer = await this.ports.store.findLinkOffer(user, fromBase64(channel));
    return offer?.sealed ? toBase64(offer.sealed) : undefined;
  }

  /** Throws `link-unknown`. */
  async fetch(caller: Caller, request: RequestOf<"link:fetch">): Promise<ReplyOf<"link:fetch">> {
    const { device, deviceKey, kemKey } = await this.find(caller.user, fromBase64(request.channel));
    return { device, deviceKey: toBase64(deviceKey), kemKey: toBase64(kemKey) };
  }

  /** Extends the device list by the one that waits, and passes it the sealed answer. Throws as `linkDevice` does. */
  async complete(caller: Caller, request: RequestOf<"link:complete">): Promise<ReplyOf<"link:complete">> {
    const channel = fromBase64(request.channel);
    const { device, deviceKey } = await this.find(caller.user, channel);
    const link = { channel, sealed: fromBase64(request.sealed) };
    const entry = await this.ports.users.linkDevice(caller.user, fromBase64(request.entry), {
      link,
      device,
      deviceKey,
    });
    this.ports.delivery.emit(linkRoom(request.channel), "link:completed", { sealed: request.sealed });
    return { listVersion: entry.version };
  }

  private async find(user: UserId, channel: Uint8Array): Promise<LinkOffer> {
    const offer = await this.ports.store.findLinkOffer(user, channel);
    if (!offer) throw new SottoError("link-unknown");
    return offer;
  }
}
