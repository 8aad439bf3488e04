/**
 * One message as people see it, sent or received. Its state only moves forward:
 *
 *   queued → sealing → sending → accepted → delivered → read          (sent)
 *      └────────────┴──────────┴─▶ failed      accepted ─▶ expired
 *   delivered → read                                                  (received)
 */
import type { Content, TextContent } from "../../crypto/content.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { DeviceId, MessageId, UserId } from "../../protocol/ids.ts";
import type { Attachment } from "../attachments/attachment.ts";
import type { RecipientReceipt } from "./receipt-book.ts";
import { TypedEmitter } from "../async/typed-emitter.ts";
import { withDeadline } from "../async/waiting.ts";

export type MessageState = "queued" | "sealing" | "sending" | "accepted" | "delivered" | "read" | "failed" | "expired";

const order: Record<MessageState, number> = {
  queued: 0,
  sealing: 1,
  sending: 2,
  accepted: 3,
  expired: 4,
  delivered: 5,
  read: 6,
  failed: 7,
};

export interface MessageEvents {
  state: MessageState;
  receipt: RecipientReceipt;
}

export interface MessageFacts {
  id: MessageId;
  sender: { user: UserId; device: DeviceId };
  content: Content;
  sentAt: Date;
  state: MessageState;
  sequence?: number;
  acceptedAt?: Date;
  error?: SottoError;
  attachments?: readonly Attachment[];
}

export class Message {
  readonly id: MessageId;
  readonly sender: { user: UserId; device: DeviceId };
  /** The files that came with it, or go with it. */
  readonly attachments: readonly Attachment[];
  /** By the sender's clock. */
  readonly sentAt: Date;
  private readonly events = new TypedEmitter<MessageEvents>();
  private readonly lookUpReceipts: (message: Message) => Promise<RecipientReceipt[]>;
  private facts: MessageFacts;

  constructor(facts: MessageFacts, lookUpReceipts: (message: Message) => Promise<RecipientReceipt[]>) {
    this.id = facts.id;
    this.sender = facts.sender;
    this.attachments = facts.attachments ?? [];
    this.sentAt = facts.sentAt;
    this.facts = facts;
    this.lookUpReceipts = lookUpReceipts;
  }

  get state(): MessageState {
    return this.facts.state;
  }
  get content(): Content {
    return this.facts.content;
  }
  /** What was written; empty for content of a later version of Sotto. */
  get text(): string {
    return this.content.kind === "text" ? this.content.text : "";
  }
  /** The place in the conversation's log; undefined until accepted. */
  get sequence(): number | undefined {
    return this.facts.sequence;
  }
  /** By the node's database; undefined until accepted. */
  get acceptedAt(): Date | undefined {
    return this.facts.acceptedAt;
  }
  /** Why it failed or expired. */
  get error(): SottoError | undefined {
    return this.facts.error;
  }

  on<Name extends keyof MessageEvents>(event: Name, listener: (payload: MessageEvents[Name]) => void): () => void {
    return this.events.on(event, listener);
  }

  /** One per recipient: the members at this message's sequence without its sender. */
  receipts(): Promise<RecipientReceipt[]> {
    return this.lookUpReceipts(this);
  }

  /**
   * Resolves when the state holds for every recipient (`by: "any"`: for the first). Errors: `timeout` (ms), `aborted`,
   * `expired`, or why it failed.
   */
  async reached(
    state: "sealing" | "sending" | "accepted" | "delivered" | "read",
    options: { timeout?: number; signal?: AbortSignal; by?: "all" | "any" } = {},
  ): Promise<void> {
    const isThere = (): boolean =>
      this.state !== "failed" && this.state !== "expired" && order[this.state] >= order[state];
    if (isThere()) return;
    let off: (() => void)[] = [];
    const settled = new Promise<void>((resolve, reject) => {
      const check = (): void => {
        if (isThere()) resolve();
        else if (this.state === "failed") reject(this.error ?? new SottoError("internal"));
        else if (this.state === "expired" && order[state] > order.accepted) reject(new SottoError("expired"));
      };
      const checkAny = (receipt: RecipientReceipt): void => {
        if (state === "delivered" && (receipt.deliveredAt ?? receipt.readAt)) resolve();
        if (state === "read" && receipt.readAt) resolve();
      };
      off = [this.on("state", check)];
      if (options.by === "any") {
        off.push(this.on("receipt", checkAny));
        this.receipts().then((receipts) => receipts.forEach(checkAny), reject);
      }
      check();
    });
    await withDeadline(settled, { timeoutMs: options.timeout, signal: options.signal }).finally(() => {
      for (const unsubscribe of off) unsubscribe();
    });
  }

  /** For the conversation that owns this message. States never move back; `failed` and `read` are final. */
  update(facts: Partial<Pick<MessageFacts, "state" | "sequence" | "acceptedAt" | "error">>): void {
    const { state, ...rest } = facts;
    const moves = state !== undefined && order[state] > order[this.facts.state];
    this.facts = { ...this.facts, ...rest, ...(moves ? { state } : {}) };
    if (moves) this.events.emit("state", state);
  }

  /** For the conversation that owns this message: its files are where it says. */
  settleContent(content: TextContent): void {
    this.facts = { ...this.facts, content };
    for (const [index, attachment] of this.attachments.entries()) attachment.settle(content.attachments![index]!);
  }

  /** For the conversation that owns this message. */
  noteReceipt(receipt: RecipientReceipt): void {
    this.events.emit("receipt", receipt);
  }
}
