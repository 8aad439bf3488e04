/**
 * What runs a conversation on this device, and the place where its parts meet: the follower of its log, the outbox, the
 * keeper of its group, the joiner, acks and receipts. The client feeds it pushes and comparisons; people see `Conversation`.
 */
import { SottoError } from "../../protocol/errors.ts";
import type { DeviceId, UserId } from "../../protocol/ids.ts";
import type { LogEntry } from "../../protocol/log-entry.ts";
import type { PushOf } from "../../protocol/pushes.ts";
import type { Receipt } from "../../protocol/receipts.ts";
import type { ConversationSummary, InboxEntry } from "../../protocol/requests.ts";
import { TypedEmitter } from "../async/typed-emitter.ts";
import { inBackground, type ClientCore } from "../core.ts";
import type { Drafts } from "../drafts.ts";
import type { ConversationRecord } from "../records.ts";
import { AckSender } from "./ack-sender.ts";
import { ContentKeeping } from "./content-keeping.ts";
import { ConversationMessages } from "./conversation-messages.ts";
import type { ConversationState } from "./conversation-state.ts";
import { departureBefore } from "./departure.ts";
import { DisappearingMessages, type Disappeared } from "./disappearing-messages.ts";
import { ErasedMembers } from "./erased-members.ts";
import { FoundingRetries } from "./founding-retries.ts";
import { GenerationFounding } from "./generation-founding.ts";
import { GroupAdministration } from "./group-administration.ts";
import { GroupJoiner } from "./group-joiner.ts";
import { GroupKeeper } from "./group-keeper.ts";
import { GroupNaming } from "./group-naming.ts";
import type { GroupFact } from "./log-batch.ts";
import { HistoryKeys } from "./history-keys.ts";
import type { UnopenedMessage } from "./history-pages.ts";
import { HistorySharing } from "./history-sharing.ts";
import { LocalRetention } from "./local-retention.ts";
import { LogFollower } from "./log-follower.ts";
import { LogReading } from "./log-reading.ts";
import { MemberTrust } from "./member-trust.ts";
import type { Message } from "./message.ts";
import { Outbox } from "./outbox.ts";
import { ReaddAnswers } from "./readd-answers.ts";
import { ReaddRequests } from "./readd-requests.ts";
import { ReadMarks } from "./read-marks.ts";
import { ReceiptBook } from "./receipt-book.ts";
import { RosterAlignment } from "./roster-alignment.ts";
import { checkList, ownListHead } from "./seen-lists.ts";
import { SignedReceipts } from "./signed-receipts.ts";
import { Typing, type TypingEvent } from "./typing.ts";

export interface ConversationEvents {
  /** A message of somebody else, or of another device of one's own: opened, in order, once. */
  message: Message;
  /** A message was edited or retracted, or what people feel about it has changed; also by this device. */
  "message-changed": Message;
  /** A message that could not be opened. It is acked as such and blocks nothing. */
  unopened: UnopenedMessage;
  /**
   * Why messages wait: for a device of the other side, the first or the first after it has started over; for this device to be added; for a person to compare safety numbers with a
   * contact whom it had verified (`client.verification(user)`); null when they do not.
   */
  waiting: "recipient-device" | "welcome" | "identity-changed" | null;
  /** This device has been let in, at this sequence: what is here, and what it may read of before, can be asked for from now on. */
  joined: { sequence: number };
  /** A message that lasts for a time has gone from this device. */
  disappeared: Disappeared;
  /** This user has read everything up to this sequence, here or on another of its devices: `unread()` is shorter now. */
  read: { sequence: number };
  /** Somebody else is writing here, or has stopped: for a few seconds after the last word of it, or until their message comes. */
  typing: TypingEvent;
  /** What is to be seen of a group has changed: who is in it, roles, its name, how long messages last; or this user is out of it. */
  changed: { facts: GroupFact[] };
}

