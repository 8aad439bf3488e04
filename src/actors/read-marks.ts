/**
 * What a user has read: the mark goes to the store, to the user's other devices, and, as a receipt, to the senders where they may
 * know. Owns nothing. Invariant: a mark reaches the store only if the device's own key signed it.
 */
import { fromBase64, toBase64 } from "../protocol/base64.ts";
import { SottoError } from "../protocol/errors.ts";
import { limits } from "../protocol/limits.ts";
import type { ReplyOf, RequestOf } from "../protocol/requests.ts";
import { userRoom } from "../protocol/rooms.ts";
import type { Caller } from "./caller.ts";
import type { Delivery } from "./ports/delivery.ts";
import type { PublicChecks } from "./ports/public-checks.ts";
import type { Store } from "./ports/store.ts";
import { ReceiptBells } from "./receipt-bells.ts";
import type { Rosters } from "./rosters.ts";
import { fromWireAck, toWireRead } from "./wire-forms.ts";

export interface ReadMarkPorts {
  store: Store;
  delivery: Delivery;
  checks: PublicChecks;
  rosters: Rosters;
}

export class ReadMarks {
  private readonly ports: ReadMarkPorts;
  private readonly bells: ReceiptBells;

  constructor(ports: ReadMarkPorts) {
    this.ports = ports;
    this.bells = new ReceiptBells(ports.delivery);
  }

  /** Resolves when it is durable. Throws `ack-invalid`, `not-a-member`, `device-revoked`, `conversation-unknown`. */
  async put(caller: Caller, request: RequestOf<"marks:put">): Promise<Record<string, never>> {
    const { user, device, socket } = caller;
    const audience = await this.ports.rosters.audienceFor(user, request.conversation);
    const mark = { ...fromWireAck(request), audience: request.audience };
    if (!this.ports.checks.isReadMarkSigned(mark, mark.signature, caller.deviceKey))
      throw new SottoError("ack-invalid");
    const row = { ...mark, user, device };
    const outcome = await this.ports.store.markRead(row);
    if (outcome.status === "outside") throw new SottoError("ack-invalid");
    if (outcome.status === "unchanged") return {};
    if (outcome.status !== "marked") throw new SottoError(outcome.status);
    const { at, version } = outcome;
    const receipt = toWireRead(row, { at, version: version ?? 0 });
    const except = { exceptSocket: socket };
    this.ports.delivery.emit(userRoom(user), "message:read", receipt, except);
    if (version === null) return {};
    if (this.bells.isFor(audience)) {
      this.bells.ring(request.conversation, audience, request.sequence, version);
      return {};
    }
    for (const room of audience.rooms.filter((other) => other !== userRoom(user))) {
      this.ports.delivery.emit(room, "message:read", receipt, except);
    }
    return {};
  }

  async read(caller: Caller, { conversation }: RequestOf<"marks:read">): Promise<ReplyOf<"marks:read">> {
    await this.ports.rosters.audienceFor(caller.user, conversation);
    const found = await this.ports.store.findReadMark(conversation, caller.user);
    return { mark: found ? toWireRead(found, { at: found.at, version: 0 }) : null };
  }

  /** What the user lets others see. Throws `forbidden` where the caller's device did not sign it. */
  async setPrivacy(caller: Caller, request: RequestOf<"privacy:set">): Promise<Record<string, never>> {
    const { user, device, socket } = caller;
    const { version, readReceipts, typing } = request;
    const privacy = { user, version, readReceipts, typing };
    const signature = fromBase64(request.signature);
    if (!this.ports.checks.isPrivacySigned(privacy, signature, caller.deviceKey)) {
      throw new SottoError("forbidden", { detail: "The settings are not signed by this device." });
    }
    if (version > Date.now() + limits.privacyAheadMs) {
      throw new SottoError("invalid-request", { detail: "The version is a time to come." });
    }
    const outcome = await this.ports.store.setPrivacy({ ...privacy, device, signature });
    if (outcome === "changed") {
      this.ports.delivery.emit(userRoom(user), "privacy:changed", {}, { exceptSocket: socket });
    }
    return {};
  }

  async readPrivacy({ user }: Caller): Promise<ReplyOf<"privacy:read">> {
    const found = await this.ports.store.findPrivacy(user);
    if (!found) return { privacy: null };
    const { device, version, readReceipts, typing, signature } = found;
    return { privacy: { device, version, readReceipts, typing, signature: toBase64(signature) } };
  }
}
