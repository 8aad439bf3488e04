/**
 * The hot path: accepts messages and acks of many conversations in one transaction. Owns which conversations are being
 * written to by this process, and the batches: what waits while the writers are busy goes together next; when they are idle
 * nothing waits. A conversation is in one batch at a time, so that its calls are worked off in order. One that another
 * process holds is tried again, ever more seldom; a few of them wait for their locks, each alone, and hold up nobody.
 */
import type { AcceptMessage, AckOutcome, AckRow, MessageOutcome } from "../../../actors/ports/store-log.ts";
import { SottoError } from "../../../protocol/errors.ts";
import type { ConversationId } from "../../../protocol/ids.ts";
import type { Database } from "../database.ts";
import { faultOf } from "../faults.ts";
import { writeBatch, type Settled } from "./write-batch.ts";
import { bytesOf, weightOf, type WriteUnit } from "./write-unit.ts";

/** Transactions at once: one is flushed to disk while the next is put together. */
const writersAtOnce = 2;
const weightPerBatch = 300;
const bytesPerBatch = 2 * 1024 * 1024;
/** Waiting units of one conversation that go together. */
const unitsPerConversation = 64;
const triesBeforeWaiting = 3;
/** Transactions that wait for a lock at once: each has a connection to itself for as long as it waits. */
const lockWaitsAtOnce = 2;
const retryAfterMs = 250;
/** How long a conversation that another process holds is left alone: at first about as long as a transaction takes. */
const heldElsewhereMs = 2;
const heldElsewhereAtMostMs = 100;

export class LogWriter {
  private readonly database: Database;
  private readonly waitingAtMost: number;
  private readonly waiting = new Map<ConversationId, WriteUnit[]>();
  private readonly busy = new Set<ConversationId>();
  private readonly tries = new Map<ConversationId, number>();
  private waitingUnits = 0;
  private writers = 0;
  private lockWaits = 0;
  private isPlanned = false;
  private idle: (() => void)[] = [];

  constructor(database: Database, waitingAtMost: number) {
    this.database = database;
    this.waitingAtMost = waitingAtMost;
  }

  accept(conversation: ConversationId, messages: readonly AcceptMessage[]): Promise<MessageOutcome[]> {
    return new Promise((resolve, reject) => this.add({ kind: "messages", conversation, messages, resolve, reject }));
  }

  advance(ack: AckRow): Promise<AckOutcome> {
    const { conversation } = ack;
    return new Promise((resolve, reject) => this.add({ kind: "ack", conversation, ack, resolve, reject }));
  }

  /** Resolves when nothing waits and nothing is being written. */
  async settled(): Promise<void> {
    while (this.waiting.size > 0 || this.busy.size > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  private add(unit: WriteUnit): void {
    if (this.waitingUnits >= this.waitingAtMost) {
      unit.reject(new SottoError("overloaded", { retryAfterMs }));
      return;
    }
    const units = this.waiting.get(unit.conversation);
    if (units) units.push(unit);
    else this.waiting.set(unit.conversation, [unit]);
    this.waitingUnits += 1;
    this.plan();
  }

  /** At the end of this turn of the event loop, so that what came together is written together. */
  private plan(): void {
    if (this.isPlanned) return;
    this.isPlanned = true;
    setImmediate(() => {
      this.isPlanned = false;
      while (this.writers < writersAtOnce && this.writeNext());
    });
  }

  private writeNext(): boolean {
    const batch = this.takeBatch();
    if (batch.size === 0) return false;
    this.writers += 1;
    void this.write(batch, false).finally(() => {
      this.writers -= 1;
      this.plan();
    });
    return true;
  }

  private takeBatch(): Map<ConversationId, WriteUnit[]> {
    const batch = new Map<ConversationId, WriteUnit[]>();
    let weight = 0;
    let bytes = 0;
    for (const conversation of this.waiting.keys()) {
      if (this.busy.has(conversation)) continue;
      const units = this.take(conversation);
      batch.set(conversation, units);
      for (const unit of units) {
        weight += weightOf(unit);
        bytes += bytesOf(unit);
      }
      if (weight >= weightPerBatch || bytes >= bytesPerBatch) break;
    }
    return batch;
  }

  private take(conversation: ConversationId): WriteUnit[] {
    const all = this.waiting.get(conversation)!;
    const units = all.splice(0, unitsPerConversation);
    if (all.length === 0) this.waiting.delete(conversation);
    this.busy.add(conversation);
    this.waitingUnits -= units.length;
    return units;
  }

  private async write(batch: ReadonlyMap<ConversationId, WriteUnit[]>, waits: boolean): Promise<void> {
    try {
      const settled = await this.database.withConnection((connection) =>
        writeBatch(this.database, connection, { batch, waits }),
      );
      for (const [conversation, units] of batch) this.conclude(conversation, units, settled.get(conversation));
    } catch (error) {
      await this.failed(batch, error);
    }
  }

  /** Without a word on it, the conversation is held by another process. */
  private conclude(conversation: ConversationId, units: WriteUnit[], settled: Settled | undefined): void {
    if (settled === undefined) {
      this.tryAgain(conversation, units);
      return;
    }
    units.forEach((unit, index) => unit.resolve(settled[index] as never));
    this.release(conversation);
  }

  private tryAgain(conversation: ConversationId, units: WriteUnit[]): void {
    const tries = (this.tries.get(conversation) ?? 0) + 1;
    this.tries.set(conversation, tries);
    if (tries >= triesBeforeWaiting && this.lockWaits < lockWaitsAtOnce) {
      this.lockWaits += 1;
      void this.write(new Map([[conversation, units]]), true).finally(() => (this.lockWaits -= 1));
      return;
    }
    setTimeout(
      () => {
        this.waiting.set(conversation, [...units, ...(this.waiting.get(conversation) ?? [])]);
        this.waitingUnits += units.length;
        this.busy.delete(conversation);
        this.plan();
      },
      Math.min(heldElsewhereMs * 2 ** (tries - 1), heldElsewhereAtMostMs),
    );
  }

  /** One conversation at fault must not take the others with it: each is tried alone. The database being away is everybody's. */
  private async failed(batch: ReadonlyMap<ConversationId, WriteUnit[]>, error: unknown): Promise<void> {
    const isEverybodys = error instanceof SottoError && error.code === "unavailable";
    if (batch.size > 1 && !isEverybodys) {
      for (const [conversation, units] of batch) await this.write(new Map([[conversation, units]]), true);
      return;
    }
    for (const [conversation, units] of batch) {
      for (const unit of units) unit.reject(faultOf(error));
      this.release(conversation);
    }
  }

  private release(conversation: ConversationId): void {
    this.tries.delete(conversation);
    this.busy.delete(conversation);
    if (this.waiting.has(conversation)) this.plan();
    if (this.waiting.size > 0 || this.busy.size > 0) return;
    const idle = this.idle;
    this.idle = [];
    for (const resolve of idle) resolve();
  }
}