export class ConversationActor {
  readonly state: ConversationState;
  readonly events = new TypedEmitter<ConversationEvents>();
  readonly outbox: Outbox;
  readonly messages: ConversationMessages;
  readonly administration: GroupAdministration;
  readonly disappearing: DisappearingMessages;
  readonly retention: LocalRetention;
  readonly drafts: Drafts;
  private readonly core: ClientCore;
  private readonly open: () => Promise<ConversationSummary>;
  private readonly follower: LogFollower;
  private readonly keeper: GroupKeeper;
  private readonly readds: ReaddAnswers;
  private readonly joiner: GroupJoiner;
  private readonly readdRequests: ReaddRequests;
  private readonly founding: GenerationFounding;
  private readonly foundingRetries: FoundingRetries;
  private readonly acks: AckSender;
  private readonly book: ReceiptBook;
  private readonly alignment: RosterAlignment;
  private readonly reading: LogReading;
  private readonly trust: MemberTrust;
  private readonly erased: ErasedMembers;
  private readonly historyKeys: HistoryKeys;
  private readonly sharing: HistorySharing;
  readonly marks: ReadMarks;
  readonly typing: Typing;
  readonly naming: GroupNaming;
  /** This session's comparison of what this device holds with the node's log; undefined before it was tried. */
  private compared: Promise<void> | undefined;
  private lastWaiting: ConversationEvents["waiting"] = null;

