/**
 * What a conversation is to people: its messages, as they come, as they are shown now and on pages, and what is done to them. The parts are
 * made and joined here; the actor feeds them what its log and its outbox say.
 */
import { decodeContent, isChange, type Content } from "../../crypto/content.ts";
import type { SottoError } from "../../protocol/errors.ts";
import type { MessageId } from "../../protocol/ids.ts";
import type { ClientCore } from "../core.ts";
import type { EntryRecord, OutboxRecord } from "../records.ts";
import type { Draft } from "../stores/draft.ts";
import { Arrivals } from "./arrivals.ts";
import { AttachmentSending } from "./attachment-sending.ts";
import { Authorship } from "./changes/authorship.ts";
import { forgetWhatIsRetracted } from "./changes/forgetting.ts";
import { LiveMessages } from "./changes/live-messages.ts";
import { MessageChanging } from "./changes/message-changing.ts";
import { MessageReader } from "./changes/message-reader.ts";
import type { Sender } from "./changes/outcome.ts";
import { PendingChanges } from "./changes/pending-changes.ts";
import type { ConversationState } from "./conversation-state.ts";
import { keptAs } from "./entry-opener.ts";
import { unheard } from "./group-naming.ts";
import type { HistoryKeys } from "./history-keys.ts";
import { HistoryPages } from "./history-pages.ts";
import { HistoryReader } from "./history-reader.ts";
import type { Message } from "./message.ts";
import type { Outbox } from "./outbox.ts";
import type { LocalRetention } from "./local-retention.ts";
import { OutgoingMessages } from "./outgoing-messages.ts";
import type { ReceiptBook } from "./receipt-book.ts";
import { Recipients } from "./recipients.ts";
import { MessageSearch } from "./search/message-search.ts";
import { Timeline } from "./timeline.ts";

export interface ConversationMessagesParts {
  book: ReceiptBook;
  keys: HistoryKeys;
  retention: LocalRetention;
  outbox: () => Outbox;
  /** How long a message lasts that stands there; undefined: it stays. */
  secondsAt: (sequence: number) => number | undefined;
  /** This device is still to be let in. */
  awaitsWelcome: () => boolean;
  /** A message has come. */
  came: (message: Message) => void;
  /** What is to be seen of a message has changed. */
  changed: (message: Message) => void;
  /** What the group is called has been learned from its history. */
  named: () => void;
}

export class ConversationMessages {
  readonly outgoing: OutgoingMessages;
  readonly timeline: Timeline;
  readonly pages: HistoryPages;
  readonly changing: MessageChanging;
  readonly older: HistoryReader;
  readonly attachments: AttachmentSending;
  private readonly outbox: () => Outbox;
  readonly search: MessageSearch;
  private readonly live: LiveMessages;
  private readonly state: ConversationState;
  private readonly authorship: Authorship;
  private readonly pending: PendingChanges;
  private readonly reader: MessageReader;
  private readonly arrivals: Arrivals;

  constructor(core: ClientCore, state: ConversationState, parts: ConversationMessagesParts) {
    const { book, keys, retention, outbox, secondsAt, awaitsWelcome, came, changed, named } = parts;
    const live = new LiveMessages();
    const authorship = new Authorship(core, state);
    const attachments = new AttachmentSending(core, state, outbox);
    const failed = (message: Message, error: SottoError | undefined): void => attachments.giveUp(message, error);
    const outgoing = new OutgoingMessages(core, new Recipients(core, state), book, { held: live, failed });
    const refresh = (target: MessageId): void => this.reader.refresh(target);
    const isWaiting = (id: MessageId): boolean => outbox().contentOf(id) !== undefined;
    const waiting = (id: MessageId): Content | undefined => decoded(outbox().contentOf(id));
    const pending = new PendingChanges(core, { isWaiting, refresh });
    const reader = new MessageReader(core, state, { authorship, live, outgoing, pending, waiting, changed });
    const refreshAll = (targets: ReadonlySet<MessageId>): void => targets.forEach(refresh);
    const older = new HistoryReader(core, state, { keys, authorship, changed: refreshAll, named });
    this.live = live;
    this.state = state;
    this.outbox = outbox;
    this.attachments = attachments;
    this.authorship = authorship;
    this.outgoing = outgoing;
    this.pending = pending;
    this.reader = reader;
    this.older = older;
    this.arrivals = new Arrivals(core, state, reader, came);
    this.pages = new HistoryPages(core, state, { reader, older, retention, awaitsWelcome });
    this.timeline = new Timeline(core, state, { reader, held: this.pages.held, retention });
    this.search = new MessageSearch(core, state, reader, retention);
    this.changing = new MessageChanging(core, state, { authorship, reader, pending, outbox, secondsAt });
  }

  /** Takes up what an earlier run of this client left in the outbox. */
  async load(): Promise<void> {
    const found = new Map<MessageId, { record: OutboxRecord; message: Message }>();
    await this.outbox().load((record) => {
      const content = decodeContent(record.content);
      if (isChange(content)) return this.pending.add(record.id, content);
      if (keptAs(content) !== "message") return unheard;
      const message = this.outgoing.trackStored(record);
      found.set(record.id, { record, message });
      return this.outgoing.listenerFor(message);
    });
    await this.attachments.load(found);
  }

  opened(entry: EntryRecord, content: Content): void {
    this.arrivals.opened(entry, content);
  }

  /** A change of a message is to be kept: what it takes away is not. */
  amending(draft: Draft, target: MessageId): Promise<void> {
    return forgetWhatIsRetracted(draft, this.authorship, this.state.id, target);
  }

  amended(entry: EntryRecord, target: MessageId): void {
    this.reader.refresh(target, entry);
  }

  /** The log had lost an entry, and has it again at this place. */
  returned(entry: EntryRecord): void {
    this.reader.moved(entry);
  }

  /** What it says is another now. */
  changed(id: MessageId): void {
    this.reader.refresh(id);
  }

  /** It has disappeared, or retention has passed it. */
  gone(id: MessageId): void {
    this.live.forget(id);
  }

  /** Whether what a sender says is shown. */
  isShown(sender: Sender): boolean {
    return this.reader.isShown(sender);
  }

  trustChanged(): void {
    this.release();
    this.reader.refreshAll();
  }

  /** Tells of what was withheld, and is not to be any more. */
  release(): void {
    this.arrivals.release();
  }

  blocksChanged(): void {
    this.reader.refreshAll();
  }

  async settled(): Promise<void> {
    await this.arrivals.settled();
    await this.reader.settled();
  }
}

const decoded = (bytes: Uint8Array | undefined): Content | undefined => bytes && decodeContent(bytes);
