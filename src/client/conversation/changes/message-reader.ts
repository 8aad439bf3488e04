/**
 * Makes messages of what this device holds: the entry of the log, and what changed it since. One at a time, so that the last word on a
 * message is the last that shows.
 */
import { decodeContent, type Content } from "../../../crypto/content.ts";
import type { MessageId } from "../../../protocol/ids.ts";
import { attachmentsOf } from "../../attachments/attachment.ts";
import { TaskQueue } from "../../async/task-queue.ts";
import { inBackground, type ClientCore } from "../../core.ts";
import { decodeRecord, tables, type ChangeRecord, type EntryRecord } from "../../records.ts";
import { Draft } from "../../stores/draft.ts";
import type { ConversationState } from "../conversation-state.ts";
import { entryAt } from "../kept-entries.ts";
import { Message, type MessageChange, type MessageState } from "../message.ts";
import type { OutgoingMessages } from "../outgoing-messages.ts";
import type { Authorship } from "./authorship.ts";
import { changeIn } from "./entry-rows.ts";
import { forgetWhatIsRetracted } from "./forgetting.ts";
import type { LiveMessages } from "./live-messages.ts";
import { isSameView, retractedView, viewOf, type EditedText, type MessageView } from "./message-view.ts";
import { outcomeOf, type Sender } from "./outcome.ts";
import type { PendingChange, PendingChanges } from "./pending-changes.ts";

export interface MessageReaderParts {
  authorship: Authorship;
  live: LiveMessages;
  outgoing: OutgoingMessages;
  pending: PendingChanges;
  /** What a message of this device's says that the log does not have yet. */
  waiting(id: MessageId): Content | undefined;
  changed(message: Message): void;
}

type AnyChange = ChangeRecord | PendingChange;

export class MessageReader {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly parts: MessageReaderParts;
  private readonly queue = new TaskQueue();

  constructor(core: ClientCore, state: ConversationState, parts: MessageReaderParts) {
    this.core = core;
    this.state = state;
    this.parts = parts;
  }

  /** One that has just come: nothing can have changed it yet. */
  fresh(entry: EntryRecord, content: Content): Message {
    return this.messageOf(entry, viewOf(content), content);
  }

  /** A message as it stands now. */
  show(entry: EntryRecord): Promise<Message> {
    return this.queue.run(async () => {
      const content = entry.content ? decodeContent(entry.content) : undefined;
      return this.messageOf(entry, await this.viewOf(entry), content);
    });
  }

  /** By its id: one that the application holds, or that this device has; undefined where it has none. */
  async find(id: MessageId): Promise<Message | undefined> {
    return this.parts.live.get(id) ?? this.findKept(id);
  }

  /** By its id, of what the log has brought. */
  async findKept(id: MessageId): Promise<Message | undefined> {
    const entry = await this.entryOf(id);
    return entry && this.isShown(entry.sender) ? this.show(entry) : undefined;
  }

  /** Something has changed a message, or is not to count any more. `by`: the entry that did it, where it is new. */
  refresh(target: MessageId, by?: EntryRecord): void {
    inBackground(
      this.core,
      this.queue.run(() => this.look(target, by)),
      { conversation: this.state.id },
    );
  }

  /** The log had lost an entry, and has it again at this place. */
  moved(entry: EntryRecord): void {
    const { id, sequence, sender } = entry;
    this.parts.live.find(id, sender)?.update({ sequence });
    this.refresh(changeIn(entry)?.target ?? id);
  }

  /** Whose words count has changed. */
  refreshAll(): void {
    for (const { id } of this.parts.live.all()) this.refresh(id);
  }

  /** Resolves when everything that was to be looked at is shown. */
  settled(): Promise<void> {
    return this.queue.idle();
  }

  /**
   * What was said in a direct before a block stays to be read; in groups nothing of who is blocked is shown. What is said under a new key in
   * the place of one that a person had confirmed is not shown before they have said that it may be.
   */
  isShown(sender: Sender): boolean {
    if (this.core.directory.isInDoubt(sender)) return false;
    return !this.state.isGroup || !this.core.blocks.has(sender.user);
  }

  private async look(target: MessageId, by: EntryRecord | undefined): Promise<void> {
    const live = this.parts.live.get(target);
    if (live) return this.update(live, by);
    const entry = by && (await this.entryOf(target));
    if (!entry || !this.isShown(entry.sender)) return;
    const [before, after] = [await this.viewOf(entry, by.sequence), await this.viewOf(entry)];
    if (isSameView(before, after) && !(await this.isTakenBackBy(entry, by))) return;
    const message = this.messageOf(entry, before, entry.content ? decodeContent(entry.content) : undefined);
    message.show(after, nameOf(by));
    this.parts.changed(message);
  }