  constructor(core: ClientCore, state: ConversationState, open: () => Promise<ConversationSummary>) {
    this.core = core;
    this.state = state;
    this.open = open;
    this.drafts = core.drafts;
    const signed = new SignedReceipts(core, state);
    this.acks = new AckSender(core, state, () => this.marks.wake());
    this.marks = new ReadMarks(core, state, {
      acks: this.acks,
      signed,
      reading: (upTo, isMeant) => this.disappearing.read(upTo, isMeant),
      moved: (sequence) => this.events.emit("read", { sequence }),
    });
    this.typing = new Typing(core, state, (event) => this.events.emit("typing", event));
    this.trust = new MemberTrust(core, state);
    this.erased = new ErasedMembers(core, state);
    this.book = new ReceiptBook(core, state, signed, (receipt) => this.messages.outgoing.showReceipt(receipt));
    this.historyKeys = new HistoryKeys(core, state, () => this.messages.older.forgetFirst());
    this.disappearing = new DisappearingMessages(core, state, {
      isShown: (sender) => this.messages.isShown(sender),
      forget: (draft, target) => this.messages.amending(draft, target),
      gone: (messages) => {
        for (const message of messages) {
          this.messages.gone(message.id);
          this.events.emit("disappeared", message);
        }
      },
    });
    const keeping = new ContentKeeping(state.id, this.disappearing, (draft, target) =>
      this.messages.amending(draft, target),
    );
    this.retention = new LocalRetention(core, state, {
      book: this.book,
      disappearing: this.disappearing,
      gone: (id) => this.messages.gone(id),
    });
    this.messages = new ConversationMessages(core, state, {
      book: this.book,
      keys: this.historyKeys,
      retention: this.retention,
      secondsAt: (sequence) => this.disappearing.secondsAt(sequence),
      outbox: () => this.outbox,
      awaitsWelcome: () => this.lastWaiting === "welcome",
      came: (message) => this.events.emit("message", message),
      changed: (message) => this.events.emit("message-changed", message),
      named: () => this.groupChanged(new Set(["name"])),
    });
    this.sharing = new HistorySharing(core, state, this.historyKeys, () => this.outbox);
    this.keeper = new GroupKeeper(core, state, {
      posted: (entry) => this.follower.post(entry),
      catchUp: () => this.catchUp(),
      summary: open,
    });
    this.readds = new ReaddAnswers(core, state, this.keeper);
    this.alignment = new RosterAlignment(core, this.keeper);
    this.administration = new GroupAdministration(core, state, this.keeper, this.sharing, {
      posted: (entry) => this.follower.post(entry),
      catchUp: () => this.catchUp(),
    });
    this.naming = new GroupNaming(state, () => this.outbox);
    this.readdRequests = new ReaddRequests(core, state);
    this.joiner = new GroupJoiner(core, state, {
      policy: () => this.keeper.policy(),
      summary: open,
      catchUp: () => this.catchUp(),
      askForReadd: (summary) => this.readdRequests.ask(summary),
      resume: (last) => this.outbox.resume(last),
      settled: () => this.follower.settled(),
      settlePending: () => this.keeper.changes.resend(),
      joined: () => this.afterJoin(),
    });
    this.founding = new GenerationFounding(core, state, {
      changes: this.keeper.changes,
      catchUp: () => this.catchUp(),
      summary: open,
      resume: (last) => this.outbox.resume(last),
    });
    this.outbox = new Outbox(core, state, {
      ready: () => this.makeReady(),
      accepted: (entry) => this.follower.post(entry),
      catchUp: () => this.catchUp(),
      catchUpAfresh: () => this.reading.catchUpAfresh(),
      listHead: () => ownListHead(core),
      changed: (id) => this.messages.changed(id),
      keeping,
      historyKey: async () => this.state.group && this.historyKeys.at(this.state.record, this.state.group),
      lost: () => this.background(this.loseUnlessOut()),
      peerErased: () => this.background(this.open().then((summary) => this.noteErased(summary))),
    });
    this.foundingRetries = new FoundingRetries(core, () => this.outbox.wake());
    this.follower = new LogFollower(core, state, {
      policy: (record) => this.keeper.policy(record),
      historyKeys: this.historyKeys,
      keeping,
      takeOwn: (entry) => this.outbox.takeOwn(entry),
      opened: (entry, content) => {
        this.typing.end(entry.sender.user);
        this.messages.opened(entry, content);
      },
      amended: (entry, target) => this.messages.amended(entry, target),
      unopened: ({ sequence, sender }, reason) => {
        this.acks.noteFailure(reason);
        if (!core.blocks.has(sender.user)) this.events.emit("unopened", { sequence, sender, reason });
      },
      returned: (entry) => this.messages.returned(entry),
      listSeen: ({ conversation, sender: { user } }, list) =>
        void checkList(core, { conversation, user }, list, () => this.devicesChanged([user])),
      advanced: () => {
        this.acks.wake();
        this.background(this.historyKeys.archive());
        this.background(this.book.retryEarly());
        this.background(this.marks.retryEarly());
      },
      groupMoved: (joined) => {
        this.readds.noteJoined(joined);
        this.background(this.trust.learnKeys((users) => this.devicesChanged(users)));
        this.outbox.wake();
        this.noteWaiting();
        if (this.keeper.needsAlignment()) this.alignment.wake();
        if (this.state.canSeal) this.background(this.naming.settleDebt());
        if (this.state.canSeal) this.background(this.sharing.settle());
      },
      changed: (facts) => this.groupChanged(facts),
      lost: () => this.background(this.waitForWelcome()),
    });
    this.reading = new LogReading(core, state, {
      follower: this.follower,
      book: this.book,
      summary: open,
      holds: (summary) => this.holds(summary),
      rewoundTo: (sequence) => {
        this.background(this.disappearing.rewoundTo(sequence));
        this.messages.timeline.rewoundTo(sequence);
      },
      tellAgain: ({ readSequence }) => {
        this.acks.noteAcked(0);
        this.acks.wake();
        this.marks.tellFrom(readSequence);
        this.outbox.sendAgain();
      },
      lost: () => this.loseState(),
    });
  }

  /** Why messages wait here, null when they do not. */
  get waitingFor(): ConversationEvents["waiting"] {
    return this.lastWaiting;
  }

  get ownUser(): UserId {
    return this.core.own.user;
  }

  /** Whether this device holds the group, or is founding it. */
  get isJoined(): boolean {
    return this.state.group !== undefined || this.state.pending !== undefined;
  }

  /** Whether the log tells of a generation that this device has not joined: its Welcome is, or was, in the inbox. */
  get awaitsWelcome(): boolean {
    return this.state.record.succeededBy > this.state.record.generation;
  }

  /** Whether what the node says of this conversation is explained by a Welcome that may lie in the inbox. */
  mayBeWelcomed(summary: ConversationSummary): boolean {
    return !this.holds(summary) || (this.isJoined && summary.generation > this.state.record.generation);
  }

