/** Looks for messages by their words among what this device holds. The index says where to look; what is shown now decides. */
import type { ClientCore } from "../../core.ts";
import { SottoError } from "../../../protocol/errors.ts";
import { changeIn } from "../changes/entry-rows.ts";
import type { MessageReader } from "../changes/message-reader.ts";
import type { ConversationState } from "../conversation-state.ts";
import { entryAt } from "../kept-entries.ts";
import type { LocalRetention } from "../local-retention.ts";
import type { Message } from "../message.ts";
import { entriesWith } from "./word-index.ts";
import { hasWords, lineOf } from "./words.ts";

export class MessageSearch {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly reader: MessageReader;
  private readonly retention: LocalRetention;

  constructor(core: ClientCore, state: ConversationState, reader: MessageReader, retention: LocalRetention) {
    this.core = core;
    this.state = state;
    this.reader = reader;
    this.retention = retention;
  }

  /** Up to `limit` messages, newest first. `beginnings`: as `wordsOf` has them. Error: `aborted`. */
  async find(beginnings: readonly string[], limit: number, signal?: AbortSignal): Promise<Message[]> {
    const found = new Set<Message>();
    for await (const sequences of entriesWith(this.core.store, this.state.id, beginnings)) {
      for (const sequence of sequences) {
        if (signal?.aborted) throw new SottoError("aborted");
        const message = await this.messageAt(sequence);
        if (message && this.isKept(message) && hasWords(lineOf(message.text), beginnings)) found.add(message);
      }
      // An edit finds a message that may be older than others that are still to come.
      const settled = [...found].filter(({ sequence = 0 }) => sequence >= sequences.at(-1)!);
      if (settled.length >= limit) break;
    }
    return [...found].toSorted((one, other) => (other.sequence ?? 0) - (one.sequence ?? 0)).slice(0, limit);
  }

  private isKept({ acceptedAt }: Message): boolean {
    return acceptedAt !== undefined && acceptedAt.getTime() >= this.retention.cutoff;
  }

  /** The message that stands there, or that what stands there has edited. */
  private async messageAt(sequence: number): Promise<Message | undefined> {
    const entry = await entryAt(this.core.store, this.state.id, sequence);
    if (!entry) return undefined;
    if (entry.kind === "message") return this.reader.isShown(entry.sender) ? this.reader.show(entry) : undefined;
    const target = changeIn(entry)?.target;
    return target && this.reader.findKept(target);
  }
}
