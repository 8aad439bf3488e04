/**
 * The messages that an application holds, each once: what becomes of a message shows in the object that it was given before. One that
 * nobody holds any more is forgotten.
 */
import type { MessageId } from "../../../protocol/ids.ts";
import type { Message } from "../message.ts";
import type { Sender } from "./outcome.ts";

export class LiveMessages {
  private readonly held = new Map<MessageId, WeakRef<Message>>();
  private readonly gone = new FinalizationRegistry<MessageId>((id) => {
    if (!this.held.get(id)?.deref()) this.held.delete(id);
  });

  get(id: MessageId): Message | undefined {
    return this.held.get(id)?.deref();
  }

  /** One with this id that is another device's is another message. */
  find(id: MessageId, sender: Sender): Message | undefined {
    const message = this.get(id);
    return message?.sender.device === sender.device ? message : undefined;
  }

  add(message: Message): Message {
    this.held.set(message.id, new WeakRef(message));
    this.gone.register(message, message.id);
    return message;
  }

  /** It is a message no more: nobody finds it by its id, and who holds it still has nothing of what it said. */
  forget(id: MessageId): void {
    this.get(id)?.forget();
    this.held.delete(id);
  }

  all(): Message[] {
    return [...this.held.values()].flatMap((ref) => ref.deref() ?? []);
  }
}
