/**
 * A conversation as an application uses it, and the place where its parts meet: the follower of its log, the outbox, the
 * keeper of its group, acks and receipts. Owns the messages that are on their way; the store owns the rest.
 */
import { decodeContent, encodeContent, type Content } from "../../crypto/content.ts";
import { equalBytes } from "../../identity/equal-bytes.ts";
import { SottoError } from "../../protocol/errors.ts";
import { newId, type ConversationId, type MessageId, type UserId } from "../../protocol/ids.ts";
import type { LogEntry } from "../../protocol/log-entry.ts";
import type { Receipt } from "../../protocol/receipts.ts";
import type { ConversationSummary, InboxEntry } from "../../protocol/requests.ts";
import { AckSender } from "./ack-sender.ts";
import type { ConversationState } from "./conversation-state.ts";
import type { ClientCore } from "../core.ts";
import { GroupKeeper } from "./group-keeper.ts";
import { LogFollower } from "./log-follower.ts";
import { Message } from "./message.ts";
import { Outbox, type OutgoingListener } from "./outbox.ts";
import { ReceiptBook, type RecipientReceipt } from "./receipt-book.ts";
import { decodeRecord, entryKey, tables, type EntryRecord, type OutboxRecord, type ReceiptRecord } from "../records.ts";
import { TypedEmitter } from "../async/typed-emitter.ts";
import { delay, withDeadline } from "../async/waiting.ts";

export interface UnopenedMessage {
  sequence: number;
  sender: { user: UserId };
  reason: string;
}

export interface ConversationEvents {
  /** A message of somebody else, or of another device of one's own: opened, in order, once. */
  message: Message;
  /** A message that could not be opened. It is acked as such and blocks nothing. */
  unopened: UnopenedMessage;
  /** Why messages wait: for the other side's first device, for this device to be added; null when they do not. */
  waiting: "recipient-device" | "welcome" | null;
}

export interface HistoryPage {
  messages: (Message | UnopenedMessage)[];
  /** Pass as `before` for the page before this one; undefined at the beginning. */
  before: number | undefined;
}

/** The longest text that is taken, in bytes of UTF-8: what fits a sealed message with room for its wrapping. */
const maxTextBytes = 120 * 1024;

export class Conversation {
  readonly id: ConversationId;
  readonly kind = "direct";
  readonly peer: UserId;
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly events = new TypedEmitter<ConversationEvents>();
  private readonly follower: LogFollower;
  private readonly outbox: Outbox;
  private readonly keeper: GroupKeeper;
  private readonly acks: AckSender;
  private readonly book: ReceiptBook;
  /** Own messages that have not come to rest, by id. */
  private readonly live = new Map<MessageId, Message>();
  private aligning: Promise<void> | undefined;
  /** Whether this session has held its last entry against the node's. */
  private compared = false;
  private lastWaiting: ConversationEvents["waiting"] = null;

  constructor(core: ClientCore, state: ConversationState, open: () => Promise<ConversationSummary>) {
    this.core = core;
    this.state = state;
    this.id = state.id;
    this.peer = state.record.peer;
    this.acks = new AckSender(core, state);
    this.book = new ReceiptBook(core, state, (receipt) => this.showReceipt(receipt));
    this.keeper = new GroupKeeper(core, state, {
      posted: (entry) => this.follower.post(entry),
      catchUp: () => this.catchUp(),
      summary: open,
      joined: (lastNumber) => this.afterJoin(lastNumber),
    });
    this.outbox = new Outbox(core, state, {
      ready: () => this.makeReady(),
      accepted: (entry) => this.follower.post(entry),
      catchUp: () => this.catchUp(),
      listHead: () => this.listHead(),
      lost: () => void this.loseState(),
    });
    this.follower = new LogFollower(core, state, {
      policy: () => this.keeper.policy(),
      takeOwn: (entry) => this.outbox.takeOwn(entry),
      opened: (entry, content) => this.showOpened(entry, content),
      unopened: (entry, reason) =>
        this.events.emit("unopened", { sequence: entry.sequence, sender: entry.sender, reason }),
      listSeen: (entry, list) => void this.checkList(entry.sender.user, list),
      advanced: () => {
        this.acks.wake();
        void this.book.retryEarly();
      },
      rosterMoved: () => this.outbox.wake(),
      lost: () => void this.askForReadd(),
    });
  }

  on<Name extends keyof ConversationEvents>(
    event: Name,
    listener: (payload: ConversationEvents[Name]) => void,
  ): () => void {
    return this.events.on(event, listener);
  }

  /** Why messages wait here, null when they do not. */
  get waitingFor(): ConversationEvents["waiting"] {
    return this.lastWaiting;
  }

