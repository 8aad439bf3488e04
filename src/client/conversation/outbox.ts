/**
 * Messages on their way out of one conversation. Each is stored before it is sealed, sealed bytes are stored before they
 * leave, and both go when the message comes back in the log: nothing is lost by a crash and nothing is sent twice.
 *
 *   queued ──▶ sealing ──▶ sending ──▶ accepted        (taken from the outbox when the log has it)
 *      ▲                      │
 *      └──── stale-epoch ─────┘   sealed anew, under the same id and number
 *
 * Several are in flight at once. When one is refused for now, all are awaited and sending resumes at the lowest number.
 */
import type { HashedEntry } from "../../identity/log-hash.ts";
import { toBase64 } from "../../protocol/base64.ts";
import type { HistoryKey } from "../../crypto/history-key.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { MessageId } from "../../protocol/ids.ts";
import type { LogEntry } from "../../protocol/log-entry.ts";
import { WakeLoop } from "../async/wake-loop.ts";
import { reportFailure, type ClientCore } from "../core.ts";
import type { ContentKeeping } from "./content-keeping.ts";
import type { ConversationState } from "./conversation-state.ts";
import { resumeOutbox, type LastSent, type Resumption } from "./outbox-resumption.ts";
import { sealOutgoing } from "./outgoing-sealing.ts";
import { OutboxItems, type OutboxItem, type OutgoingListener } from "./outbox-items.ts";
import type { OwnArrival } from "./log-intake.ts";
import type { OutboxRecord } from "../records.ts";
import type { RecordChange } from "../stores/client-store.ts";
import { Draft } from "../stores/draft.ts";
import { backoffMs, delay } from "../async/waiting.ts";

export interface OutboxHooks {
  /** Makes the group ready for a message, as far as it can; false: not now, `wake` comes when it may be. */
  ready(): Promise<boolean>;
  /** The node's word on a message of ours, as the entry that stands in the log. */
  accepted(entry: LogEntry): void;
  catchUp(): Promise<void>;
  catchUpAfresh(): Promise<void>;
  /** Of the epoch that the group is at, where history is kept. */
  historyKey(): Promise<HistoryKey | undefined>;
  /** The sender's own device list, to be named in the message. */
  listHead(): { version: number; head: Uint8Array };
  /** What a message says that is on its way is another now. */
  changed(id: MessageId): void;
  /** What goes with the content of a message that leaves the outbox for the history. */
  readonly keeping: ContentKeeping;
  lost(): void;
  /** The node says that the other side of a direct was erased. */
  peerErased(): void;
}

const sealRun = 64;
const window = 128;
/** How often in a row it is tried again at once where the group or the log has moved on. */
const triedAtOnce = 3;
const backoff = { baseMs: 50, maxMs: 5_000 };

export class Outbox {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly hooks: OutboxHooks;
  private readonly items: OutboxItems;
  private readonly loop: WakeLoop;
  private attempt = 0;
  /** Refusals in a row, none accepted between, because the node is elsewhere than this device. */
  private overtaken = 0;

  constructor(core: ClientCore, state: ConversationState, hooks: OutboxHooks) {
    this.core = core;
    this.state = state;
    this.hooks = hooks;
    this.items = new OutboxItems(core, state, hooks.keeping);
    this.loop = new WakeLoop(
      () => this.run(),
      (error) => reportFailure(core, error, { conversation: state.id }),
    );
  }

  /**
   * Stores a message, and `changes` in the same write, then sends it when it can. `isHeld`: not before it is released. Resolves when it is
   * stored.
   */
  async add(
    id: MessageId,
    content: Uint8Array,
    sentAt: number,
    listener: OutgoingListener,
    { isHeld = false, changes = [] }: { isHeld?: boolean; changes?: readonly RecordChange[] } = {},
  ): Promise<void> {
    const record: OutboxRecord = {
      id,
      content,
      sentAt,
      number: null,
      contentHash: null,
      previousContentHash: null,
      sealed: null,
      ...(isHeld && { held: true as const }),
    };
    await this.items.add(record, listener, changes);
    this.wake();
  }

  /** Takes up what an earlier run of this client left. `listen` is asked for each. */
  load(listen: (record: OutboxRecord) => OutgoingListener): Promise<void> {
    return this.items.load(listen);
  }

  /** Withdraws a message that has not been sealed. False when it is too late. */
  async cancel(id: MessageId): Promise<boolean> {
    const cancelled = await this.items.cancel(id);
    if (cancelled) this.wake();
    return cancelled;
  }

  /** A held message may go, with this content. */
  async release(id: MessageId, content: Uint8Array, changes: readonly RecordChange[]): Promise<void> {
    await this.items.release(id, content, changes);
    this.wake();
  }

