/**
 * What to do when the node's log is not the one that this device holds: a database was put back to an older copy, or cut off.
 *
 *   diverged ──▶ find where both agree ──▶ give back what the node has lost ──▶ the same log again: done
 *                                                        └──▶ others wrote meanwhile: go back to where both agree,
 *                                                             and take the log from there; what is held keeps its content
 *
 * Never takes anything for lost that can still be given back, and never shows a message twice. Where a change of the group lies in
 * what both do not agree on, this device cannot go back: it asks to be added again.
 */
import { hashInLog } from "../../identity/log-hash.ts";
import { fromBase64, toBase64 } from "../../protocol/base64.ts";
import { SottoError, type ErrorCode } from "../../protocol/errors.ts";
import { limits } from "../../protocol/limits.ts";
import type { LogEntry } from "../../protocol/log-entry.ts";
import type { ClientCore } from "../core.ts";
import {
  decodeRecord,
  encodeRecord,
  entryKey,
  orphanKey,
  tables,
  type EntryRecord,
  type OrphanRecord,
  type TailRecord,
} from "../records.ts";
import { Draft } from "../stores/draft.ts";
import { removalOf } from "./changes/entry-rows.ts";
import type { ConversationState } from "./conversation-state.ts";
import { entryAt } from "./kept-entries.ts";
import { forgetWords } from "./search/word-index.ts";
import { rangesUpTo } from "./sequence-ranges.ts";

/** `agreed`: up to where the node's log is this device's own now. */
export type Repair = { outcome: "mended" | "rewound"; agreed: number } | { outcome: "lost" };

/** Of one request: leaves room in a frame for what stands around the payloads. */
const bytesPerRequest = limits.frameBytes / 2;

/** While others write all the time. */
const attemptsAtMost = 5;

/** Codes by which a node says that it has not got what this device has read there. */
export const tellsOfLoss: ReadonlySet<ErrorCode> = new Set(["diverged", "not-a-member", "conversation-unknown"]);

export class LogRepair {
  private readonly core: ClientCore;
  private readonly state: ConversationState;

  constructor(core: ClientCore, state: ConversationState) {
    this.core = core;
    this.state = state;
  }

  /** Errors: those of the connection; then nothing here has changed. */
  async repair(): Promise<Repair> {
    for (let attempt = 0; attempt < attemptsAtMost; attempt += 1) {
      const tail = await this.readTail();
      const common = await this.lastInCommon(tail);
      if (common === undefined) break;
      const own = tail.filter(({ sequence }) => sequence > common);
      await this.giveBack(own);
      const agreed = await this.agreement(common, own);
      if (agreed === (own.at(-1)?.sequence ?? common)) return { outcome: "mended", agreed };
      const repair = await this.rewind(agreed, own);
      if (repair !== "moved") return repair;
    }
    return { outcome: "lost" };
  }

  /** What the log has not got back: it stays with this device alone. */
  async orphans(): Promise<EntryRecord[]> {
    const rows = await this.core.store.list(tables.orphans, { prefix: `${this.state.id}/` });
    return rows.map(({ bytes }) => decodeRecord<OrphanRecord>(bytes).entry);
  }

  private async readTail(): Promise<TailRecord[]> {
    const { joinedSequence, position } = this.state.record;
    const rows = await this.core.store.list(tables.tail, { prefix: `${this.state.id}/` });
    const tail = rows.map(({ bytes }) => decodeRecord<TailRecord>(bytes));
    const held = tail.filter(({ sequence }) => sequence >= joinedSequence && sequence <= position);
    // A device that was lost for a while has not got all of it.
    const afterGap = held.findLastIndex(({ sequence }, at) => at > 0 && sequence !== held[at - 1]!.sequence + 1);
    return held.slice(Math.max(afterGap, 0));
  }

  /** The last entry that stands in both logs: what comes before it does, too. Undefined where it lies further back than is kept. */
  private async lastInCommon(tail: readonly TailRecord[]): Promise<number | undefined> {
    let [inCommon, first] = [-1, tail.length];
    while (first - inCommon > 1) {
      const middle = Math.floor((inCommon + first) / 2);
      if (await this.isOnNode(tail[middle]!)) inCommon = middle;
      else first = middle;
    }
    if (inCommon >= 0) return tail[inCommon]!.sequence;
    const begin = tail[0]?.sequence;
    return begin !== undefined && begin === this.state.record.joinedSequence ? begin - 1 : undefined;
  }