  /** Messages of this device that the node has not accepted yet. */
  get unsent(): number {
    return this.outbox.size;
  }

  /**
   * Takes a message for sending and returns at once; what becomes of it is in its state. Throws `invalid-argument` for what
   * cannot be sent.
   */
  send(message: string | { text: string; replyTo?: Message | MessageId }): Message {
    const { text, replyTo } = typeof message === "string" ? { text: message, replyTo: undefined } : message;
    if (this.core.closing.aborted) throw new SottoError("closed");
    if (typeof text !== "string") throw new SottoError("invalid-argument", { detail: "a message needs a text" });
    if (text.length * 3 > maxTextBytes && new TextEncoder().encode(text).length > maxTextBytes) {
      throw new SottoError("too-large", { detail: `A text has at most ${maxTextBytes} bytes.` });
    }
    const sentAt = new Date();
    const content = {
      kind: "text" as const,
      text,
      sentAt: sentAt.getTime(),
      ...(replyTo === undefined ? {} : { replyTo: typeof replyTo === "string" ? replyTo : replyTo.id }),
    };
    const encoded = encodeContent(content);
    const id = newId<MessageId>();
    const outgoing = this.track(id, content, sentAt);
    this.outbox.add(id, encoded, sentAt.getTime(), this.listenerFor(outgoing)).catch((error: unknown) => {
      outgoing.update({
        state: "failed",
        error: error instanceof SottoError ? error : new SottoError("internal", { cause: error }),
      });
    });
    return outgoing;
  }

  /** Withdraws a message that has not been sealed yet. False when it is too late. */
  async cancel(message: Message): Promise<boolean> {
    const cancelled = await this.outbox.cancel(message.id);
    if (cancelled) message.update({ state: "failed", error: new SottoError("aborted") });
    return cancelled;
  }

  /** What this device holds, newest page first; a page itself runs from old to new. */
  async history(options: { before?: number; limit?: number } = {}): Promise<HistoryPage> {
    const { before, limit = 50 } = options;
    const found: (Message | UnopenedMessage)[] = [];
    let cursor = before;
    while (found.length < limit) {
      const rows = await this.entriesBefore(cursor, limit);
      if (rows.length === 0) return { messages: found.toReversed(), before: undefined };
      for (const row of rows) {
        cursor = row.sequence;
        if (row.kind !== "commit") found.push(this.present(row));
        if (found.length === limit) break;
      }
    }
    return { messages: found.toReversed(), before: cursor };
  }

  /** Messages of others that `markRead` has not passed, oldest first. */
  async unread(options: { limit?: number } = {}): Promise<Message[]> {
    const found: Message[] = [];
    const { limit = 1000 } = options;
    let after = this.state.record.readSequence;
    for (;;) {
      const rows = await this.core.store.list(tables.entries, {
        prefix: `${this.id}/`,
        after: entryKey(this.id, after),
        limit: 200,
      });
      for (const { bytes } of rows) {
        const entry = decodeRecord<EntryRecord>(bytes);
        after = entry.sequence;
        if (entry.kind === "message" && entry.sender.device !== this.core.own.device) {
          const message = this.present(entry);
          if (message instanceof Message) found.push(message);
        }
        if (found.length === limit) return found;
      }
      if (rows.length < 200) return found;
    }
  }

  /** Remembers on this device that the person has seen everything up to this message. */
  async markRead(message: Message): Promise<void> {
    const { sequence } = message;
    if (sequence === undefined || sequence <= this.state.record.readSequence) return;
    await this.state.queue.run(() => this.state.commit({ record: { readSequence: sequence } }));
    message.update({ state: "read" });
  }

  /** Messages from now on, in order, at the reader's own pace: they are read from the store, so none is dropped. */
  async *messages(options: { signal?: AbortSignal } = {}): AsyncGenerator<Message, void, void> {
    let after = this.state.record.position;
    const { signal } = options;
    for (;;) {
      const arrival = this.nextArrival(signal);
      const rows = await this.core.store.list(tables.entries, {
        prefix: `${this.id}/`,
        after: entryKey(this.id, after),
        limit: 50,
      });
      for (const { bytes } of rows) {
        const entry = decodeRecord<EntryRecord>(bytes);
        after = entry.sequence;
        const message = entry.kind === "message" && entry.sender.device !== this.core.own.device && this.present(entry);
        if (signal?.aborted || this.core.closing.aborted) return arrival.cancel();
        if (message instanceof Message) yield message;
      }
      if (rows.length > 0) arrival.cancel();
      else if (!(await arrival.came)) return;
    }
  }

  /** For the client: whether this device holds the group, or is founding it. */
  get isJoined(): boolean {
    return this.state.group !== undefined || this.state.pending !== undefined;
  }

