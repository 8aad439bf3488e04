/**
 * One message as people see it, sent or received. Its state only moves forward:
 *
 *   queued → sealing → sending → accepted → delivered → read          (sent)
 *      └────────────┴──────────┴─▶ failed      accepted ─▶ expired
 *   delivered → read                                                  (received)
 */
import type { AttachmentContent } from "../../crypto/attachment.ts";
import type { BlobId } from "../../protocol/blobs.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { DeviceId, MessageId, UserId } from "../../protocol/ids.ts";
import type { Attachment } from "../attachments/attachment.ts";
import { goneView, isSameView, type MessageView } from "./changes/message-view.ts";
import type { Reactions } from "./changes/outcome.ts";
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

/** What somebody did to a message after it was written. */
export interface MessageChange {
  kind: "reaction" | "edit" | "retraction";
  user: UserId;
  /** Of a reaction, and whether it was taken away. */
  emoji?: string;
  isRemoved?: boolean;
}

export interface MessageEvents {
  state: MessageState;
  receipt: RecipientReceipt;
  /** It was edited or retracted, or is gone, or what people feel about it has changed: the message itself says it now. */
  changed: Message;
}

export interface MessageFacts {
  id: MessageId;
  sender: { user: UserId; device: DeviceId };
  view: MessageView;
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
  /** By the sender's clock. */
  readonly sentAt: Date;
  private readonly events = new TypedEmitter<MessageEvents>();
  private readonly lookUpReceipts: (message: Message) => Promise<RecipientReceipt[]>;
  private facts: MessageFacts;
  private change: MessageChange | undefined;

  constructor(facts: MessageFacts, lookUpReceipts: (message: Message) => Promise<RecipientReceipt[]>) {
    this.id = facts.id;
    this.sender = facts.sender;
    this.sentAt = facts.sentAt;
    this.facts = facts;
    this.lookUpReceipts = lookUpReceipts;
  }

  get state(): MessageState {
    return this.facts.state;
  }
  /** The files that came with it, or go with it; none any more where it was retracted, or is gone. */
  get attachments(): readonly Attachment[] {
    return this.isRetracted || this.isGone ? [] : (this.facts.attachments ?? []);
  }
  /** For the conversation that owns this message: where its files lie at the node, also when it was retracted. */
  get blobs(): BlobId[] {
    return (this.facts.attachments ?? []).map(({ blob }) => blob);
  }
  /** As its author has edited it last; empty when it was retracted or is gone, and for what a later version of Sotto has written. */
  get text(): string {
    return this.facts.view.text;
  }
  /** By the author's clock; undefined where it is as it was written at first. */
  get editedAt(): Date | undefined {
    return this.facts.view.editedAt;
  }
  /** Its author has taken it back: that it was there is all that is left of it. */
  get isRetracted(): boolean {
    return this.facts.view.isRetracted;
  }
  /** It has disappeared, or retention has passed it: nothing of what it said is left. */
  get isGone(): boolean {
    return this.facts.view.isGone;
  }
  /** Who feels what about it: users by emoji, in the order in which they said so. */
  get reactions(): Reactions {
    return this.facts.view.reactions;
  }
  /** The message that it answers. */
  get replyTo(): MessageId | undefined {
    return this.facts.view.replyTo;
  }
  /** In the order of their ids. */
  get mentions(): readonly UserId[] {
    return this.facts.view.mentions;
  }
  /** How long it lasts once it is read, in seconds, as it says itself; undefined: it does not say, and stays. */
  get expiresIn(): number | undefined {
    return this.facts.view.expiresIn;
  }
  /** Whether a later version of Sotto has written it, and this one cannot show it. */
  get isUnknown(): boolean {
    return this.facts.view.isUnknown;
  }
  /** What was done to it last, while this object was held. */
  get lastChange(): MessageChange | undefined {
    return this.change;
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

  /** For the conversation that owns this message. Whether anything is to be seen of it. `change`: what has done it, where that is known. */
  show(view: MessageView, change?: MessageChange): boolean {
    // What was looked up before it went counts no more.
    if (this.isGone || isSameView(this.facts.view, view)) return false;
    this.facts = { ...this.facts, view };
    if (change) this.change = change;
    this.events.emit("changed", this);
    return true;
  }

  /** For the conversation that owns this message: this device has it no more. Its state and times stay. */
  forget(): void {
    this.show(goneView);
  }

  /** For the conversation that owns this message: its files are where these say. */
  settleAttachments(contents: readonly AttachmentContent[]): void {
    for (const [index, content] of contents.entries()) this.facts.attachments?.[index]?.settle(content);
  }

  /** For the conversation that owns this message. */
  noteReceipt(receipt: RecipientReceipt): void {
    this.events.emit("receipt", receipt);
  }
}
