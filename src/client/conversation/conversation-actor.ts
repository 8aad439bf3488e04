/**
 * What runs a conversation on this device, and the place where its parts meet: the follower of its log, the outbox, the
 * keeper of its group, the joiner, acks and receipts. The client feeds it pushes and comparisons; people see `Conversation`.
 */
import { equalBytes } from "../../identity/equal-bytes.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { DeviceId, UserId } from "../../protocol/ids.ts";
import type { LogEntry } from "../../protocol/log-entry.ts";
import type { Receipt } from "../../protocol/receipts.ts";
import type { ConversationSummary, InboxEntry } from "../../protocol/requests.ts";
import { TypedEmitter } from "../async/typed-emitter.ts";
import { inBackground, type ClientCore } from "../core.ts";
import { AckSender } from "./ack-sender.ts";
import type { ConversationState } from "./conversation-state.ts";
import { GroupJoiner } from "./group-joiner.ts";
import { GroupKeeper } from "./group-keeper.ts";
import { LogFollower } from "./log-follower.ts";
import type { Message } from "./message.ts";
import { Outbox } from "./outbox.ts";
import { OutgoingMessages } from "./outgoing-messages.ts";
import { ReceiptBook } from "./receipt-book.ts";
import { RosterAlignment } from "./roster-alignment.ts";
import { Timeline, type UnopenedMessage } from "./timeline.ts";

export interface ConversationEvents {
  /** A message of somebody else, or of another device of one's own: opened, in order, once. */
  message: Message;
  /** A message that could not be opened. It is acked as such and blocks nothing. */
  unopened: UnopenedMessage;
  /** Why messages wait: for the other side's first device, for this device to be added; null when they do not. */
  waiting: "recipient-device" | "welcome" | null;
}

export class ConversationActor {
  readonly state: ConversationState;
  readonly events = new TypedEmitter<ConversationEvents>();
  readonly outbox: Outbox;
  readonly outgoing: OutgoingMessages;
  readonly timeline: Timeline;
  private readonly core: ClientCore;
  private readonly open: () => Promise<ConversationSummary>;
  private readonly follower: LogFollower;
  private readonly keeper: GroupKeeper;
  private readonly joiner: GroupJoiner;
  private readonly acks: AckSender;
  private readonly book: ReceiptBook;
  private readonly alignment: RosterAlignment;
  /** This session's comparison of what this device holds with the node's log; undefined before it was tried. */
  private compared: Promise<void> | undefined;
  private lastWaiting: ConversationEvents["waiting"] = null;

  constructor(core: ClientCore, state: ConversationState, open: () => Promise<ConversationSummary>) {
    this.core = core;
    this.state = state;
    this.open = open;
    this.acks = new AckSender(core, state);
    this.book = new ReceiptBook(core, state, (receipt) => this.outgoing.showReceipt(receipt));
    this.outgoing = new OutgoingMessages(core, state.record.peer, this.book);
    this.timeline = new Timeline(core, state, this.outgoing);
    this.keeper = new GroupKeeper(core, state, {
      posted: (entry) => this.follower.post(entry),
      catchUp: () => this.catchUp(),
      summary: open,
    });
    this.alignment = new RosterAlignment(core, this.keeper);
    this.joiner = new GroupJoiner(core, state, {
      policy: () => this.keeper.policy(),
      summary: open,
      resume: (last) => this.outbox.resume(last),
      joined: () => this.afterJoin(),
    });
    this.outbox = new Outbox(core, state, {
      ready: () => this.makeReady(),
      accepted: (entry) => this.follower.post(entry),
      catchUp: () => this.catchUp(),
      catchUpAfresh: () => this.tolerant(this.follower.catchUpAfresh()),
      listHead: () => this.listHead(),
      lost: () => this.background(this.loseState()),
    });
    this.follower = new LogFollower(core, state, {
      policy: () => this.keeper.policy(),
      takeOwn: (entry) => this.outbox.takeOwn(entry),
      opened: (entry, content) => this.events.emit("message", this.timeline.presentReceived(entry, content)),
      unopened: (entry, reason) =>
        this.events.emit("unopened", { sequence: entry.sequence, sender: entry.sender, reason }),
      listSeen: (entry, list) => void this.checkList(entry.sender.user, list),
      advanced: () => {
        this.acks.wake();
        this.background(this.book.retryEarly());
      },
      groupMoved: () => this.outbox.wake(),
      lost: () => this.background(this.askForReadd()),
    });
  }

  /** Why messages wait here, null when they do not. */
  get waitingFor(): ConversationEvents["waiting"] {
    return this.lastWaiting;
  }

  /** Whether this device holds the group, or is founding it. */
  get isJoined(): boolean {
    return this.state.group !== undefined || this.state.pending !== undefined;
  }

  /** Whether what this device holds is what the node added it to. A Welcome may be in the inbox, or lost. */
  holds(summary: ConversationSummary): boolean {
    if (summary.joinedSequence === null || this.state.pending) return true;
    return this.state.group !== undefined && this.state.record.joinedSequence >= summary.joinedSequence;
  }

  /** Takes up what the store holds. */
  async load(): Promise<void> {
    await this.book.load();
    await this.outbox.load((record) => this.outgoing.trackStored(record));
  }

  /** An entry of the log was pushed. */
  posted(entry: LogEntry): void {
    if (this.state.record.joinedSequence === 0 && this.state.pending?.record.id !== entry.id) return;
    this.follower.post(entry);
  }