  /** Whether what this device holds is what the node added it to. A Welcome may be in the inbox, or lost. */
  holds(summary: ConversationSummary): boolean {
    if (summary.joinedSequence === null || this.state.pending) return true;
    return this.state.group !== undefined && this.state.record.joinedSequence >= summary.joinedSequence;
  }

  /** Takes up what the store holds. */
  async load(): Promise<void> {
    await this.book.load();
    await this.disappearing.load();
    await this.retention.sweep();
    await this.messages.load();
  }

  /** An entry of the log was pushed. */
  posted(entry: LogEntry): void {
    if (this.state.record.left) return;
    if (this.state.record.joinedSequence === 0 && this.state.pending?.record.id !== entry.id) return;
    this.follower.post(entry);
  }

  /** A receipt was pushed. */
  receipted(receipt: Receipt): void {
    const isOwn = receipt.user === this.core.own.user;
    this.background(isOwn ? this.marks.take(receipt) : this.book.take(receipt));
  }

  /** Somebody is writing, as a push says. */
  typed(push: PushOf<"typing:sent">): void {
    this.background(this.typing.take(push));
  }

  /** Receipts up to a version may have been missed. */
  receiptsBehind(version: number): Promise<void> {
    return this.book.readMissed(version);
  }

  /** Something waits in this device's inbox. */
  async inboxed(entry: InboxEntry): Promise<void> {
    if (entry.kind === "readd") return this.readds.take(entry);
    await this.joiner.join(entry);
    this.noteWaiting();
  }

  /** Compares with the node, and brings both sides up to date. Errors: those of the connection. */
  async sync(summary: ConversationSummary): Promise<void> {
    await this.noteErased(summary);
    if (this.state.record.left) return;
    const left = await departureBefore(this.core, this.state, summary);
    if (left) return this.takeDeparture(left);
    this.acks.noteAcked(summary.position);
    if (this.state.record.lostAt !== null) await this.askForReadd(summary);
    else if (!this.holds(summary)) await this.loseState(summary);
    await this.compare(summary);
    if (summary.head !== this.state.record.position) await this.catchUp();
    if (!this.isIn) return;
    this.acks.wake();
    // It may have ended after a person had said so, and before they were told.
    this.messages.release();
    await this.marks.compare(summary.readSequence);
    this.background(this.historyKeys.archive({ afresh: true }));
    if (this.state.canSeal) this.background(this.sharing.settle());
    // Versions only ever rise, unless the database went back.
    if (summary.receiptVersion < this.state.record.receiptVersion) await this.book.startOver();
    await this.book.readMissed(summary.receiptVersion);
    const behind = summary.lists.filter(({ user, version }) => (this.core.directory.get(user)?.version ?? 0) < version);
    // Of whom this device is to add, nobody else tells when there is a first device.
    const users = [...behind.map(({ user }) => user), ...this.state.record.invited];
    if (users.length > 0 || this.keeper.needsAlignment()) await this.devicesChanged(users);
    this.outbox.wake();
  }

  private async takeDeparture(left: ConversationRecord["left"]): Promise<void> {
    await this.state.queue.run(async () => {
      // A Welcome may have come meanwhile.
      if (this.state.record.joinedSequence === 0) await this.state.commit({ record: { left } });
    });
    if (this.state.record.left) this.groupChanged(new Set(["left"]));
  }

  private async noteErased(summary: ConversationSummary): Promise<void> {
    if (await this.erased.note(summary)) this.groupChanged(new Set(["members"]));
  }

  /** The node does not list a conversation that this device is in: it may have lost it. */
  async syncUnlisted(): Promise<void> {
    if (this.state.group && this.state.isMember) await this.sync(await this.open());
  }

  /** Whether the devices of a user are, or are to be, in the group. */
  concerns(user: UserId): boolean {
    const { peer, invited } = this.state.record;
    const members = this.state.group?.members ?? [];
    return user === peer || invited.includes(user) || members.some((member) => member.user === user);
  }

  /** What is known of a user's key has changed: messages may go, or have to wait. */
  trustChanged(user: UserId): void {
    if (!this.concerns(user)) return;
    this.noteWaiting();
    this.messages.trustChanged();
    this.outbox.wake();
    if (this.keeper.needsAlignment()) this.alignment.wake();
    if (this.state.canSeal) this.background(this.sharing.settle());
  }

