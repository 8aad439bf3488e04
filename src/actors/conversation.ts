/**
 * The conversation: takes messages and commits, one batch at a time, and tells its users after the commit of the database.
 * Owns the order within this node; never decides by what it remembers: numbers, membership and epochs are the store's.
 * Invariant: nothing is acknowledged or pushed before the store has answered that it is durable.
 */
import { base64Length, fromBase64 } from "../protocol/base64.ts";
import { isErasedUser } from "../protocol/erased-users.ts";
import { SottoError } from "../protocol/errors.ts";
import type { ConversationId, UserId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import type { LogEntry } from "../protocol/log-entry.ts";
import type { ReplyOf, RequestOf } from "../protocol/requests.ts";
import { deviceRoom, groupRoom, userRoom, type Room } from "../protocol/rooms.ts";
import { mailboxBounds, type ActorSettings } from "./actor-settings.ts";
import type { Caller } from "./caller.ts";
import { checkCommit } from "./commit-check.ts";
import { checkLeave } from "./leave-check.ts";
import { restoreEntries } from "./log-restoring.ts";
import type { LoneDevices } from "./lone-devices.ts";
import { Mailboxes, type MailboxLoad } from "./mailbox.ts";
import type { Delivery } from "./ports/delivery.ts";
import type { PublicChecks } from "./ports/public-checks.ts";
import type { Vouchers } from "./ports/vouchers.ts";
import type { AcceptCommit, CommitOutcome } from "./ports/store-conversations.ts";
import type { MessageOutcome } from "./ports/store-log.ts";
import type { Store } from "./ports/store.ts";
import type { Telemetry } from "./ports/silent-telemetry.ts";
import type { Rosters } from "./rosters.ts";

/** `rooms`: of whom it is told. */
interface Posted {
  caller: Caller;
  rooms: readonly Room[];
}
/** Users who came to a group, and who went. */
type Moved = Pick<NonNullable<AcceptCommit["group"]>, "joined" | "gone">;
type Message = Posted & { kind: "message"; request: RequestOf<"message:send"> };
type Commit = Posted & { kind: "commit"; request: RequestOf<"conversation:commit"> };
type Restore = Posted & { kind: "restore"; request: RequestOf<"log:restore"> };
type Leave = Posted & { kind: "leave"; request: RequestOf<"conversation:leave"> };
type Item = Message | Commit | Leave | Restore;
type Reply = ReplyOf<"message:send"> | ReplyOf<"conversation:commit"> | ReplyOf<"log:restore">;

export interface ConversationPorts {
  store: Store;
  delivery: Delivery;
  checks: PublicChecks;
  vouchers: Vouchers;
  rosters: Rosters;
  loneDevices: LoneDevices;
  settings: ActorSettings;
  telemetry: Telemetry;
}

export class Conversations {
  private readonly ports: ConversationPorts;
  private readonly mailboxes: Mailboxes<ConversationId, Item, Reply>;

  constructor(ports: ConversationPorts) {
    this.ports = ports;
    this.mailboxes = new Mailboxes((conversation, items) => this.work(conversation, items), {
      ...mailboxBounds.conversation,
      mayShareBatch: (first, next) => first.kind === "message" && next.kind === "message",
      weigh: weightOf,
    });
  }

  /** Resolves when the message is durable. Throws `too-large`, `overloaded`, and what the store refuses with. */
  async send(caller: Caller, request: RequestOf<"message:send">): Promise<ReplyOf<"message:send">> {
    if (base64Length(request.payload) > this.ports.settings.messageBytes) throw new SottoError("too-large");
    const { rooms } = await this.ports.rosters.audienceFor(caller.user, request.conversation);
    const item: Message = { kind: "message", caller, rooms, request };
    return (await this.mailboxes.post(request.conversation, item)) as ReplyOf<"message:send">;
  }

  /** Resolves when the change of the group is durable. Throws `commit-invalid`, `stale-epoch`, `not-a-member`. */
  async commit(caller: Caller, request: RequestOf<"conversation:commit">): Promise<ReplyOf<"conversation:commit">> {
    const { rooms } = await this.ports.rosters.membersFor(caller.user, request.conversation);
    const item: Commit = { kind: "commit", caller, rooms, request };
    return (await this.mailboxes.post(request.conversation, item)) as ReplyOf<"conversation:commit">;
  }

  /**
   * The caller's user is out of the group when this resolves. Throws `forbidden` for a wrong signature and for who has a role,
   * `stale-epoch`, `not-a-member`, `conversation-unknown`.
   */
  async leave(caller: Caller, request: RequestOf<"conversation:leave">): Promise<ReplyOf<"conversation:leave">> {
    const { rooms } = await this.ports.rosters.audienceFor(caller.user, request.conversation);
    const item: Leave = { kind: "leave", caller, rooms, request };
    return (await this.mailboxes.post(request.conversation, item)) as ReplyOf<"conversation:leave">;
  }

  /**
   * Puts entries back that the database has lost; see `log:restore`. Resolves when those that went in are durable. Throws
   * `forbidden` where one is not an entry that a node has accepted.
   */
  async restore(caller: Caller, request: RequestOf<"log:restore">): Promise<ReplyOf<"log:restore">> {
    const { rooms } = await this.ports.rosters.membersFor(caller.user, request.conversation);
    const item: Restore = { kind: "restore", caller, rooms, request };
    return (await this.mailboxes.post(request.conversation, item)) as ReplyOf<"log:restore">;
  }

  /** What waits, for metrics. */
  get load(): MailboxLoad {
    return this.mailboxes.load;
  }

  flush(): Promise<void> {
    return this.mailboxes.flush();
  }

  private async work(conversation: ConversationId, items: readonly Item[]): Promise<(Reply | Error)[]> {
    const [first] = items;
    if (first?.kind === "commit") return [await this.acceptCommit(first)];
    if (first?.kind === "leave") return [await this.acceptLeave(first)];
    if (first?.kind === "restore") return [await this.restoreEntries(first)];
    return this.acceptMessages(conversation, items as readonly Message[]);
  }

  private async acceptMessages(conversation: ConversationId, items: readonly Message[]): Promise<(Reply | Error)[]> {
    const startedAt = performance.now();
    const outcomes = await this.ports.store.acceptMessages(
      conversation,
      items.map(({ caller, request }) => ({
        conversation,
        generation: request.generation,
        epoch: request.epoch,
        sender: { user: caller.user, device: caller.device },
        id: request.id,
        number: request.number,
        payload: fromBase64(request.payload),
        ...(request.disappears && { disappears: true }),
        ...(request.seen === undefined ? {} : { seen: request.seen }),
      })),
    );
    this.ports.telemetry.metrics.observe("accept", (performance.now() - startedAt) / 1000);
    const isRefused = outcomes.some(({ status }) => status === "not-accepted");
    const refusal = isRefused ? await this.refusalIn(conversation) : "not-accepted";
    return items.map((item, index) => this.concludeMessage(item, outcomes[index]!, refusal));
  }

  /** Why nothing is taken in in a direct: the other user has blocked the caller's, or was erased. */
  private async refusalIn(conversation: ConversationId): Promise<"not-accepted" | "user-erased"> {
    const row = await this.ports.store.findConversation(conversation);
    return row?.users.some(isErasedUser) ? "user-erased" : "not-accepted";
  }

  private concludeMessage(
    item: Message,
    outcome: MessageOutcome,
    refusal: "not-accepted" | "user-erased",
  ): ReplyOf<"message:send"> | Error {
    if (outcome.status === "already-accepted") return { status: "already-accepted" };
    if (outcome.status === "not-accepted") return new SottoError(refusal);
    if (outcome.status !== "accepted") return new SottoError(outcome.status);
    this.ports.telemetry.metrics.count("messages_accepted");
    const { sequence, acceptedAt } = outcome;
    const { generation, epoch, id, number, payload } = item.request;
    const entry = this.entryOf(item, { kind: "message", sequence, generation, epoch, id, number, payload, acceptedAt });
    const { user } = item.caller;
    const isAlone = this.ports.loneDevices.isAlone(user, item.request);
    const rooms = isAlone ? item.rooms.filter((room) => room !== userRoom(user)) : item.rooms;
    this.tell({ ...item, rooms }, entry);
    return { status: "accepted", sequence, acceptedAt, voucher: entry.voucher };
  }

  private async acceptCommit(item: Commit): Promise<ReplyOf<"conversation:commit">> {
    const commit = await checkCommit(this.ports, item.caller, item.request);
    const outcome = await this.ports.store.acceptCommit(commit);
    this.ports.rosters.forget(item.request.conversation);
    if (outcome.status !== "accepted" && outcome.status !== "already-accepted") throw new SottoError(outcome.status);
    const { sequence, acceptedAt } = outcome;
    const { generation, epoch, id, commit: payload } = item.request;
    const fields = { generation, epoch, id, number: 0, payload, acceptedAt };
    const entry = this.entryOf(item, { kind: "commit", sequence, ...fields });
    if (outcome.status === "accepted") {
      this.tell(item, entry);
      this.tellMoved(item, entry, commit.group);
      this.ringInboxes(item, commit, outcome);
      this.tellExpired(item, outcome);
    }
    return { sequence, acceptedAt, voucher: entry.voucher };
  }

  private async acceptLeave(item: Leave): Promise<ReplyOf<"conversation:leave">> {
    const leave = await checkLeave(this.ports, item.caller, item.request);
    const outcome = await this.ports.store.acceptLeave(leave);
    this.ports.rosters.forget(item.request.conversation);
    if (outcome.status !== "accepted" && outcome.status !== "already-accepted") throw new SottoError(outcome.status);
    const { sequence, acceptedAt } = outcome;
    const { generation, epoch, id, signature: payload } = item.request;
    const fields = { generation, epoch, id, number: 0, payload, acceptedAt };
    const entry = this.entryOf(item, { kind: "leave", sequence, ...fields });
    if (outcome.status === "accepted") {
      this.tell(item, entry);
      this.tellMoved(item, entry, { joined: [], gone: [item.caller.user] });
    }
    return { sequence, acceptedAt, voucher: entry.voucher };
  }

  /** Everybody reads from where they stand: some hold what was put back, and some never had it. */
  private async restoreEntries({ caller, rooms, request }: Restore): Promise<ReplyOf<"log:restore">> {
    const { conversation, entries } = request;
    const look = async () =>
      (await this.ports.store.findConversation(conversation)) ?? { head: 0, users: [] as UserId[] };
    const before = await look();
    const restored = await restoreEntries(this.ports, conversation, entries);
    this.ports.rosters.forget(conversation);
    const { head, users } = await look();
    const missing = (from: readonly UserId[], all: readonly UserId[]) => all.filter((user) => !from.includes(user));
    this.moveSockets(conversation, { joined: missing(before.users, users), gone: missing(users, before.users) });
    for (const room of head > before.head ? rooms : []) {
      const options = { exceptSocket: caller.socket };
      this.ports.delivery.emit(room, "conversation:behind", { conversation, head }, options);
    }
    return { restored, head };
  }

  /** As it stands in the log, with its voucher. The payload's text goes out as it came in. */
  private entryOf(
    { caller, request }: Message | Commit | Leave,
    entry: Omit<LogEntry, "conversation" | "sender">,
  ): LogEntry {
    const sender = { user: caller.user, device: caller.device };
    return this.ports.vouchers.vouched({ conversation: request.conversation, sender, ...entry });
  }

  /** To all sockets in these rooms but the sender's own, which has its answer. */
  private tell({ caller, rooms }: Posted, entry: LogEntry): void {
    for (const room of rooms) {
      this.ports.delivery.emit(room, "message:posted", entry, { exceptSocket: caller.socket });
    }
  }

  /** By this entry users came to a group and went. Who came is told apart: the word that lets them into the room is slower or lost. */
  private tellMoved({ caller }: Posted, entry: LogEntry, moved: Moved = { joined: [], gone: [] }): void {
    this.moveSockets(entry.conversation, moved);
    this.tell({ caller, rooms: moved.joined.map(userRoom) }, entry);
  }

  private moveSockets(conversation: ConversationId, { joined, gone }: Moved): void {
    const room = groupRoom(conversation);
    for (const user of joined) this.ports.delivery.joinRoom(userRoom(user), room);
    for (const user of gone) this.ports.delivery.leaveRoom(userRoom(user), room);
  }

  /** What waited for who has started over has run out. */
  private tellExpired({ rooms, request }: Commit, outcome: CommitOutcome & { status: "accepted" }): void {
    const { conversation } = request;
    const { sequence, acceptedAt: at, expired } = outcome;
    for (const { user, version } of expired) {
      const receipt = { kind: "expired" as const, conversation, user, sequence: sequence - 1, at, version };
      for (const room of rooms) {
        if (room !== userRoom(user)) this.ports.delivery.emit(room, "message:expired", receipt);
      }
    }
  }

  private ringInboxes(item: Commit, commit: AcceptCommit, outcome: CommitOutcome & { status: "accepted" }): void {
    const { welcome, conversation, generation } = item.request;
    if (welcome === undefined) return;
    const { sequence, acceptedAt: at, inbox } = outcome;
    // Read once from the inbox; sent to each of many devices as well it would fill this node's memory.
    const isLarge = welcome.length > limits.pushedWelcomeBytes;
    for (const { device, position } of inbox) {
      if (!commit.added.some((added) => added.device === device)) continue;
      if (isLarge) {
        this.ports.delivery.emit(deviceRoom(device), "conversation:behind", { conversation, head: sequence });
        continue;
      }
      const entry = { kind: "welcome" as const, position, conversation, generation, sequence, welcome, at };
      this.ports.delivery.emit(deviceRoom(device), "inbox:posted", entry);
    }
  }
}

function weightOf({ kind, request }: Item): number {
  if (kind === "message") return request.payload.length;
  if (kind === "commit") return request.commit.length + (request.welcome?.length ?? 0);
  if (kind === "leave") return request.signature.length;
  return request.entries.reduce((sum, { payload }) => sum + payload.length, 0);
}
