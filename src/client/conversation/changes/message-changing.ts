/** Changes messages: reactions, edits and retractions of this user's. Each resolves when it is in the outbox, and shows at once. */
import { encodeContent, type ChangeContent } from "../../../crypto/content.ts";
import { emojiBytes, isEmoji } from "../../../crypto/content/reaction.ts";
import { SottoError } from "../../../protocol/errors.ts";
import { newIdAfter, type MessageId } from "../../../protocol/ids.ts";
import type { ClientCore } from "../../core.ts";
import type { RecordChange } from "../../stores/client-store.ts";
import type { ConversationState } from "../conversation-state.ts";
import type { Message } from "../message.ts";
import type { Outbox } from "../outbox.ts";
import { idOf, requireText, type WrittenText } from "../written-text.ts";
import type { Authorship } from "./authorship.ts";
import type { MessageReader } from "./message-reader.ts";
import { emojiPerUser } from "./outcome.ts";
import type { PendingChanges } from "./pending-changes.ts";

export interface MessageChangingParts {
  authorship: Authorship;
  reader: MessageReader;
  pending: PendingChanges;
  outbox: () => Outbox;
  /** How long a message lasts that stands there; undefined: it stays. */
  secondsAt: (sequence: number) => number | undefined;
}

type WithoutTime<Content> = Content extends unknown ? Omit<Content, "sentAt"> : never;

export class MessageChanging {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly parts: MessageChangingParts;

  constructor(core: ClientCore, state: ConversationState, parts: MessageChangingParts) {
    this.core = core;
    this.state = state;
    this.parts = parts;
  }

  /** Errors: `invalid-argument`, `message-unknown`. What is so already stays so. */
  async react(message: Message | MessageId, emoji: string, { remove = false } = {}): Promise<void> {
    if (typeof emoji !== "string" || !isEmoji(emoji)) {
      const detail = `A reaction is an emoji: 1 to ${emojiBytes} bytes, without spaces.`;
      throw new SottoError("invalid-argument", { detail });
    }
    const { id, reactions } = await this.find(message);
    const { user } = this.core.own;
    const mine = [...reactions].filter(([, users]) => users.includes(user)).map(([one]) => one);
    if (mine.includes(emoji) !== remove) return;
    if (!remove && mine.length >= emojiPerUser) {
      throw new SottoError("invalid-argument", { detail: `A message takes ${emojiPerUser} reactions of one user.` });
    }
    await this.say({ kind: "reaction", target: id, emoji, isRemoved: remove });
  }

  /** Errors: `forbidden` for what is not one's own, `invalid-argument`, `too-large`, `message-unknown`. */
  async edit(message: Message | MessageId, edited: string | WrittenText): Promise<void> {
    const written = requireText(typeof edited === "string" ? { text: edited } : edited);
    const found = await this.findOwn(message);
    if (found.isUnknown)
      throw new SottoError("invalid-argument", { detail: "A later version of Sotto has written it." });
    const isSame = found.text === written.text && found.mentions.join(" ") === (written.mentions ?? []).join(" ");
    const { id: target, sequence } = found;
    const expiresIn = found.expiresIn ?? (sequence === undefined ? undefined : this.parts.secondsAt(sequence));
    if (!isSame) await this.say({ kind: "edit", target, ...written, ...(expiresIn !== undefined && { expiresIn }) });
  }

  /** Errors: `forbidden` for what is not one's own, `message-unknown`. */
  async retract(message: Message | MessageId): Promise<void> {
    const found = await this.findOwn(message, { isRetractedToo: true });
    if (found.isRetracted) return;
    // What waits for its files has not been sent to anybody: it is not sent to be taken back.
    if (await this.parts.outbox().refuse(found.id, new SottoError("aborted"))) return;
    const { uploads } = this.core;
    await this.say({ kind: "retraction", target: found.id }, uploads.abandonmentOf(found.blobs));
    uploads.removeSoon();
  }

  private async findOwn(message: Message | MessageId, options: { isRetractedToo?: boolean } = {}): Promise<Message> {
    const found = await this.find(message, options);
    const { user, device } = this.core.own;
    if (this.parts.authorship.isSame({ user, device }, found.sender)) return found;
    throw new SottoError("forbidden", { detail: "Only who has written a message edits it, or takes it back." });
  }

  private async find(message: Message | MessageId, { isRetractedToo = false } = {}): Promise<Message> {
    if (this.core.closing.aborted) throw new SottoError("closed");
    if (this.state.record.left) throw new SottoError("not-a-member");
    const found = await this.parts.reader.find(idOf(message));
    if (!found || found.state === "failed") throw new SottoError("message-unknown");
    if (found.isRetracted && !isRetractedToo) {
      throw new SottoError("invalid-argument", { detail: "The message was retracted." });
    }
    return found;
  }

  /** `alongside`: for the write that stores it. */
  private async say(change: WithoutTime<ChangeContent>, alongside: readonly RecordChange[] = []): Promise<void> {
    const { pending, reader } = this.parts;
    const outbox = this.parts.outbox();
    const content = { ...change, sentAt: Date.now() };
    const encoded = encodeContent(content);
    const id = newIdAfter<MessageId>(outbox.lastId);
    const listener = pending.add(id, content);
    const stored = outbox.add(id, encoded, content.sentAt, listener, { changes: alongside });
    reader.refresh(content.target);
    try {
      await stored;
    } catch (cause) {
      pending.settle(id);
      if (cause instanceof SottoError) throw cause;
      throw new SottoError("internal", { detail: "This device could not store the change.", cause });
    }
    await reader.settled();
  }
}