  /** A held message will never go. False where it is gone, or held no more. */
  async refuse(id: MessageId, error: SottoError): Promise<boolean> {
    const refused = await this.items.refuse(id, error);
    if (refused) this.wake();
    return refused;
  }

  /** The greatest id here or sent before: the next one has to be greater. */
  get lastId(): MessageId | null {
    return this.items.lastId;
  }

  /** What a message says that is here, or in the log's way here; undefined for others. */
  contentOf(id: MessageId): Uint8Array | undefined {
    return this.items.get(id)?.record.content;
  }

  /** An own message stands in the log. Undefined when this device knows nothing of it. */
  takeOwn(entry: HashedEntry): OwnArrival | undefined {
    return this.items.takeOwn(entry);
  }

  /** Something changed that may let messages go: a connection, a group, a new message. */
  wake(): void {
    this.loop.wake();
  }

  private async run(): Promise<void> {
    if (this.core.closing.aborted) return;
    if (this.state.record.left) return this.giveUp();
    try {
      await this.flush();
      this.attempt = 0;
    } catch (error) {
      if (!(error instanceof SottoError) || error.code === "offline" || error.code === "closed") throw error;
      if (!error.retryable) return this.core.report({ code: error.code, conversation: this.state.id });
      const wait = Math.max(error.retryAfterMs ?? 0, backoffMs(this.attempt++, backoff.baseMs, backoff.maxMs));
      await this.pause(wait);
      this.loop.wake();
    }
  }

  /** Sends until nothing is left to send. Throws what made it stop. */
  private async flush(): Promise<void> {
    const inFlight = new Set<Promise<void>>();
    let refusal: { item: OutboxItem; error: SottoError } | undefined;
    const sent = new Set<MessageId>();
    while (!refusal && this.core.connection.state === "online") {
      const waiting = this.items.sendable().filter((item) => !sent.has(item.record.id));
      if (waiting.length === 0) break;
      if (!(await this.hooks.ready())) break;
      const run = waiting.slice(0, sealRun);
      await this.seal(run);
      const sealed = run.filter((item) => item.record.sealed !== null);
      if (sealed.length === 0) break;
      for (const item of sealed) {
        sent.add(item.record.id);
        const flight = this.send(item)
          .catch((error: SottoError) => void (refusal = earlier(refusal, { item, error })))
          .finally(() => inFlight.delete(flight));
        inFlight.add(flight);
      }
      while (inFlight.size > window - sealRun && !refusal) await Promise.race(inFlight);
    }
    await Promise.all(inFlight);
    await this.settleKnown();
    if (refusal) await this.recover(refusal);
  }

  /** What the node knows from an earlier try is found in the log; where this device may not read that far back, it is done. */
  private async settleKnown(): Promise<void> {
    const known = this.items.all().filter((item) => item.accepted === "known");
    if (known.length === 0) return;
    await this.hooks.catchUpAfresh();
    if (this.state.record.lostAt === null) await this.items.settle(known);
  }

  /** Seals what is not sealed, and stores group and ciphertexts before anything leaves. */
  private seal(run: readonly OutboxItem[]): Promise<void> {
    return this.state.queue.run(async () => {
      const todo = run.filter((item) => item.record.sealed === null && this.items.has(item));
      if (todo.length === 0 || !this.state.group || !this.state.canSeal) return;
      // Where this device's log begins, the commit brings the history key: it is read first.
      if (!this.state.record.logHash) return;
      for (const item of todo) item.listener.moved("sealing");
      const limited = this.items.limited(todo);
      const sealed = await sealOutgoing(
        this.core,
        { group: this.state.group, ...this.state.record, historyKey: await this.hooks.historyKey() },
        todo.map(({ record }) => limited.get(record.id) ?? record),
        this.hooks.listHead(),
      );
      const { records, group, lastNumber, lastContentHash } = sealed;
      const changes = [...limited.values(), ...records].map((record) => this.items.changeOf(record));
      const lastId = records.reduce(
        (last, { id }) => (last !== null && last > id ? last : id),
        this.state.record.lastId,
      );
      await this.state.commit({ group, record: { lastNumber, lastContentHash, lastId } }, changes);
      for (const [id, record] of limited) this.items.get(id)!.record = record;
      todo.forEach((item, index) => (item.record = records[index]!));
      sealed.release();
      for (const id of limited.keys()) this.hooks.changed(id);
    });
  }