  /** What a retraction took away is not there to be compared: the first one did it. */
  private async isTakenBackBy(entry: EntryRecord, by: EntryRecord): Promise<boolean> {
    if (!entry.retracted) return false;
    const changes = await this.changesOf(entry);
    return changes.find(({ kind }) => kind === "retraction")?.sequence === by.sequence;
  }

  private async update(message: Message, by: EntryRecord | undefined): Promise<void> {
    const view = await this.viewNow(message);
    if (view && message.show(view, by && nameOf(by)) && this.isShown(message.sender)) this.parts.changed(message);
  }

  private async viewNow({ id, sequence, sender }: Message): Promise<MessageView | undefined> {
    const entry = sequence === undefined ? undefined : await entryAt(this.core.store, this.state.id, sequence);
    if (entry?.id === id && entry.kind === "message") return this.viewOf(entry);
    const content = this.parts.waiting(id);
    return content && this.viewBy(content, sender, this.parts.pending.of(id));
  }

  /** `without`: the sequence of a change that is not to count. */
  private async viewOf(entry: EntryRecord, without?: number): Promise<MessageView> {
    if (entry.retracted) return retractedView;
    const content: Content = entry.content ? decodeContent(entry.content) : { kind: "unknown" };
    const changes = (await this.changesOf(entry)).filter(({ sequence }) => sequence !== without);
    return this.viewBy(content, entry.sender, [...changes, ...this.parts.pending.of(entry.id)]);
  }

  /** Those that follow it, in the order of the log. */
  private async changesOf({ id, sequence }: EntryRecord): Promise<ChangeRecord[]> {
    const rows = await this.core.store.list(tables.messageChanges, { prefix: `${this.state.id}/${id}/` });
    return rows.map(({ bytes }) => decodeRecord<ChangeRecord>(bytes)).filter((one) => one.sequence > sequence);
  }

  private async viewBy(content: Content, author: Sender, changes: readonly AnyChange[]): Promise<MessageView> {
    const counting = changes.filter(({ sender }) => this.isShown(sender));
    const outcome = outcomeOf(counting, (sender) => this.parts.authorship.isSame(sender, author));
    return viewOf(content, outcome, outcome.edit && (await this.textOf(outcome.edit)));
  }

  private async textOf(change: AnyChange): Promise<EditedText | undefined> {
    if ("content" in change) return change.content.kind === "edit" ? change.content : undefined;
    const entry = await entryAt(this.core.store, this.state.id, change.sequence);
    const edit = entry && changeIn(entry);
    return edit?.kind === "edit" ? edit : undefined;
  }

  private async entryOf(id: MessageId): Promise<EntryRecord | undefined> {
    const prefix = `${this.state.id}/${id}/`;
    const [place] = await this.core.store.list(tables.messagePlaces, { prefix, limit: 1 });
    const entry = place && (await entryAt(this.core.store, this.state.id, Number(place.id.slice(prefix.length))));
    return entry?.kind === "message" ? entry : undefined;
  }

  /** What the log has said of it before counts, and is seen to be forgotten. */
  private messageOf(entry: EntryRecord, view: MessageView, content: Content | undefined): Message {
    const { id, sender, sequence, retracted } = entry;
    const { live, outgoing } = this.parts;
    if (view.isRetracted && entry.content && this.parts.pending.of(id).length === 0) this.forget(id);
    const state = this.stateOf(entry);
    const held = live.find(id, sender);
    if (held) {
      held.update({ state, sequence, acceptedAt: new Date(entry.acceptedAt) });
      held.show(view);
      return held;
    }
    const acceptedAt = new Date(entry.acceptedAt);
    const at = retracted?.sentAt ?? (content?.kind === "text" ? content.sentAt : undefined);
    const sentAt = at === undefined ? acceptedAt : new Date(at);
    const attachments = content ? attachmentsOf(content, this.core.blobs) : [];
    const facts = { id, sender, view, sentAt, acceptedAt, sequence, state, attachments };
    return live.add(new Message(facts, (message) => outgoing.receiptsOf(message)));
  }

  private stateOf({ sender, sequence }: EntryRecord): MessageState {
    if (sender.user === this.core.own.user) return this.parts.outgoing.stateAt(sequence);
    return sequence <= this.state.record.readSequence ? "read" : "delivered";
  }

  /** It was retracted when this could not be known yet to be its author's word. */
  private forget(id: MessageId): void {
    const work = this.state.queue.run(async () => {
      const draft = new Draft(this.core.store);
      await forgetWhatIsRetracted(draft, this.parts.authorship, this.state.id, id);
      await this.core.store.write(draft.changes);
    });
    inBackground(this.core, work, { conversation: this.state.id });
  }
}

function nameOf(entry: EntryRecord): MessageChange | undefined {
  const change = changeIn(entry);
  if (!change) return undefined;
  const { kind } = change;
  const { user } = entry.sender;
  if (change.kind !== "reaction") return { kind, user };
  return { kind, user, emoji: change.emoji, isRemoved: change.isRemoved };
}
