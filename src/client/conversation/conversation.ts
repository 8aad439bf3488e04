/** What directs and groups have in common, as an application uses them. What runs a conversation is its actor. */
import { encodeContent } from "../../crypto/content.ts";
import { SottoError } from "../../protocol/errors.ts";
import { newIdAfter, type ConversationId, type DeviceId, type MessageId, type UserId } from "../../protocol/ids.ts";
import type { AttachmentInput } from "../attachments/attachment-source.ts";
import type { ConversationActor, ConversationEvents } from "./conversation-actor.ts";
import type { Message } from "./message.ts";
import type { HistoryOptions, HistoryPage } from "./history-pages.ts";
import { idOf, requireLifetime, requireText, type WrittenText } from "./written-text.ts";

export type { ConversationEvents } from "./conversation-actor.ts";

/** The longest content: text, mentions and previews, with room for what seals it. */
const maxContentBytes = 126 * 1024;

/** What `send` takes. */
export interface NewMessage extends Partial<WrittenText> {
  /** May be left out where there are attachments. */
  text?: string;
  replyTo?: Message | MessageId;
  /** How long it lasts once it is read, in seconds; where the group says a shorter time, that counts. */
  expiresIn?: number;
  /** At most 10, see `AttachmentInput`. */
  attachments?: readonly AttachmentInput[];
}

export abstract class Conversation {
  readonly id: ConversationId;
  abstract readonly kind: "direct" | "group";
  protected readonly actor: ConversationActor;
  private readonly closing: AbortSignal;

  constructor(actor: ConversationActor, closing: AbortSignal) {
    this.actor = actor;
    this.closing = closing;
    this.id = actor.state.id;
  }

  on<Name extends keyof ConversationEvents>(
    event: Name,
    listener: (payload: ConversationEvents[Name]) => void,
  ): () => void {
    return this.actor.events.on(event, listener);
  }

  /** The other user of a direct, under a pseudonym once it was erased; a group has none. */
  get peer(): UserId | undefined {
    return this.actor.state.record.peer ?? undefined;
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
    return this.actor.messages.outgoing.unsent();
  }

  /**
   * Takes a message for sending and returns at once; what becomes of it is in its state. With attachments it is `queued` until they are
   * uploaded, and what is sent after it waits behind it. Throws `invalid-argument` for what cannot be sent, `too-large`.
   */
  send(message: string | NewMessage): Message {
    const given: NewMessage = typeof message === "string" ? { text: message } : message;
    const { replyTo, expiresIn, attachments = [] } = given;
    // A file may speak for itself.
    const written = { ...given, text: given.text ?? (attachments.length > 0 ? "" : (undefined as never)) };
    if (this.closing.aborted) throw new SottoError("closed");
    if (this.actor.state.record.left) throw new SottoError("not-a-member");
    if (expiresIn !== undefined) requireLifetime(expiresIn);
    const files = this.actor.messages.attachments.prepare(attachments);
    const sentAt = new Date();
    const content = {
      kind: "text" as const,
      ...requireText(written),
      sentAt: sentAt.getTime(),
      ...(replyTo !== undefined && { replyTo: idOf(replyTo) }),
      ...this.lifetimeOf(expiresIn),
      ...(files.length > 0 && { attachments: files.map((file) => file.content) }),
    };
    const encoded = encodeContent(content);
    if (encoded.length > maxContentBytes) {
      throw new SottoError("too-large", {
        detail: `Text and previews together have at most ${maxContentBytes} bytes.`,
      });
    }
    const id = newIdAfter<MessageId>(this.actor.outbox.lastId);
    const { outgoing: all, attachments: sending } = this.actor.messages;
    const outgoing = all.track(id, content, sentAt);
    const listener = all.listenerFor(outgoing);
    const stored =
      files.length > 0
        ? sending.hold(outgoing, content, files, listener)
        : this.actor.outbox.add(id, encoded, sentAt.getTime(), listener);
    stored.catch((cause: unknown) => {
      const detail = "This device could not store the message.";
      const error = cause instanceof SottoError ? cause : new SottoError("internal", { detail, cause });
      listener.moved("failed", { error });
    });
    this.actor.typing.sent();
    return outgoing;
  }

