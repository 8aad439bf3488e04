/** What directs and groups have in common, as an application uses them. What runs a conversation is its actor. */
import { encodeContent } from "../../crypto/content.ts";
import { SottoError } from "../../protocol/errors.ts";
import { newIdAfter, type ConversationId, type DeviceId, type MessageId, type UserId } from "../../protocol/ids.ts";
import type { AttachmentInput } from "../attachments/attachment-source.ts";
import type { ConversationActor, ConversationEvents } from "./conversation-actor.ts";
import type { Message } from "./message.ts";
import type { HistoryPage } from "./timeline.ts";

export type { ConversationEvents } from "./conversation-actor.ts";

/** The longest text that is taken, in bytes of UTF-8: what fits a sealed message with room for its wrapping. */
const maxTextBytes = 120 * 1024;
/** The longest content: the same, with previews. */
const maxContentBytes = 126 * 1024;

export interface Draft {
  /** May be left out where there are attachments. */
  text?: string;
  replyTo?: Message | MessageId;
  /** At most 10, see `AttachmentInput`. */
  attachments?: readonly AttachmentInput[];
}

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
   * Takes a message for sending and returns at once; what becomes of it is in its state. With attachments it is `queued` until they are
   * uploaded, and what is sent after it waits behind it. Throws `invalid-argument` for what cannot be sent, `too-large`.
   */
  send(message: string | Draft): Message {
    const { text = "", replyTo, attachments = [] } = typeof message === "string" ? { text: message } : message;
    if (this.closing.aborted) throw new SottoError("closed");
    if (this.actor.state.record.left) throw new SottoError("not-a-member");
    const isEmpty = typeof message === "object" && message.text === undefined && attachments.length === 0;
    if (typeof text !== "string" || isEmpty)
      throw new SottoError("invalid-argument", { detail: "a message needs a text" });
    if (text.length * 3 > maxTextBytes && new TextEncoder().encode(text).length > maxTextBytes) {
      throw new SottoError("too-large", { detail: `A text has at most ${maxTextBytes} bytes.` });
    }
    const files = this.actor.attachments.prepare(attachments);
    const sentAt = new Date();
    const content = {
      kind: "text" as const,
      text,
      sentAt: sentAt.getTime(),
      ...(replyTo === undefined ? {} : { replyTo: typeof replyTo === "string" ? replyTo : replyTo.id }),
      ...(files.length === 0 ? {} : { attachments: files.map((file) => file.content) }),
    };
    const encoded = encodeContent(content);
    if (encoded.length > maxContentBytes) {
      throw new SottoError("too-large", {
        detail: `Text and previews together have at most ${maxContentBytes} bytes.`,
      });
    }
    const id = newIdAfter<MessageId>(this.actor.outbox.lastId);
    const outgoing = this.actor.outgoing.track(id, content, sentAt);
    const listener = this.actor.outgoing.listenerFor(outgoing);
    const stored =
      files.length > 0
        ? this.actor.attachments.hold(outgoing, files, listener)
        : this.actor.outbox.add(id, encoded, sentAt.getTime(), listener);
    stored.catch((cause: unknown) => {
      const detail = "This device could not store the message.";
      const error = cause instanceof SottoError ? cause : new SottoError("internal", { detail, cause });
      listener.moved("failed", { error });
    });
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

  /** Remembers on this device that the person has seen everything up to this message. */
  async markRead(message: Message): Promise<void> {
    const { sequence } = message;
    if (sequence === undefined || sequence <= this.actor.state.record.readSequence) return;
    await this.actor.state.queue.run(() => this.actor.state.commit({ record: { readSequence: sequence } }));
    message.update({ state: "read" });
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