  /** For the client: takes up what the store holds. */
  async load(): Promise<void> {
    await this.book.load();
    await this.outbox.load((record) => this.listenerFor(this.trackStored(record)));
  }

  /** For the client: an entry of the log was pushed. */
  posted(entry: LogEntry): void {
    if (this.state.record.joinedSequence === 0 && this.state.pending?.record.id !== entry.id) return;
    this.follower.post(entry);
  }

  /** For the client: a receipt was pushed. */
  receipted(receipt: Receipt): void {
    void this.book.take(receipt);
  }

  /** For the client: something waits in this device's inbox. */
  async inboxed(entry: InboxEntry): Promise<void> {
    if (entry.kind === "readd") return this.keeper.answerReadd(entry);
    await this.keeper.join(entry);
    this.noteWaiting();
  }

  /** For the client: compares with the node, and brings both sides up to date. Errors: those of the connection. */
  async sync(summary: ConversationSummary): Promise<void> {
    this.acks.noteAcked(summary.position);
    if (summary.joinedSequence !== null && !this.isJoined) await this.loseState();
    if (this.state.record.lostAt !== null) await this.askForReadd();
    if (!this.compared || summary.head !== this.state.record.position) await this.catchUp();
    this.compared = true;
    this.acks.wake();
    await this.book.readMissed(summary.receiptVersion);
    const behind = summary.lists.filter(({ user, version }) => (this.core.directory.get(user)?.version ?? 0) < version);
    if (behind.length > 0 || this.keeper.hasMissingDevices()) await this.devicesChanged(behind.map(({ user }) => user));
    this.outbox.wake();
  }

  /** For the client: a user's device list has moved on. */
  async devicesChanged(users: UserId[]): Promise<void> {
    for (const user of users) await this.core.directory.refresh(user);
    this.outbox.wake();
    this.aligning ??= this.align().finally(() => (this.aligning = undefined));
  }

  /** For the client: there is a connection again. */
  wake(): void {
    this.compared = false;
    this.outbox.wake();
    this.acks.wake();
  }

  /** For the client: the log is behind its head. Errors are reported, and left to the next sync. */
  async catchUp(): Promise<void> {
    try {
      await this.follower.catchUp();
    } catch (error) {
      if (!(error instanceof SottoError)) throw error;
      if (error.code === "diverged") this.core.report({ code: "diverged", conversation: this.id });
      else if (error.code !== "not-a-member") throw error;
    }
  }

  /** For the client: resolves when nothing is being stored or acked. */
  async settled(): Promise<void> {
    await this.follower.settled();
    await this.acks.settled();
  }

  private async makeReady(): Promise<boolean> {
    const ready = await this.keeper.ready();
    this.noteWaiting();
    return ready;
  }

  private noteWaiting(): void {
    const waiting = this.state.canSeal ? null : this.keeper.waitingFor;
    if (waiting === this.lastWaiting) return;
    this.lastWaiting = waiting;
    this.events.emit("waiting", waiting);
  }

  private async align(): Promise<void> {
    if (!this.core.own.isPrimary) {
      const { rosterPatienceMs } = this.core.timings;
      await delay(rosterPatienceMs * (1 + Math.random()), this.core.closing).catch(() => undefined);
    }
    for (let attempt = 0; attempt < 5 && !this.core.closing.aborted; attempt++) {
      try {
        await this.keeper.alignRoster();
        if (!this.keeper.hasMissingDevices()) return;
      } catch (error) {
        if (!(error instanceof SottoError)) throw error;
        if (error.code === "offline") return;
      }
      await delay(this.core.timings.rosterPatienceMs * (attempt + Math.random()), this.core.closing).catch(
        () => undefined,
      );
    }
  }

  private async afterJoin(lastNumber: number): Promise<void> {
    if (lastNumber > 0) await this.outbox.renumber(lastNumber);
    this.noteWaiting();
    await this.catchUp();
    this.outbox.wake();
    await this.devicesChanged([]);
  }

  private async loseState(): Promise<void> {
    if (this.state.record.lostAt !== null) return;
    this.core.report({ code: "state-lost", conversation: this.id });
    await this.state.queue.run(() => this.state.commit({ record: { lostAt: Date.now() }, pending: null }));
    await this.askForReadd();
  }

  private async askForReadd(): Promise<void> {
    try {
      await this.keeper.askForReadd();
    } catch (error) {
      if (!(error instanceof SottoError)) throw error;
    }
    this.noteWaiting();
  }

  private listHead(): { version: number; head: Uint8Array } {
    const list = this.core.directory.get(this.core.own.user);
    return { version: list?.version ?? 0, head: list?.head ?? new Uint8Array(32) };
  }