  /** A receipt was pushed. */
  receipted(receipt: Receipt): void {
    this.background(this.book.take(receipt));
  }

  /** Something waits in this device's inbox. */
  async inboxed(entry: InboxEntry): Promise<void> {
    if (entry.kind === "readd") return this.keeper.answerReadd(entry);
    await this.joiner.join(entry);
    this.noteWaiting();
  }

  /** Compares with the node, and brings both sides up to date. Errors: those of the connection. */
  async sync(summary: ConversationSummary): Promise<void> {
    this.acks.noteAcked(summary.position);
    if (this.state.record.lostAt !== null) await this.askForReadd();
    else if (!this.holds(summary)) await this.loseState(summary);
    await this.compare(summary);
    if (summary.head !== this.state.record.position) await this.catchUp();
    this.acks.wake();
    await this.book.readMissed(summary.receiptVersion);
    const behind = summary.lists.filter(({ user, version }) => (this.core.directory.get(user)?.version ?? 0) < version);
    if (behind.length > 0 || this.keeper.needsAlignment()) await this.devicesChanged(behind.map(({ user }) => user));
    this.outbox.wake();
  }

  /** A user's device list has moved on. */
  async devicesChanged(users: UserId[]): Promise<void> {
    for (const user of users) await this.core.directory.refresh(user);
    this.outbox.wake();
    this.alignment.wake();
  }

  /** There is a connection again. */
  wake(): void {
    this.compared = undefined;
    this.outbox.wake();
    this.acks.wake();
  }

  /** The log is behind its head. Errors are reported, and left to the next sync. */
  catchUp(): Promise<void> {
    return this.tolerant(this.follower.catchUp());
  }

  private async tolerant(reading: Promise<void>): Promise<void> {
    try {
      await reading;
    } catch (error) {
      if (!(error instanceof SottoError)) throw error;
      if (error.code === "diverged") this.core.report({ code: "diverged", conversation: this.state.id });
      else if (error.code !== "not-a-member") throw error;
    }
  }

  /** Resolves when nothing is being stored or acked. */
  async settled(): Promise<void> {
    await this.follower.settled();
    await this.acks.settled();
  }

  /** A person lets a device in again that asked too often to be let in without one. */
  letIn(device: DeviceId): Promise<boolean> {
    return this.keeper.letIn(device);
  }

  /** A device whose state is older than what it has sent finds that out here, before it seals anything under it. */
  private async makeReady(): Promise<boolean> {
    await this.compare();
    const ready = await this.keeper.ready();
    this.noteWaiting();
    return ready;
  }

  /** Once in each session, and shared by whoever asks meanwhile. */
  private compare(summary?: ConversationSummary): Promise<void> {
    if (this.compared) return this.compared;
    const compared = this.compareWith(summary).catch((error: unknown) => {
      if (this.compared === compared) this.compared = undefined;
      throw error;
    });
    this.compared = compared;
    return compared;
  }

  private async compareWith(known?: ConversationSummary): Promise<void> {
    if (!this.isJoined) return;
    const summary = known ?? (await this.open());
    if (this.state.record.lostAt === null && !this.holds(summary)) await this.loseState(summary);
    await this.catchUp();
  }

  private background(work: Promise<unknown>): void {
    inBackground(this.core, work, { conversation: this.state.id });
  }

  private noteWaiting(): void {
    const { lostAt } = this.state.record;
    const waiting = this.state.canSeal ? null : lostAt === null ? this.keeper.waitingFor : "welcome";
    if (waiting === this.lastWaiting) return;
    this.lastWaiting = waiting;
    this.events.emit("waiting", waiting);
  }

  private async afterJoin(): Promise<void> {
    this.noteWaiting();
    await this.catchUp();
    this.outbox.wake();
    await this.devicesChanged([]);
  }

  /** What lies between here and being added again counts as not opened, also where the first Welcome was never taken. */
  private async loseState(summary?: ConversationSummary): Promise<void> {
    if (this.state.record.lostAt !== null) return;
    this.core.report({ code: "state-lost", conversation: this.state.id });
    await this.state.queue.run(async () => {
      const joined = this.state.record.joinedSequence === 0 ? summary?.joinedSequence : undefined;
      const begins = joined ? { joinedSequence: joined, position: joined - 1 } : {};
      await this.state.commit({ record: { lostAt: Date.now(), ...begins }, pending: null });
    });
    await this.askForReadd();
  }

  private async askForReadd(): Promise<void> {
    try {
      await this.joiner.askForReadd();
    } catch (error) {
      if (!(error instanceof SottoError)) throw error;
    }
    this.noteWaiting();
  }

  private listHead(): { version: number; head: Uint8Array } {
    const list = this.core.directory.get(this.core.own.user);
    return { version: list?.version ?? 0, head: list?.head ?? new Uint8Array(32) };
  }

  /** A sender names its list in every message: a newer one is fetched; one that differs from ours, or is withheld, is reported. */
  private async checkList(user: UserId, seen: { version: number; head: Uint8Array }): Promise<void> {
    const { directory } = this.core;
    if (seen.version === 0) return;
    if (!directory.headAt(user, seen.version)) {
      const fetched = await this.devicesChanged([user]).then(
        () => true,
        () => false,
      );
      if (!fetched) return;
    }
    const ours = directory.headAt(user, seen.version);
    if (ours && equalBytes(ours, seen.head)) return;
    this.core.report({ code: "untrusted-list", conversation: this.state.id, user });
  }
}
