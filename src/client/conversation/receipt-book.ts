/**
 * What became of this device's messages, recipient by recipient. A `delivered` or `read` counts only when the recipient's device
 * signed it over the very log this device holds, and then of what came after the last commit. `expired` is the node's word.
 */
import type { UserId } from "../../protocol/ids.ts";
import type { Receipt } from "../../protocol/receipts.ts";
import type { ClientCore } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";
import { decodeRecord, encodeRecord, receiptKey, tables, type ReceiptRecord } from "../records.ts";
import type { RecordChange } from "../stores/client-store.ts";
import { saidBy, type SignedReceipt, type SignedReceipts } from "./signed-receipts.ts";
import { includesSequence } from "./sequence-ranges.ts";

/** One recipient of one message. A time is set when that happened. */
export interface RecipientReceipt {
  user: UserId;
  deliveredAt?: Date;
  readAt?: Date;
  expiredAt?: Date;
  unopenedAt?: Date;
}

/** Receipts kept in memory and on disk, per conversation. */
const kept = 2000;

export class ReceiptBook {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly signed: SignedReceipts;
  private readonly recorded: (receipt: ReceiptRecord) => void;
  private records: ReceiptRecord[] = [];
  /** Signed for a sequence that this device has not stored yet; the latest of each device and kind. */
  private readonly early = new Map<string, SignedReceipt>();
  private reading: Promise<void> | undefined;

  constructor(
    core: ClientCore,
    state: ConversationState,
    signed: SignedReceipts,
    recorded: (receipt: ReceiptRecord) => void,
  ) {
    this.core = core;
    this.state = state;
    this.signed = signed;
    this.recorded = recorded;
  }

  async load(): Promise<void> {
    const rows = await this.core.store.list(tables.receipts, { prefix: `${this.state.id}/` });
    this.records = rows.map(({ bytes }) => decodeRecord<ReceiptRecord>(bytes));
  }

  /** Takes a receipt that was pushed or read. One that does not verify is dropped; a forked log is reported. */
  async take(receipt: Receipt): Promise<void> {
    if (receipt.user === this.core.own.user) return;
    if (receipt.kind === "expired") return this.record({ ...receipt, device: null, from: 0, unopened: [] });
    // A mark that a user made for its own devices is no receipt, whoever shows it.
    if (receipt.kind === "read" && receipt.mark.audience !== "all") return;
    const proof = await this.signed.prove(receipt);
    if (proof === "early") this.early.set(`${receipt.device}/${receipt.kind}`, receipt);
    if (proof !== "holds") return;
    const { sequence, unopened } = receipt.kind === "read" ? receipt.mark : receipt.ack;
    await this.record({ ...receipt, from: this.signed.lastCommit(sequence), sequence, unopened });
  }

  /** The log has moved on: receipts that came before their messages may hold now. */
  async retryEarly(): Promise<void> {
    const ripe = [...this.early].filter(([, receipt]) => saidBy(receipt).sequence <= this.state.record.position);
    for (const [key, receipt] of ripe) {
      this.early.delete(key);
      await this.take(receipt);
    }
  }

  /** Reads what was missed. */
  readMissed(version: number): Promise<void> {
    if (version <= this.state.record.receiptVersion) return Promise.resolve();
    this.reading ??= this.readAll().finally(() => (this.reading = undefined));
    return this.reading;
  }

  /** The log ends at a sequence, for now: what was said of the rest counts no more, and all is read anew. */
  async startOver(sequence = Infinity): Promise<void> {
    const gone = this.records.filter((record) => record.sequence > sequence);
    this.records = this.records.filter((record) => record.sequence <= sequence);
    const changes = gone.map(({ version }) => ({
      table: tables.receipts,
      id: receiptKey(this.state.id, version),
      bytes: null,
    }));
    await this.state.queue.run(() => {
      const { readSequence, shownSequence = 0 } = this.state.record;
      const seen = {
        readSequence: Math.min(readSequence, sequence),
        shownSequence: Math.min(shownSequence, sequence),
      };
      return this.state.commit({ record: { receiptVersion: 0, ...seen } }, changes);
    });
  }

  /** What was said of messages up to a sequence is not wanted any more. For the write that forgets those. */
  forget(sequence: number): RecordChange[] {
    const gone = this.records.filter((record) => record.sequence <= sequence);
    if (gone.length > 0) this.records = this.records.filter((record) => record.sequence > sequence);
    return gone.map(({ version }) => ({ table: tables.receipts, id: receiptKey(this.state.id, version), bytes: null }));
  }

  /** What is known of a message of ours for one recipient. */
  lookUp(sequence: number, user: UserId): RecipientReceipt {
    const found: RecipientReceipt = { user };
    for (const receipt of this.records) {
      if (receipt.user !== user || receipt.sequence < sequence) continue;
      const at = new Date(receipt.at);
      if (receipt.kind === "expired") found.expiredAt ??= at;
      else if (receipt.kind === "read") noteRead(found, receipt, sequence);
      else if (includesSequence(receipt.unopened, sequence)) found.unopenedAt ??= at;
      else if (receipt.from < sequence) found.deliveredAt ??= at;
    }
    // Who signed that it has read it has it.
    if (found.readAt) found.deliveredAt ??= found.readAt;
    if (found.deliveredAt) {
      delete found.unopenedAt;
      delete found.expiredAt;
    }
    return found;
  }

  private async record(receipt: ReceiptRecord): Promise<void> {
    const { kind, user, device, from, sequence, unopened, at, version } = receipt;
    const record: ReceiptRecord = { kind, user, device, from, sequence, unopened, at, version };
    if (this.records.some((known) => known.version === version && known.sequence === sequence)) return;
    const later = this.records.findIndex((known) => known.version > version);
    this.records.splice(later === -1 ? this.records.length : later, 0, record);
    const dropped = this.thinOut();
    await this.core.store.write([
      { table: tables.receipts, id: receiptKey(this.state.id, version), bytes: encodeRecord(record) },
      ...dropped.map((old) => ({ table: tables.receipts, id: receiptKey(this.state.id, old.version), bytes: null })),
    ]);
    this.recorded(record);
  }

  /** Past the bound, what a later receipt of the same device in the same epoch says as well goes first; then the oldest. */
  private thinOut(): ReceiptRecord[] {
    if (this.records.length <= kept) return [];
    const isCovered = (one: ReceiptRecord, at: number): boolean =>
      this.records.some((later, index) => index > at && isSameSource(later, one));
    const covered = this.records.findIndex(isCovered);
    return this.records.splice(Math.max(covered, 0), 1);
  }

  private async readAll(): Promise<void> {
    for (;;) {
      const after = this.state.record.receiptVersion;
      const page = await this.core.connection.request("receipts:read", { conversation: this.state.id, after });
      for (const receipt of page.receipts) await this.take(receipt);
      // What waits for its message is read again by a client that has forgotten it.
      const waiting = Math.min(...[...this.early.values()].map((receipt) => receipt.version - 1));
      const version = Math.min(page.version, waiting);
      if (version <= after) return;
      await this.state.queue.run(() => this.state.commit({ record: { receiptVersion: version } }));
      if (!page.more) return;
    }
  }
}

const isSameSource = (one: ReceiptRecord, other: ReceiptRecord): boolean =>
  one.kind === other.kind && one.device === other.device && one.from === other.from;

/** A time is that of the first receipt which says so. */
function noteRead(found: RecipientReceipt, { from, unopened, at }: ReceiptRecord, sequence: number): void {
  if (from < sequence && !includesSequence(unopened, sequence)) found.readAt ??= new Date(at);
}