  /** A sender names its list in every message: a newer one is fetched, one that differs from ours is reported. */
  private async checkList(user: UserId, seen: { version: number; head: Uint8Array }): Promise<void> {
    const ours = this.core.directory.headAt(user, seen.version);
    if (ours && !equalBytes(ours, seen.head)) this.core.report({ code: "untrusted-list", conversation: this.id, user });
    if (ours || seen.version === 0) return;
    await this.devicesChanged([user]).catch(() => undefined);
  }

  private track(id: MessageId, content: Content, sentAt: Date): Message {
    const sender = { user: this.core.own.user, device: this.core.own.device };
    const message = new Message({ id, sender, content, sentAt, state: "queued" }, (one) => this.receiptsOf(one));
    this.live.set(id, message);
    return message;
  }

  private trackStored(record: OutboxRecord): Message {
    return this.track(record.id, decodeContent(record.content), new Date(record.sentAt));
  }

  private listenerFor(message: Message): OutgoingListener {
    return {
      moved: (state, details = {}) => {
        const { sequence, acceptedAt, error } = details;
        message.update({
          state,
          ...(sequence === undefined ? {} : { sequence }),
          ...(acceptedAt === undefined ? {} : { acceptedAt: new Date(acceptedAt) }),
          ...(error === undefined ? {} : { error }),
        });
        if (state === "failed" || (state === "accepted" && sequence === undefined)) this.live.delete(message.id);
        else if (state === "accepted") this.settleReceipts(message);
      },
    };
  }

  private async receiptsOf(message: Message): Promise<RecipientReceipt[]> {
    if (message.sender.user !== this.core.own.user) return [];
    return [message.sequence === undefined ? { user: this.peer } : this.book.lookUp(message.sequence, this.peer)];
  }

  private settleReceipts(message: Message): void {
    if (message.sequence === undefined) return;
    const receipt = this.book.lookUp(message.sequence, this.peer);
    const state = stateOf(receipt);
    if (state) message.update({ state });
    if (state === "delivered") this.live.delete(message.id);
  }

  private showReceipt(receipt: ReceiptRecord): void {
    for (const message of this.live.values()) {
      const { sequence } = message;
      if (sequence === undefined || sequence > receipt.sequence || sequence <= receipt.from) continue;
      message.noteReceipt(this.book.lookUp(sequence, receipt.user));
      this.settleReceipts(message);
    }
  }

  private showOpened(entry: EntryRecord, content: Content): void {
    this.events.emit("message", this.received(entry, content));
  }

  private present(entry: EntryRecord): Message | UnopenedMessage {
    const live = this.live.get(entry.id);
    if (live && entry.sender.device === this.core.own.device) return live;
    const { sequence, sender, content, reason } = entry;
    if (content === null) return { sequence, sender, reason: reason ?? "undecryptable" };
    return this.received(entry, decodeContent(content));
  }

  private received(entry: EntryRecord, content: Content): Message {
    const { id, sender, sequence } = entry;
    const acceptedAt = new Date(entry.acceptedAt);
    const sentAt = content.kind === "text" ? new Date(content.sentAt) : acceptedAt;
    const own = sender.user === this.core.own.user;
    const read = !own && sequence <= this.state.record.readSequence;
    const state = own ? (stateOf(this.book.lookUp(sequence, this.peer)) ?? "accepted") : read ? "read" : "delivered";
    return new Message({ id, sender, content, sentAt, acceptedAt, sequence, state }, (one) => this.receiptsOf(one));
  }

  private async entriesBefore(before: number | undefined, limit: number): Promise<EntryRecord[]> {
    const rows = await this.core.store.list(tables.entries, {
      prefix: `${this.id}/`,
      ...(before === undefined ? {} : { before: entryKey(this.id, before) }),
      limit,
      reverse: true,
    });
    return rows.map(({ bytes }) => decodeRecord<EntryRecord>(bytes));
  }

  /** Resolves true when a message arrives, false when the reader or the client goes away. */
  private nextArrival(signal: AbortSignal | undefined): { came: Promise<boolean>; cancel(): void } {
    let cancel = (): void => undefined;
    const arrived = new Promise<boolean>((resolve) => {
      const off = this.on("message", () => resolve(true));
      const stop = (): void => resolve(false);
      this.core.closing.addEventListener("abort", stop, { once: true });
      cancel = () => {
        off();
        this.core.closing.removeEventListener("abort", stop);
        resolve(false);
      };
    });
    const came = withDeadline(arrived, { signal }).catch(() => false);
    void came.finally(() => cancel());
    return { came, cancel: () => cancel() };
  }
}

function stateOf(receipt: RecipientReceipt): "delivered" | "expired" | undefined {
  if (receipt.deliveredAt) return "delivered";
  return receipt.expiredAt ? "expired" : undefined;
}
