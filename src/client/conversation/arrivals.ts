/** What people are told of as it comes: messages, each once. Of who is in doubt only when a person has compared. */
import type { Content } from "../../crypto/content.ts";
import type { ClientCore } from "../core.ts";
import type { EntryRecord } from "../records.ts";
import type { MessageReader } from "./changes/message-reader.ts";
import type { Message } from "./message.ts";

export class Arrivals {
  private readonly core: ClientCore;
  private readonly reader: MessageReader;
  private readonly tell: (message: Message) => void;
  /** Of who has started over, until a person has compared: in the order of the log. A later run finds them in the history. */
  private withheld: Message[] = [];

  constructor(core: ClientCore, reader: MessageReader, tell: (message: Message) => void) {
    this.core = core;
    this.reader = reader;
    this.tell = tell;
  }

  opened(entry: EntryRecord, content: Content): void {
    if (this.core.blocks.has(entry.sender.user)) return;
    const message = this.reader.fresh(entry, content);
    if (this.core.directory.isInDoubt(entry.sender)) this.withheld.push(message);
    else this.tell(message);
  }

  /** Of whom this device has compared the key, or has not, is another now. */
  trustChanged(): void {
    const waiting = this.withheld;
    this.withheld = waiting.filter(({ sender }) => this.core.directory.isInDoubt(sender));
    for (const message of waiting) if (!this.withheld.includes(message)) this.tell(message);
  }
}
