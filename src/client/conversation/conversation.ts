/** What directs and groups have in common, as an application uses them. What runs a conversation is its actor. */
import { encodeContent } from "../../crypto/content.ts";
import { SottoError } from "../../protocol/errors.ts";
import { newIdAfter, type ConversationId, type DeviceId, type MessageId, type UserId } from "../../protocol/ids.ts";
import type { ConversationActor, ConversationEvents } from "./conversation-actor.ts";
import type { Message } from "./message.ts";
import type { HistoryPage } from "./timeline.ts";

export type { ConversationEvents } from "./conversation-actor.ts";

/** The longest text that is taken, in bytes of UTF-8: what fits a sealed message with room for its wrapping. */
const maxTextBytes = 120 * 1024;

export abstract class Conversation {
  readonly id: ConversationId;
  abstract readonly kind: "direct" | "group";
  /** The other user of a direct; a group has none. */
  readonly peer: UserId | undefined;
  protected readonly actor: ConversationActor;
  private readonly closing: AbortSignal;

  constructor(actor: ConversationActor, closing: AbortSignal) {
    this.actor = actor;
    this.closing = closing;
    this.id = actor.state.id;
    this.peer = actor.state.record.peer ?? undefined;
  }

  on<Name extends keyof ConversationEvents>(
    event: Name,
    listener: (payload: ConversationEvents[Name]) => void,
  ): () => void {
    return this.actor.events.on(event, listener);
  }

  /** Why messages wait here, null when they do not. */
  get waitingFor(): ConversationEvents["waiting"] {
    return this.actor.waitingFor;
  }

  /** Whether this device holds the group, or is founding it. */
  get isJoined(): boolean {
    return this.actor.isJoined;
  }

  /** The devices in the group, as its tree has them; empty before it is founded or joined. */
  get members(): { user: UserId; device: DeviceId }[] {
    return (this.actor.state.group?.members ?? []).map(({ user, device }) => ({ user, device }));
  }

  /** Messages of this device that the node has not accepted yet, oldest first: earlier runs' too. */
  unsent(): Message[] {
    return this.actor.outgoing.unsent();
  }

  /**
   * Takes a message for sending and returns at once; what becomes of it is in its state. Throws `invalid-argument` for what
   * cannot be sent.
   */
  send(message: string | { text: string; replyTo?: Message | MessageId }): Message {
    const { text, replyTo } = typeof message === "string" ? { text: message, replyTo: undefined } : message;
    if (this.closing.aborted) throw new SottoError("closed");
    if (this.actor.state.record.left) throw new SottoError("not-a-member");
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
    const id = newIdAfter<MessageId>(this.actor.outbox.lastId);
    const outgoing = this.actor.outgoing.track(id, content, sentAt);
    const listener = this.actor.outgoing.listenerFor(outgoing);
    this.actor.outbox.add(id, encoded, sentAt.getTime(), listener).catch((cause: unknown) => {
      const detail = "This device could not store the message.";
      const error = cause instanceof SottoError ? cause : new SottoError("internal", { detail, cause });
      listener.moved("failed", { error });
    });
    this.actor.typing.sent();
    return outgoing;
  }

  /** Withdraws a message that has not been sealed yet. False when it is too late. */
  async cancel(message: Message): Promise<boolean> {
    const cancelled = await this.actor.outbox.cancel(message.id);
    if (cancelled) this.actor.outgoing.listenerFor(message).moved("failed", { error: new SottoError("aborted") });
    return cancelled;
  }

  /**
   * Lets a device in again that the fault `readd-held` names: it asked a second time within a week, so a person decides.
   * False where no request waits.
   */
  letIn(device: string): Promise<boolean> {
    return this.actor.letIn(device as DeviceId);
  }

  /** Resolves when everything that has arrived is stored, and acked as far as it can be now. */
  settled(): Promise<void> {
    return this.actor.settled();
  }

  /** What this device holds, newest page first; a page itself runs from old to new. */
  history(options: { before?: number; limit?: number } = {}): Promise<HistoryPage> {
    return this.actor.timeline.history(options.before, options.limit ?? 50);
  }

  /** Messages of others that `markRead` has not passed, oldest first. */
  unread(options: { limit?: number } = {}): Promise<Message[]> {
    return this.actor.timeline.received(this.actor.state.record.readSequence, options.limit ?? 1000);
  }

  /**
   * Messages of others that `markShown` or `markRead` have not passed on this device, oldest first: for programs that take each message
   * once, whatever a person has read of it, here or elsewhere.
   */
  unshown(options: { limit?: number } = {}): Promise<Message[]> {
    return this.actor.timeline.received(this.actor.state.record.shownSequence ?? 0, options.limit ?? 1000);
  }

  /** Remembers on this device that everything up to this message was shown, or taken by a program. Nobody is told. */
  async markShown({ sequence }: Message): Promise<void> {
    if (sequence !== undefined) await this.actor.marks.show(sequence);
  }

  /**
   * The person has seen everything up to this message. Resolves when this device has it stored; the user's other devices hear of it,
   * and so do the senders, unless the user has switched that off (`client.privacy`): at once, or when there is a connection again.
   */
  async markRead(message: Message): Promise<void> {
    const { sequence } = message;
    if (sequence === undefined) return;
    await this.actor.marks.mark(sequence);
    if (message.sender.user !== this.actor.ownUser) message.update({ state: "read" });
  }

  /**
   * The person is writing. To be called at each keystroke: others are told every few seconds at most, and not at all where the user has
   * switched that off (`client.privacy`), or in a group of more than 50 users. `{ isTyping: false }`: the text was deleted.
   */
  typing({ isTyping = true }: { isTyping?: boolean } = {}): void {
    this.actor.typing.signal(isTyping);
  }

  /** Messages from now on, in order, at the reader's own pace: `for await (const message of chat.messages({ signal })) …`. */
  messages(options: { signal?: AbortSignal } = {}): AsyncGenerator<Message, void, void> {
    return this.actor.timeline.live((stop) => this.nextArrival(stop), options.signal);
  }

  /** Resolves true when a message arrives, false when the reader or the client goes away. */
  private nextArrival(stop: AbortSignal): Promise<boolean> {
    const over = AbortSignal.any([stop, this.closing]);
    return new Promise((resolve) => {
      const off = this.on("message", () => resolve(true));
      over.addEventListener("abort", () => (off(), resolve(false)), { once: true });
      if (over.aborted) resolve(false);
    });
  }
}