  /**
   * Says what this user feels about a message, or with `remove` no longer does. It shows here at once, and resolves when it is kept for
   * sending, also offline; where it fails for good it is taken back. Errors: `invalid-argument`, `message-unknown` for what this device
   * has not got in this conversation, `not-a-member`.
   */
  react(message: Message | MessageId, emoji: string, options: { remove?: boolean } = {}): Promise<void> {
    return this.actor.messages.changing.react(message, emoji, options);
  }

  /** Gives a message of this user's another text, and other mentions. As `react`; also `forbidden` for others' messages, `too-large`. */
  edit(message: Message | MessageId, edited: string | WrittenText): Promise<void> {
    return this.actor.messages.changing.edit(message, edited);
  }

  /**
   * Takes a message of this user's back, for good: devices that follow the protocol forget what it said, what it was edited to, and the
   * reactions. One whose files are still on their way is withdrawn, as by `cancel`. As `react`; also `forbidden` for others' messages.
   */
  retract(message: Message | MessageId): Promise<void> {
    return this.actor.messages.changing.retract(message);
  }

  /** Withdraws a message that has not been sealed yet, with what was to change it. False when it is too late. */
  cancel(message: Message): Promise<boolean> {
    return this.actor.outbox.cancel(message.id);
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

  /**
   * A page: the newest, or next to a sequence in either direction; it runs from old to new. What this device does not hold comes from the node,
   * with all that changed the messages since. Errors: `invalid-argument`, `aborted`, those of the connection.
   */
  history(options: HistoryOptions = {}): Promise<HistoryPage> {
    return this.actor.messages.pages.read(options);
  }

  /** Messages of others that `markRead` has not passed, oldest first. */
  unread(options: { limit?: number } = {}): Promise<Message[]> {
    return this.actor.messages.timeline.received(this.actor.state.record.readSequence, options.limit ?? 1000);
  }

  /**
   * Messages of others that `markShown` or `markRead` have not passed on this device, oldest first: for programs that take each message
   * once, whatever a person has read of it, here or elsewhere.
   */
  unshown(options: { limit?: number } = {}): Promise<Message[]> {
    return this.actor.messages.timeline.received(this.actor.state.record.shownSequence ?? 0, options.limit ?? 1000);
  }

  /** Remembers on this device that everything up to this message was shown, or taken by a program. Nobody is told. */
  async markShown({ sequence }: Message): Promise<void> {
    if (sequence !== undefined) await this.actor.marks.show(sequence);
  }

  /**
   * The person has seen everything up to this message; of those that disappear, the time begins. Resolves when this device has it stored; the user's other devices hear of it,
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

  /** What was begun to write here on this device, and not sent; empty where nothing was. `send` leaves it as it is. */
  get draft(): string {
    return this.actor.drafts.of(this.id);
  }

  /**
   * Keeps it over restarts, sealed, and on this device alone; to be called at each keystroke. Empty: forgets it. Resolves when it is stored.
   * Errors: `invalid-argument`, `closed`.
   */
  async setDraft(text: string): Promise<void> {
    if (this.closing.aborted) throw new SottoError("closed");
    await this.actor.drafts.set(this.id, text);
  }

  /** Messages from now on, in order, at the reader's own pace: `for await (const message of chat.messages({ signal })) …`. */
  messages(options: { signal?: AbortSignal } = {}): AsyncGenerator<Message, void, void> {
    return this.actor.messages.timeline.live((stop) => this.nextArrival(stop), options.signal);
  }

  /** As the message says it, and shorter where the group does. */
  private lifetimeOf(expiresIn: number | undefined): { expiresIn?: number } {
    const ofGroup = this.actor.state.group?.policy?.disappearingSeconds;
    const seconds = Math.min(expiresIn ?? Infinity, ofGroup ?? Infinity);
    return seconds === Infinity ? {} : { expiresIn: seconds };
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
