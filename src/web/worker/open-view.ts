import { SottoError, type Client, type Conversation, type Message } from "../../client/index.ts";
import type { HistoryFacts, MessageFacts, Request } from "../bridge/contract.ts";
import type { Tell } from "../bridge/answering.ts";
import { messageFacts, unopenedFacts, type MessageContext } from "./message-facts.ts";

/** The conversation that the page shows: which of its messages it has been given, and word of each that changes. */
export class OpenView {
  private readonly client: Client;
  private readonly tell: Tell;
  private readonly touch: (conversation: string) => void;
  private readonly held = new Map<string, Message>();
  private entered: string | undefined;
  private offs: (() => void)[] = [];

  constructor(client: Client, tell: Tell, touch: (conversation: string) => void) {
    this.client = client;
    this.tell = tell;
    this.touch = touch;
  }

  async enter(id: string): Promise<{ firstUnread?: number }> {
    this.leave();
    const conversation = this.conversation(id);
    this.entered = id;
    const show = (message: Message): void => this.hold(conversation, message);
    this.offs = [
      conversation.on("message", (message) => {
        show(message);
        this.report(conversation, message);
      }),
      conversation.on("message-changed", (message) => {
        show(message);
        this.report(conversation, message);
      }),
      conversation.on("unopened", (unopened) => this.tell("unopened", unopenedFacts(unopened, id))),
      conversation.on("disappeared", ({ id: message }) => this.tell("disappeared", { conversation: id, message })),
    ];
    const [first] = await conversation.unread({ limit: 1 });
    return first?.sequence === undefined ? {} : { firstUnread: first.sequence };
  }

  leave(): void {
    for (const off of this.offs) off();
    this.offs = [];
    this.held.clear();
    this.entered = undefined;
  }

  /** The newest page has at its end what was not accepted yet. */
  async history({ conversation: id, ...options }: Request<"history">, signal: AbortSignal): Promise<HistoryFacts> {
    const conversation = this.conversation(id);
    const page = await conversation.history({ ...options, signal });
    const unsent = options.before === undefined && page.after === undefined ? conversation.unsent() : [];
    const context = this.context(conversation);
    const entries = await Promise.all(
      [...page.messages, ...unsent].map(async (one) => {
        if (!("text" in one)) return unopenedFacts(one, id);
        this.hold(conversation, one);
        return messageFacts(one, context);
      }),
    );
    const { earlier, isComplete, before, after } = page;
    return {
      entries,
      earlier,
      isComplete,
      ...(before !== undefined && { before }),
      ...(after !== undefined && { after }),
    };
  }

  /** One that the page was given. Errors: `conversation-unknown`, `message-unknown`. */
  message(conversation: string, id: string): Message {
    const message = this.entered === conversation ? this.held.get(id) : undefined;
    if (!message) throw new SottoError("message-unknown");
    return message;
  }

  conversation(id: string): Conversation {
    const conversation = this.client.conversation(id);
    if (!conversation) throw new SottoError("conversation-unknown");
    return conversation;
  }

  facts(conversation: Conversation, message: Message): Promise<MessageFacts> {
    this.hold(conversation, message);
    return messageFacts(message, this.context(conversation));
  }

  private hold(conversation: Conversation, message: Message): void {
    if (this.entered !== conversation.id || this.held.has(message.id)) return;
    this.held.set(message.id, message);
    const report = (): void => this.report(conversation, message);
    this.offs.push(message.on("state", report), message.on("receipt", report), message.on("changed", report));
    for (const [index, attachment] of message.attachments.entries()) {
      const off = attachment.on("progress", ({ sent, total }) => {
        this.tell("upload", { message: message.id, index, sent, total });
      });
      this.offs.push(off);
    }
  }

  private report(conversation: Conversation, message: Message): void {
    this.touch(conversation.id);
    messageFacts(message, this.context(conversation)).then(
      (facts) => this.entered === conversation.id && this.tell("message", facts),
      // The client has been closed meanwhile.
      () => undefined,
    );
  }

  private context(conversation: Conversation): MessageContext {
    return { conversation: conversation.id, own: this.client.user, isGroup: conversation.kind === "group" };
  }
}
