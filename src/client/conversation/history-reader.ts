/**
 * Reads what was said before this device was added, or while it could not follow: pages of the log come from the node, are opened
 * with the keys of the user's archive, and are kept like all that this device has read. What the server changes shows: each
 * message is signed by its sender's device, for its place in that device's messages.
 */
import { decodeContent } from "../../crypto/content.ts";
import { nameOfWrap } from "../../crypto/history-key.ts";
import { decodeMessagePayload, type MessagePayload } from "../../crypto/message-payload.ts";
import { openKeptMessage } from "../../crypto/sealed-message.ts";
import type { DeviceList } from "../../identity/device-list.ts";
import { fromBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { DeviceId, UserId } from "../../protocol/ids.ts";
import type { LogEntry } from "../../protocol/log-entry.ts";
import type { ClientCore } from "../core.ts";
import { encodeRecord, entryKey, tables, type EntryRecord } from "../records.ts";
import { keptAs } from "./entry-opener.ts";
import type { ConversationState } from "./conversation-state.ts";
import type { HistoryKeys } from "./history-keys.ts";

export class HistoryReader {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly keys: HistoryKeys;
  /** Where what this user may read begins; undefined before the node was asked. */
  private first: number | undefined;
  /** How far down numbers have been compared, and the lowest of each device so far. */
  private comparedTo = Infinity;
  private readonly lowest = new Map<DeviceId, number>();

  constructor(core: ClientCore, state: ConversationState, keys: HistoryKeys) {
    this.core = core;
    this.state = state;
    this.keys = keys;
  }

  /** The user may read further back than the node said. */
  forgetFirst(): void {
    this.first = undefined;
  }

  /**
   * Entries that end before a sequence, newest first; none where there are no more, or no node can be asked now. Those that open are
   * kept; one that does not has a `reason`, and is asked for again.
   */
  async before(before: number, limit: number): Promise<EntryRecord[]> {
    if (before <= (this.first ?? 1) || this.core.connection.state !== "online") return [];
    const page = await this.core.connection.request("history:read", { conversation: this.state.id, before, limit });
    this.first = page.first;
    const wanted = page.entries.filter(({ sequence }, index) => sequence === before - page.entries.length + index);
    if (wanted.length < page.entries.length) throw new SottoError("diverged");
    this.compareNumbers(wanted);
    let isFetched = await this.fetchKeys(wanted);
    const records: EntryRecord[] = [];
    for (const entry of wanted.toReversed()) {
      let record = await this.open(entry);
      if (record.reason !== null && !isFetched && (await this.isByShared(entry))) {
        await this.keys.readArchive();
        isFetched = true;
        record = await this.open(entry);
      }
      records.push(record);
    }
    const opened = records.filter(({ reason }) => reason === null);
    await this.core.store.write(
      opened.map((record) => ({
        table: tables.entries,
        id: entryKey(this.state.id, record.sequence),
        bytes: encodeRecord(record),
      })),
    );
    return records;
  }

  /** Each device counts its messages, and signs the count: what is left out, or has changed places with another, shows. */
  private compareNumbers(entries: readonly LogEntry[]): void {
    const conversation = this.state.id;
    for (const { kind, sequence, sender, number } of entries.toReversed()) {
      if (kind !== "message" || sequence >= this.comparedTo) continue;
      this.comparedTo = sequence;
      const lowest = this.lowest.get(sender.device);
      this.lowest.set(sender.device, number);
      if (lowest === undefined || number === lowest - 1) continue;
      this.core.report({ code: "messages-missing", conversation, sequence, ...sender });
    }
  }

  /** The archive is asked when a key is missing here. Whether it was. */
  private async fetchKeys(entries: readonly LogEntry[]): Promise<boolean> {
    for (const entry of entries) {
      const payload = entry.kind === "message" ? payloadOf(entry) : undefined;
      if (!payload?.wrap || (await this.keyOf(payload))) continue;
      await this.keys.readArchive();
      return true;
    }
    return false;
  }

  /** Whether its key came by another's word alone: the archive may hold the true one. */
  private async isByShared(entry: LogEntry): Promise<boolean> {
    const payload = payloadOf(entry);
    const key = payload?.wrap && (await this.keyOf(payload));
    return key?.isShared ?? false;
  }

  private keyOf({ wrap }: MessagePayload) {
    return this.keys.find(nameOfWrap(wrap!));
  }

  private async open(entry: LogEntry): Promise<EntryRecord> {
    const { sequence, id, sender, number, acceptedAt } = entry;
    const common = { sequence, id, sender, number, acceptedAt, logHash: new Uint8Array(32) };
    if (entry.kind !== "message") return { ...common, kind: entry.kind, content: null, reason: null };
    if (entry.goneHash !== undefined) return { ...common, kind: "unopened", content: null, reason: "gone" };
    try {
      const bytes = await this.openMessage(entry);
      const kind = keptAs(decodeContent(bytes));
      return { ...common, kind, content: kind === "history-keys" ? null : bytes, reason: null };
    } catch (error) {
      if (!(error instanceof SottoError) || error.retryable) throw error;
      const reason = payloadOf(entry)?.wrap ? "undecryptable" : "not-kept";
      return { ...common, kind: "unopened", content: null, reason };
    }
  }

  private async openMessage(entry: LogEntry): Promise<Uint8Array> {
    const payload = payloadOf(entry);
    const key = payload?.wrap && (await this.keyOf(payload));
    const list = await this.listOf(entry.sender.user);
    const device = list?.devices.get(entry.sender.device);
    if (!payload?.wrap || !key || !device) throw new SottoError("undecryptable");
    const { conversation, id, number, sender } = entry;
    const place = { conversation, id, number, sender: sender.device };
    return openKeptMessage(place, { body: payload.body, wrap: payload.wrap }, device, key).content;
  }

  /** Of a user whom this device has not met, maybe because it left before. */
  private async listOf(user: UserId): Promise<DeviceList | undefined> {
    const known = this.core.directory.get(user);
    if (known) return known;
    try {
      return await this.core.directory.refresh(user, this.state.isGroup ? this.state.id : undefined);
    } catch (error) {
      if (error instanceof SottoError && !error.retryable) return undefined;
      throw error;
    }
  }
}

function payloadOf(entry: LogEntry): MessagePayload | undefined {
  try {
    const payload = decodeMessagePayload(fromBase64(entry.payload));
    if (payload.wrap) nameOfWrap(payload.wrap);
    return payload;
  } catch (error) {
    if (error instanceof SottoError) return undefined;
    throw error;
  }
}