  /** A user's device list has moved on. */
  async devicesChanged(users: UserId[]): Promise<void> {
    const inGroup = this.state.isGroup && this.administration.mayAdd ? this.state.id : undefined;
    await this.core.directory.refreshAll(users, inGroup);
    this.foundingRetries.begin();
    this.outbox.wake();
    this.alignment.wake();
  }

  /** There is a connection again. */
  wake(): void {
    this.compared = undefined;
    this.outbox.wake();
    this.acks.wake();
  }

  /** The log is behind its head. What the node has lost is given back. Errors: those of the connection. */
  catchUp(): Promise<void> {
    return this.reading.catchUp();
  }

  /** Resolves when nothing is being stored or acked. */
  async settled(): Promise<void> {
    await this.follower.settled();
    await this.messages.settled();
    await this.acks.settled();
    await this.marks.settled();
  }

  /** A person lets a device in again that asked too often to be let in without one. */
  letIn(device: DeviceId): Promise<boolean> {
    return this.readds.letIn(device);
  }

  /** A device whose state is older than what it has sent finds that out here, before it seals anything under it. */
  private async makeReady(): Promise<boolean> {
    await this.compare();
    const ready = !this.trust.isHeldBack && (await this.keeper.ready());
    if (!ready && this.awaitsPackages) this.foundingRetries.noteEmpty();
    if (ready) await this.naming.settleDebt();
    this.noteWaiting();
    return ready;
  }

  private get awaitsPackages(): boolean {
    const { peer } = this.state.record;
    const waits = peer !== null && this.keeper.waitingFor === "recipient-device";
    return waits && this.core.directory.liveDevices(peer).length > 0;
  }

  /** What the log said last may be that this user is out of the group. */
  private get isIn(): boolean {
    return this.state.record.left === null;
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
    // A Welcome may be in the inbox: `sync` reads that first, and judges.
    if (this.state.record.lostAt === null && !this.holds(summary)) throw new SottoError("stale-epoch");
    await this.catchUp();
  }

  private background(work: Promise<unknown>): void {
    inBackground(this.core, work, { conversation: this.state.id });
  }

  private noteWaiting(): void {
    const { lostAt } = this.state.record;
    const toSeal = this.keeper.awaitsReplacement ? "recipient-device" : null;
    const inGroup = this.state.canSeal ? toSeal : lostAt === null ? this.keeper.waitingFor : "welcome";
    const waiting = this.trust.isHeldBack ? "identity-changed" : inGroup;
    if (waiting === this.lastWaiting) return;
    this.lastWaiting = waiting;
    this.events.emit("waiting", waiting);
  }

  private async afterJoin(): Promise<void> {
    this.noteWaiting();
    await this.reading.catchUpAfresh();
    this.outbox.wake();
    this.events.emit("joined", { sequence: this.state.record.joinedSequence });
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
    await this.askForReadd(summary);
  }

  /** The node does not take this device for a member: it may have been removed, which the log tells. */
  private async loseUnlessOut(): Promise<void> {
    if (this.state.isGroup) await this.follower.catchUpAfresh().catch(() => undefined);
    if (this.state.isMember) await this.loseState();
  }

  private groupChanged(facts: ReadonlySet<GroupFact>): void {
    if (facts.has("members")) this.messages.outgoing.reconsider();
    if (facts.has("left")) this.outbox.wake();
    if (facts.has("retention")) this.background(this.retention.sweep());
    this.events.emit("changed", { facts: [...facts] });
  }

  /** What succeeds a generation comes with a Welcome; otherwise one is asked for. */
  private async waitForWelcome(): Promise<void> {
    this.founding.wake();
    if (this.awaitsWelcome) return this.noteWaiting();
    await this.askForReadd();
    // What was sent before the commit was known can still be opened.
    await this.catchUp();
  }

  private async askForReadd(summary?: ConversationSummary): Promise<void> {
    this.founding.wake();
    try {
      await this.readdRequests.ask(summary);
    } catch (error) {
      if (!(error instanceof SottoError)) throw error;
    }
    this.noteWaiting();
  }
}
