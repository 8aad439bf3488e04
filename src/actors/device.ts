/**
 * The device: its acks, its inbox, and what it asks to follow again. Owns the coalescing of acks: of many that wait, the
 * newest of each conversation says it all. Never moves a position itself: the store checks the bounds inside the update.
 * Invariant: an ack reaches the store only if the device's own key signed it.
 */
import { fromBase64 } from "../protocol/base64.ts";
import { SottoError } from "../protocol/errors.ts";
import type { DeviceId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import type { Receipt } from "../protocol/receipts.ts";
import type { ReplyOf, RequestOf } from "../protocol/requests.ts";
import { deviceRoom, userRoom } from "../protocol/rooms.ts";
import { newestAcks, type PendingAck } from "./ack-coalescing.ts";
import { mailboxBounds } from "./actor-settings.ts";
import type { Caller } from "./caller.ts";
import { requireOwnKeyPackage } from "./key-packages.ts";
import { limitRate } from "./limit-rate.ts";
import { Mailboxes, type MailboxLoad } from "./mailbox.ts";
import type { Delivery } from "./ports/delivery.ts";
import type { PublicChecks } from "./ports/public-checks.ts";
import type { RateLimiter } from "./ports/rate-limiter.ts";
import type { AckOutcome } from "./ports/store-log.ts";
import type { Store } from "./ports/store.ts";
import type { Telemetry } from "./ports/silent-telemetry.ts";
import { ReceiptBells } from "./receipt-bells.ts";
import type { Rosters } from "./rosters.ts";
import { fromWireAck, toWireInboxEntry } from "./wire-forms.ts";

type Request = RequestOf<"message:ack">;

export interface DevicePorts {
  store: Store;
  delivery: Delivery;
  limiter: RateLimiter;
  checks: PublicChecks;
  rosters: Rosters;
  telemetry: Telemetry;
}

export class Devices {
  private readonly ports: DevicePorts;
  private readonly bells: ReceiptBells;
  private readonly mailboxes: Mailboxes<DeviceId, PendingAck, Record<string, never>>;

  constructor(ports: DevicePorts) {
    this.ports = ports;
    this.bells = new ReceiptBells(ports.delivery);
    this.mailboxes = new Mailboxes((_device, acks) => this.workOffAcks(acks), mailboxBounds.device);
  }

  /** Resolves when the position is durable. Throws `ack-invalid`, `not-a-member`, `device-revoked`, `conversation-unknown`. */
  async ack(caller: Caller, { failures = [], ...request }: Request): Promise<Record<string, never>> {
    const audience = await this.ports.rosters.audienceFor(caller.user, request.conversation);
    const acked = await this.mailboxes.post(caller.device, { caller, audience, request });
    for (const { reason, count } of failures) {
      this.ports.telemetry.metrics.count("open_failures", { reason }, count);
    }
    return acked;
  }

  async readInbox(caller: Caller, request: RequestOf<"inbox:read">): Promise<ReplyOf<"inbox:read">> {
    const { inboxEntriesPerPage, inboxPageBytes } = limits;
    const page = await this.ports.store.readInbox(caller.device, request.after, inboxEntriesPerPage, inboxPageBytes);
    return { entries: page.entries.map(toWireInboxEntry), more: page.more };
  }

  async ackInbox(caller: Caller, request: RequestOf<"inbox:ack">): Promise<Record<string, never>> {
    await this.ports.store.ackInbox(caller.device, request.position);
    return {};
  }

  /** Asks the other devices of the group to remove and add this one. Throws `rate-limited`, `key-package-invalid`, `forbidden`, `not-a-member`, `stale-epoch`. */
  async requestReadd(caller: Caller, request: RequestOf<"readd:request">): Promise<Record<string, never>> {
    const { conversation, generation, epoch } = request;
    const { user, device } = caller;
    await this.ports.rosters.membersFor(user, conversation);
    await limitRate(this.ports.limiter, "readd", `${device} ${conversation}`);
    const keyPackage = fromBase64(request.keyPackage);
    const signature = fromBase64(request.signature);
    const fields = { conversation, generation, epoch, keyPackage, device };
    if (!this.ports.checks.isReaddSigned(fields, signature, caller.deviceKey)) {
      throw new SottoError("forbidden", { detail: "The request is not signed by this device." });
    }
    await requireOwnKeyPackage(this.ports, caller, keyPackage);
    const posted = await this.ports.store.postReadd({ ...fields, user, signature }, request.joinedSequence);
    if (typeof posted === "string") throw new SottoError(posted);
    const { joinedSequence: _, ...asked } = request;
    for (const { device: other, position, at } of posted) {
      const entry = { ...asked, kind: "readd" as const, position, user, device, at };
      this.ports.delivery.emit(deviceRoom(other), "inbox:posted", entry);
    }
    return {};
  }

  /** What waits, for metrics. */
  get load(): MailboxLoad {
    return this.mailboxes.load;
  }

  flush(): Promise<void> {
    return this.mailboxes.flush();
  }

  private async workOffAcks(acks: readonly PendingAck[]): Promise<(Record<string, never> | Error)[]> {
    const results = new Map<PendingAck, Record<string, never> | Error>();
    let open = [...acks];
    while (open.length > 0) {
      const { newest, refused } = newestAcks(open, (ack) => this.isSigned(ack));
      for (const ack of refused) results.set(ack, new SottoError("ack-invalid"));
      const outcomes = await this.advance(newest);
      newest.forEach((ack, index) => this.conclude(ack, outcomes[index]!, open, results));
      open = open.filter((ack) => !results.has(ack));
    }
    return acks.map((ack) => results.get(ack)!);
  }

  private async advance(acks: readonly PendingAck[]): Promise<AckOutcome[]> {
    if (acks.length === 0) return [];
    return this.ports.store.advancePositions(
      acks.map(({ caller, request }) => ({ ...fromWireAck(request), user: caller.user, device: caller.device })),
    );
  }

  /** A newest ack that went through answers all that it superseded; one that lies outside leaves them to be tried. */
  private conclude(
    ack: PendingAck,
    outcome: AckOutcome,
    open: readonly PendingAck[],
    results: Map<PendingAck, Record<string, never> | Error>,
  ): void {
    this.ports.telemetry.metrics.count("acks");
    if (outcome.status === "outside") {
      results.set(ack, new SottoError("ack-invalid"));
      return;
    }
    const isRefusal = outcome.status === "not-a-member" || outcome.status === "device-revoked";
    const result = isRefusal ? new SottoError(outcome.status) : {};
    for (const other of open) {
      if (other.request.conversation === ack.request.conversation && !results.has(other)) results.set(other, result);
    }
    if (outcome.status === "advanced" && outcome.receipt) this.tell(ack, outcome.receipt);
  }

  private tell({ caller, audience, request }: PendingAck, receipt: { at: number; version: number }): void {
    const { user, device } = caller;
    const { conversation } = request;
    if (this.bells.isFor(audience)) return this.bells.ring(conversation, audience, request.sequence, receipt.version);
    const delivered: Receipt = { kind: "delivered", conversation, user, device, ack: request, ...receipt };
    for (const room of audience.rooms.filter((other) => other !== userRoom(user))) {
      this.ports.delivery.emit(room, "message:delivered", delivered, { exceptSocket: caller.socket });
    }
  }

  private isSigned({ caller, request }: PendingAck): boolean {
    const { signature, ...fields } = fromWireAck(request);
    return this.ports.checks.isAckSigned(fields, signature, caller.deviceKey);
  }
}
