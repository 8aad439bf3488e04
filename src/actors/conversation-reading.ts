/** What a device reads of its conversations: summaries, the log from a position on, receipts. Writes nothing but the row of a new direct. */
import { fromBase64, toBase64 } from "../protocol/base64.ts";
import { isErasedUser } from "../protocol/erased-users.ts";
import { SottoError } from "../protocol/errors.ts";
import { newId, type ConversationId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import type { ConversationSummary, ReplyOf, RequestOf } from "../protocol/requests.ts";
import { groupRoom, userRoom } from "../protocol/rooms.ts";
import type { Caller } from "./caller.ts";
import type { Contacts } from "./contacts.ts";
import { limitRate } from "./limit-rate.ts";
import type { Delivery } from "./ports/delivery.ts";
import type { PublicChecks } from "./ports/public-checks.ts";
import type { RateLimiter } from "./ports/rate-limiter.ts";
import type { Store } from "./ports/store.ts";
import type { Vouchers } from "./ports/vouchers.ts";
import type { Rosters } from "./rosters.ts";
import { toWireEntry, toWireReceipt, toWireSummary } from "./wire-forms.ts";

export interface ReadingPorts {
  store: Store;
  checks: PublicChecks;
  vouchers: Vouchers;
  rosters: Rosters;
  contacts: Contacts;
  limiter: RateLimiter;
  delivery: Delivery;
}

export class ConversationReading {
  private readonly ports: ReadingPorts;

  constructor(ports: ReadingPorts) {
    this.ports = ports;
  }

  /** The pair's one conversation, made when there is none: under the id that the caller knows it by, where that is free. */
  async openDirect(caller: Caller, request: RequestOf<"conversation:open">): Promise<ConversationSummary> {
    if (request.peer === caller.user) {
      throw new SottoError("invalid-request", { detail: "A direct conversation is with somebody else." });
    }
    const held = await this.erasedDirect(caller, request);
    if (held) return held;
    const proposed = request.conversation ?? newId<ConversationId>();
    const { row } = await this.ports.store.openDirect(caller.user, request.peer, proposed);
    this.ports.contacts.remember(caller.user, request.peer);
    const view = await this.ports.store.viewConversation(caller.user, caller.device, row.conversation);
    if (!view) throw new SottoError("conversation-unknown");
    return toWireSummary(view);
  }

  /** With somebody who was erased there is what was said, asked for by its id, and no more. Throws `user-erased`. */
  private async erasedDirect(
    { user, device }: Caller,
    { conversation, peer }: RequestOf<"conversation:open">,
  ): Promise<ConversationSummary | undefined> {
    const view = conversation && (await this.ports.store.viewConversation(user, device, conversation));
    if (view?.kind === "direct" && view.users.some(isErasedUser)) return toWireSummary(view);
    if (isErasedUser(peer)) throw new SottoError("user-erased");
    return undefined;
  }

  /** Room for a group, with the caller alone. Throws `conversation-unknown` where somebody else has the id, `rate-limited`. */
  async createGroup(caller: Caller, request: RequestOf<"conversation:create">): Promise<ConversationSummary> {
    const { conversation, suite } = request;
    await limitRate(this.ports.limiter, "conversation", caller.user);
    await this.ports.store.createGroup(caller.user, conversation, suite);
    const view = await this.ports.store.viewConversation(caller.user, caller.device, conversation);
    if (view?.group?.creator !== caller.user) throw new SottoError("conversation-unknown");
    this.ports.delivery.joinRoom(userRoom(caller.user), groupRoom(conversation));
    return toWireSummary(view);
  }

  async list(caller: Caller, request: RequestOf<"conversation:list">): Promise<ReplyOf<"conversation:list">> {
    const { after, limit } = request;
    const page = await this.ports.store.listConversations(caller.user, caller.device, after, limit);
    return { conversations: page.conversations.map(toWireSummary), more: page.more };
  }

  /** Throws `diverged` where the client's log is not this one, `not-a-member`, `conversation-unknown`. */
  async readLog(caller: Caller, request: RequestOf<"log:read">): Promise<ReplyOf<"log:read">> {
    const { conversation, after, limit } = request;
    const { device } = caller;
    await this.ports.rosters.audienceFor(caller.user, conversation);
    const read = { conversation, device, after, limit, maxBytes: limits.logPageBytes };
    const page = await this.ports.store.readLog(read);
    if (page === "not-a-member") throw new SottoError("not-a-member");
    if (after > page.head) throw new SottoError("diverged");
    if (request.afterHash !== undefined && after > page.floor) {
      await this.requireSameEntry(caller, conversation, after, request.afterHash);
    }
    const entries = page.entries.map((row) => this.ports.vouchers.vouched(toWireEntry(row)));
    return { entries, head: page.head, floor: page.floor };
  }

  async readReceipts(caller: Caller, request: RequestOf<"receipts:read">): Promise<ReplyOf<"receipts:read">> {
    await this.ports.rosters.membersFor(caller.user, request.conversation);
    const { conversation, after } = request;
    const page = await this.ports.store.readReceipts(conversation, after, limits.receiptsPerPage);
    return { receipts: page.receipts.map(toWireReceipt), version: page.version, more: page.more };
  }

  private async requireSameEntry(
    caller: Caller,
    conversation: ConversationId,
    sequence: number,
    hash: string,
  ): Promise<void> {
    const entry = await this.ports.store.findEntry(conversation, caller.device, sequence);
    const held = entry && (entry.goneHash ?? entry.originalHash ?? this.ports.checks.entryHash(entry));
    if (!held || toBase64(held) !== toBase64(fromBase64(hash))) {
      throw new SottoError("diverged");
    }
  }
}
