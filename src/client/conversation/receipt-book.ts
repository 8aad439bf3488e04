/**
 * What became of this device's messages, recipient by recipient. A `delivered` counts only when the recipient's device
 * signed it over the very log this device holds, and then of what came after the last commit. `expired` is the node's word.
 */
import type { GroupMember } from "../../crypto/group-engine.ts";
import { verifyAck } from "../../identity/ack.ts";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import { fromBase64 } from "../../protocol/base64.ts";
import type { UserId } from "../../protocol/ids.ts";
import type { Receipt } from "../../protocol/receipts.ts";
import type { ClientCore } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";
import {
  decodeRecord,
  encodeRecord,
  entryKey,
  receiptKey,
  tables,
  type EntryRecord,
  type ReceiptRecord,
} from "../records.ts";
import type { RecordChange } from "../stores/client-store.ts";
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
  private readonly recorded: (receipt: ReceiptRecord) => void;
  private records: ReceiptRecord[] = [];
  /** Signed for a sequence that this device has not stored yet; the latest of each device. */
  private readonly early = new Map<string, Receipt>();
  private reading: Promise<void> | undefined;

  constructor(core: ClientCore, state: ConversationState, recorded: (receipt: ReceiptRecord) => void) {
    this.core = core;
    this.state = state;
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
    const { ack } = receipt;
    const member = this.signer(receipt.user, receipt.device, ack.sequence);
    const logHash = fromBase64(ack.logHash);
    const signed = { ...ack, logHash };
    if (ack.conversation !== this.state.id || !member) return;
    if (!verifyAck(signed, fromBase64(ack.signature), member.deviceKey)) return;
    if (ack.sequence > this.state.record.position) {
      this.early.set(receipt.device, receipt);
      return;
    }
    const own = await this.logHashAt(ack.sequence);
    if (!own) return;
    if (!equalBytes(own, logHash)) {
      const { conversation, user, device } = receipt;
      this.core.report({ code: "log-forked", conversation, user, device, sequence: ack.sequence });
      return;
    }
    await this.record({
      ...receipt,
      from: this.lastCommit(ack.sequence),
      sequence: ack.sequence,
      unopened: ack.unopened,
    });
  }

  /** The log has moved on: receipts that came before their messages may hold now. */
  async retryEarly(): Promise<void> {
    const ripe = [...this.early].filter(([, receipt]) => receiptSequence(receipt) <= this.state.record.position);
    for (const [device, receipt] of ripe) {
      this.early.delete(device);
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
    await this.state.queue.run(() => this.state.commit({ record: { receiptVersion: 0 } }, changes));
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
      else if (includesSequence(receipt.unopened, sequence)) found.unopenedAt ??= at;
      else if (receipt.from < sequence) found.deliveredAt ??= at;
    }
    if (found.deliveredAt) {
      delete found.unopenedAt;
      delete found.expiredAt;
    }
    return found;
  }

  /** A member, or a device that was one until after `sequence`: a stolen key signs nothing about what came later. */
  private signer(user: UserId, device: GroupMember["device"], sequence: number): { deviceKey: Uint8Array } | undefined {
    const member = this.state.group?.members.find((one) => one.user === user && one.device === device);
    if (member) return member;
    const end = this.state.record.departures[device];
    if (end === undefined || sequence > end) return undefined;
    return this.core.directory.get(user)?.devices.get(device);
  }

  /** The log hash of an ack begins at this commit, and speaks of nothing before it. */
  private lastCommit(sequence: number): number {
    return this.state.record.commits.findLast((commit) => commit <= sequence) ?? sequence;
  }

  private async logHashAt(sequence: number): Promise<Uint8Array | null> {
    if (sequence === this.state.record.position) return this.state.record.logHash;
    const bytes = await this.core.store.get(tables.entries, entryKey(this.state.id, sequence));
    return bytes ? decodeRecord<EntryRecord>(bytes).logHash : null;
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
      this.records.some((later, index) => index > at && later.device === one.device && later.from === one.from);
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

const receiptSequence = (receipt: Receipt): number =>
  receipt.kind === "delivered" ? receipt.ack.sequence : receipt.sequence;