  private async isOnNode(entry: TailRecord): Promise<boolean> {
    try {
      await this.core.connection.request("log:read", {
        conversation: this.state.id,
        after: entry.sequence,
        afterHash: toBase64(hashInLog(entry)),
        limit: 1,
      });
      return true;
    } catch (error) {
      if (error instanceof SottoError && tellsOfLoss.has(error.code)) return false;
      throw error;
    }
  }

  /** In the order of the log, until the node takes no more. What has gone, or stands under a pseudonym, nobody can give back, nor what comes after it. */
  private async giveBack(entries: readonly TailRecord[]): Promise<void> {
    const gone = entries.findIndex(({ goneHash, originalHash }) => (goneHash ?? originalHash) !== undefined);
    for (const page of pagesOf(gone === -1 ? entries : entries.slice(0, gone))) {
      const request = { conversation: this.state.id, entries: page };
      try {
        const { restored } = await this.core.connection.request("log:restore", request);
        if (restored < page.length) return;
      } catch (error) {
        if (error instanceof SottoError && !error.retryable) return;
        throw error;
      }
    }
  }

  private async agreement(common: number, own: readonly TailRecord[]): Promise<number> {
    const hashes = new Map(own.map((entry) => [entry.sequence, toBase64(hashInLog(entry))]));
    let agreed = common;
    while (hashes.has(agreed + 1)) {
      const page = await this.readAfter(agreed);
      for (const entry of page) {
        const hash = toBase64(hashInLog({ ...entry, payload: fromBase64(entry.payload) }));
        if (hashes.get(agreed + 1) !== hash) return agreed;
        agreed = entry.sequence;
      }
      if (page.length === 0) return agreed;
    }
    return agreed;
  }

  private async readAfter(after: number): Promise<LogEntry[]> {
    try {
      const limit = limits.logEntriesPerPage;
      const page = await this.core.connection.request("log:read", { conversation: this.state.id, after, limit });
      return page.entries[0]?.sequence === after + 1 ? page.entries : [];
    } catch (error) {
      if (error instanceof SottoError && tellsOfLoss.has(error.code)) return [];
      throw error;
    }
  }

  /** What lies beyond is put aside: it is known again when it comes at another place. */
  private rewind(agreed: number, own: readonly TailRecord[]): Promise<Repair | "moved"> {
    const beyond = own.filter(({ sequence }) => sequence > agreed);
    const last = own.find(({ sequence }) => sequence === agreed);
    return this.state.queue.run(async () => {
      const { record } = this.state;
      const before = await this.entry(agreed);
      // Something has come in meanwhile.
      if (record.position !== beyond.at(-1)?.sequence) return "moved";
      if (!before || beyond.some(({ kind }) => kind !== "message")) return { outcome: "lost" };
      const draft = new Draft(this.core.store);
      for (const { sequence, id, payload, goneHash } of beyond) {
        const entry = await this.entry(sequence);
        if (!entry) return { outcome: "lost" };
        await forgetWords(draft, this.state.id, entry);
        draft.write(
          ...removalOf(this.state.id, entry),
          { table: tables.tail, id: entryKey(this.state.id, sequence), bytes: null },
          {
            table: tables.orphans,
            id: orphanKey(this.state.id, id),
            bytes: encodeRecord({ entry, payload, ...(goneHash !== undefined && { goneHash }) } satisfies OrphanRecord),
          },
        );
      }
      await this.state.commit(
        {
          record: {
            position: agreed,
            positionHash: last ? hashInLog(last) : null,
            logHash: before.logHash,
            unopened: rangesUpTo(record.unopened, agreed),
            held: rangesUpTo(record.held ?? [], agreed),
            readSequence: Math.min(record.readSequence, agreed),
            orphans: [...record.orphans, ...beyond.map(({ id }) => id)],
          },
        },
        draft.changes,
      );
      return { outcome: "rewound", agreed };
    });
  }

  private async entry(sequence: number): Promise<EntryRecord | undefined> {
    return entryAt(this.core.store, this.state.id, sequence);
  }
}

function* pagesOf(entries: readonly TailRecord[]): Generator<LogEntry[]> {
  let [page, bytes]: [LogEntry[], number] = [[], 0];
  for (const entry of entries) {
    const wire = { ...entry, payload: toBase64(entry.payload) };
    const isFull = page.length === limits.restoredEntries || bytes + wire.payload.length > bytesPerRequest;
    if (isFull && page.length > 0) {
      yield page;
      [page, bytes] = [[], 0];
    }
    page.push(wire);
    bytes += wire.payload.length;
  }
  if (page.length > 0) yield page;
}
