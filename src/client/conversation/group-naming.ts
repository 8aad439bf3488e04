/** What a group is called: said in a sealed message, and said again to whoever was added since, who cannot read what was before. */
import { encodeContent, groupNameBytes } from "../../crypto/content.ts";
import { SottoError } from "../../protocol/errors.ts";
import { newIdAfter, type MessageId } from "../../protocol/ids.ts";
import type { ConversationState } from "./conversation-state.ts";
import type { OutgoingListener } from "./outbox-items.ts";
import type { Outbox } from "./outbox.ts";

/** Nobody waits for it. */
export const unheard: OutgoingListener = { moved: () => undefined };

/** Throws `invalid-argument` for what no group can be called. */
export function requireName(name: string): void {
  const { length } = typeof name === "string" ? new TextEncoder().encode(name) : "";
  if (length > 0 && length <= groupNameBytes) return;
  throw new SottoError("invalid-argument", { detail: `A group's name has 1 to ${groupNameBytes} bytes.` });
}

export class GroupNaming {
  private readonly state: ConversationState;
  private readonly outbox: () => Outbox;

  constructor(state: ConversationState, outbox: () => Outbox) {
    this.state = state;
    this.outbox = outbox;
  }

  /** Resolves when the node has accepted it. Throws why it did not. */
  async rename(name: string): Promise<void> {
    requireName(name);
    await new Promise<void>((resolve, reject) => {
      const listener: OutgoingListener = {
        moved: (state, { error } = {}) => {
          if (state === "accepted") resolve();
          else if (state === "failed") reject(error ?? new SottoError("internal"));
        },
      };
      this.say(name, listener).catch(reject);
    });
  }

  /** Tells the name to whoever was added by this device and does not know it. */
  async settleDebt(): Promise<void> {
    const { owesName, name } = this.state.record;
    if (!owesName) return;
    await this.state.queue.run(() => this.state.commit({ record: { owesName: false } }));
    if (name !== null) await this.say(name, unheard);
  }

  private say(name: string, listener: OutgoingListener): Promise<void> {
    const sentAt = Date.now();
    const content = encodeContent({ kind: "profile", name, sentAt });
    return this.outbox().add(newIdAfter<MessageId>(this.outbox().lastId), content, sentAt, listener);
  }
}