  private async send(item: OutboxItem): Promise<void> {
    const { id, number, sealed } = item.record;
    if (number === null || !sealed) return;
    if (sealed.payload.length > this.core.maxMessageBytes()) throw new SottoError("too-large");
    item.listener.moved("sending");
    const { generation, epoch, disappears } = sealed;
    const payload = toBase64(sealed.payload);
    const place = { conversation: this.state.id, generation, epoch, id, number, payload };
    const seen = this.state.record.position;
    const reply = await this.core.connection.request("message:send", {
      ...place,
      ...(disappears && { disappears }),
      seen,
    });
    this.overtaken = 0;
    if (reply.status === "already-accepted") {
      item.accepted = "known";
      return;
    }
    const { sequence, acceptedAt, voucher } = reply;
    item.accepted = { sequence, acceptedAt };
    item.listener.moved("accepted", { sequence, acceptedAt });
    const sender = { user: this.core.own.user, device: this.core.own.device };
    const vouched = voucher === undefined ? {} : { voucher };
    this.hooks.accepted({ ...place, kind: "message", sender, sequence, acceptedAt, ...vouched });
  }

  /** Brings the outbox into a state from which sending can go on, or tells why it cannot. */
  private async recover({ item, error }: { item: OutboxItem; error: SottoError }): Promise<void> {
    switch (error.code) {
      case "stale-epoch":
        await this.hooks.catchUp();
        await this.unseal();
        return this.tryAgain();
      case "diverged":
        await this.hooks.catchUp();
        return this.tryAgain();
      case "out-of-order":
        // One before it was refused, too; or the node has lost what it had accepted, which shows in the log.
        await this.hooks.catchUp();
        throw error;
      case "message-conflict":
        this.hooks.lost();
        return;
      case "not-accepted":
      case "user-erased":
      case "too-large":
      case "invalid-request":
      case "device-revoked":
        await this.fail(item, error);
        if (error.code === "user-erased") this.hooks.peerErased();
        this.loop.wake();
        return;
      case "not-a-member":
      case "conversation-unknown":
        this.hooks.lost();
        return;
      default:
        throw error;
    }
  }

  /** A few times at once, for others commit all the time; a node that refuses each time is asked ever more seldom. */
  private async tryAgain(): Promise<void> {
    const attempt = this.overtaken++ - triedAtOnce;
    if (attempt >= 0) await this.pause(backoffMs(attempt, backoff.baseMs, backoff.maxMs));
    this.loop.wake();
  }

  /** Ends early when the client closes. */
  private pause(ms: number): Promise<void> {
    return delay(ms, this.core.closing).catch(() => undefined);
  }

  /** Forgets the ciphertexts of what was not accepted and is of an epoch before: they are sealed anew, under their numbers. */
  private unseal(): Promise<void> {
    return this.items.rewrite((record) => (this.isOfNow(record) ? record : { ...record, sealed: null }));
  }

  /** A device that was added again meanwhile may have sealed it anew already, and sent it. */
  private isOfNow({ sealed }: OutboxRecord): boolean {
    const { group } = this.state;
    return sealed?.generation === group?.generation && sealed?.epoch === group?.epoch;
  }

  /** Gives a message up, and what was to change it. What came after it takes its number, so those are sealed anew. */
  private async fail(item: OutboxItem, error: SottoError): Promise<void> {
    const { number, previousContentHash } = item.record;
    const failed = this.items.withChanges(item);
    await this.items.forget(...failed);
    if (number !== null) {
      await this.items.rewrite((record) =>
        record.number !== null && record.number > number
          ? { ...record, number: null, previousContentHash: null, contentHash: null, sealed: null }
          : record,
      );
      const record = { lastNumber: number - 1, lastContentHash: previousContentHash };
      await this.state.queue.run(() => this.state.commit({ record }));
    }
    for (const { listener } of failed) listener.moved("failed", { error });
  }

  /** This user is out of the group: nothing goes out any more. */
  private async giveUp(): Promise<void> {
    for (const item of this.items.unaccepted()) {
      await this.items.forget(item);
      item.listener.moved("failed", { error: new SottoError("not-a-member") });
    }
  }

  /** The node may have lost what it had accepted: all that has not come down in the log is sent again, the same bytes. */
  sendAgain(): void {
    for (const item of this.items.all()) item.accepted = null;
    this.wake();
  }

  /** After this device was added to the group, or added again. For the write that adopts the group. */
  resume(last: LastSent): Promise<Resumption> {
    return resumeOutbox(this.items, new Draft(this.core.store), last);
  }
}

function earlier<T extends { item: OutboxItem }>(one: T | undefined, other: T): T {
  if (!one) return other;
  return (other.item.record.number ?? Infinity) < (one.item.record.number ?? Infinity) ? other : one;
}
