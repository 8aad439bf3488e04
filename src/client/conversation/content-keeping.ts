/**
 * What goes into the store with an entry whose content this device keeps, beside the rows of the entry: the words that find it, how long it
 * lasts, and what it takes away of others. The same wherever the entry comes from: the log, or this device's own outbox.
 */
import { isChange, type Content } from "../../crypto/content.ts";
import type { ConversationId, MessageId } from "../../protocol/ids.ts";
import type { EntryRecord } from "../records.ts";
import type { Draft } from "../stores/draft.ts";
import { lifetimeOf, type DisappearingMessages } from "./disappearing-messages.ts";
import { indexWords } from "./search/word-index.ts";

export interface Kept {
  entry: EntryRecord;
  /** What it says, also where the entry does not keep it. */
  content: Content;
  /** As `groupLifetime` has it. */
  ofGroup: number | undefined;
}

export class ContentKeeping {
  private readonly conversation: ConversationId;
  private readonly disappearing: DisappearingMessages;
  private readonly amending: (draft: Draft, target: MessageId) => Promise<void>;

  /** `amending`: a change of a message is to be kept, and what it takes away is not. */
  constructor(
    conversation: ConversationId,
    disappearing: DisappearingMessages,
    amending: (draft: Draft, target: MessageId) => Promise<void>,
  ) {
    this.conversation = conversation;
    this.disappearing = disappearing;
    this.amending = amending;
  }

  /** Adds it to the draft, which has the rows of the entry. To be called once that is stored: what it returns. */
  async add(draft: Draft, { entry, content, ofGroup }: Kept): Promise<() => void> {
    if (entry.content !== null) await indexWords(draft, this.conversation, entry, content);
    if (isChange(content)) await this.amending(draft, content.target);
    const seconds = entry.kind === "message" ? lifetimeOf(content, ofGroup) : undefined;
    if (seconds === undefined) return () => undefined;
    const record = this.disappearing.recordOf(entry, seconds);
    draft.write(this.disappearing.changeOf(record));
    return () => this.disappearing.note(record);
  }
}
