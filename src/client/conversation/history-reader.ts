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
import { isErasedUser } from "../../protocol/erased-users.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { MessageId, UserId } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { LogEntry } from "../../protocol/log-entry.ts";
import type { ClientCore } from "../core.ts";
import type { EntryRecord } from "../records.ts";
import { Draft } from "../stores/draft.ts";
import type { Authorship } from "./changes/authorship.ts";
import { changeIn, rowsOf } from "./changes/entry-rows.ts";
import { forgetWhatIsRetracted } from "./changes/forgetting.ts";
import { keptAs } from "./entry-opener.ts";
import type { ConversationState } from "./conversation-state.ts";
import { entryAt } from "./kept-entries.ts";
import { asItStood } from "./erased-senders.ts";
import { indexWords } from "./search/word-index.ts";
import { withHeld } from "./held-log.ts";
import type { HistoryKeys } from "./history-keys.ts";
import { NumberComparison } from "./number-comparison.ts";
import { addRange, includesSequence, type SequenceRanges } from "./sequence-ranges.ts";

export interface HistoryReaderParts {
  keys: HistoryKeys;
  authorship: Authorship;
  /** Changes of these messages have been read. */
  changed(targets: ReadonlySet<MessageId>): void;
  /** What the group is called has been read, and was not known. */
  named(): void;
}

/** Why nothing comes before a place: the conversation begins there; retention has removed it; it is not for this user; or nobody can say now. */
export type Beginning = "nothing" | "removed" | "not-shared" | "not-now";

/** What could not be opened is asked for again after this long. */
const triedForMs = 60_000;

export class HistoryReader {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly parts: HistoryReaderParts;
  private readonly keys: HistoryKeys;
  /** Where what this user may read begins, and up to where retention has removed the log; undefined before the node was asked. */
  private bounds: { first: number; floor: number } | undefined;
  /** Whose device lists were asked for while a page was opened: once for each page. */
  private readonly asked = new Map<UserId, Promise<DeviceList | undefined>>();
  private readonly numbers = new NumberComparison();
  /** What the node had and this device could not open. */
  private tried: { until: number; ranges: SequenceRanges } = { until: 0, ranges: [] };
  /** What was never for a device that came later. */
  private closed: SequenceRanges = [];

  constructor(core: ClientCore, state: ConversationState, parts: HistoryReaderParts) {
    this.core = core;
    this.state = state;
    this.parts = parts;
    this.keys = parts.keys;
  }

  /** The user may read further back than the node said. */
  forgetFirst(): void {
    this.bounds = undefined;
    this.tried = { until: 0, ranges: [] };
  }

  /** What need not be asked for now, though this device has not opened it. */
  triedLately(): SequenceRanges {
    const { until, ranges } = this.tried;
    return (until > Date.now() ? ranges : []).reduce(
      (all, [from, to]) => addRange(all, from, to, Infinity),
      this.closed,
    );
  }

  /** Whether the node has said that nothing up to here is to be read. */
  isOutOfReach(sequence: number): boolean {
    return this.bounds !== undefined && sequence < this.bounds.first;
  }

  /** Up to where retention has removed the log, as the node said last; 0: nothing, or it was not asked. */
  get floor(): number {
    return this.bounds?.floor ?? 0;
  }

  /** Where the user's reading begins, as the node said last. */
  get first(): number | undefined {
    return this.bounds?.first;
  }

  /** What is to be said where no page comes before a sequence. */
  beginningAt(before: number): Beginning {
    if (before <= 1) return "nothing";
    if (!this.bounds || before > this.bounds.first) return "not-now";
    const { first, floor } = this.bounds;
    if (first > floor + 1) return "not-shared";
    return floor > 0 ? "removed" : "nothing";
  }

  /**
   * Entries that end before a sequence, newest first; none where there are no more, or no node can be asked now. Those that open are
   * kept, and so is that one has gone; one that does not open has a `reason`, and is asked for again.
   */
  async before(before: number, limit: number): Promise<EntryRecord[]> {
    if (before <= (this.first ?? 1) || this.core.connection.state !== "online") return [];
    const page = await this.core.connection.request("history:read", {
      conversation: this.state.id,
      before,
      limit: Math.min(limit, limits.logEntriesPerPage),
    });
    this.bounds = { first: page.first, floor: page.floor };
    const wanted = page.entries.filter(({ sequence }, index) => sequence === before - page.entries.length + index);
    if (wanted.length < page.entries.length) throw new SottoError("diverged");
    for (const { conversation, sequence, sender } of this.numbers.missingIn(wanted)) {
      this.core.report({ code: "messages-missing", conversation, sequence, ...sender });
    }
    this.asked.clear();
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
    await this.keep(records);
    return records;
  }

  /** All from a sequence to another, ascending, as far as the node has it. */
  async between(from: number, to: number): Promise<EntryRecord[]> {
    const found: EntryRecord[] = [];
    for (let before = to + 1; before > from;) {
      const page = await this.before(before, before - from);
      if (page.length === 0) break;
      found.push(...page);
      before = page.at(-1)!.sequence;
    }
    return found.toReversed();
  }

  /** What this device holds already stays as it is. What was retracted, as far as is known, is not kept. */
  private async keep(records: readonly EntryRecord[]): Promise<void> {
    const changed = new Set<MessageId>();
    let isNamed = false;
    await this.state.queue.run(async () => {
      const draft = new Draft(this.core.store);
      const concerned = new Set<MessageId>();
      let held = this.state.record.held ?? [];
      for (const record of records.filter(({ reason }) => reason === null || reason === "gone")) {
        if (includesSequence(held, record.sequence)) continue;
        held = withHeld(held, record.sequence);
        // One's own may lie here, where this device could not read the log.
        if (record.reason === "gone" && (await entryAt(draft, this.state.id, record.sequence))) continue;
        draft.write(...rowsOf(this.state.id, record));
        if (record.content) await indexWords(draft, this.state.id, record, decodeContent(record.content));
        const target = changeIn(record)?.target;
        if (target) changed.add(target);
        if (target ?? (record.kind === "message" && record.id)) concerned.add(target ?? record.id);
      }
      for (const id of concerned) await forgetWhatIsRetracted(draft, this.parts.authorship, this.state.id, id);
      if (draft.changes.length === 0) return;
      const name = this.state.record.name ?? nameIn(records);
      isNamed = name !== this.state.record.name;
      await this.state.commit({ record: { held, name } }, draft.changes);
    });
    if (isNamed) this.parts.named();
    this.noteTried(records);
    this.parts.changed(changed);
  }

  private noteTried(records: readonly EntryRecord[]): void {
    const isOver = this.tried.until <= Date.now();
    let ranges = isOver ? [] : this.tried.ranges;
    for (const { sequence, reason } of records) {
      if (reason === "not-kept") this.closed = addRange(this.closed, sequence, sequence, Infinity);
      else if (reason !== null && reason !== "gone") ranges = addRange(ranges, sequence, sequence, Infinity);
    }
    this.tried = { until: isOver && ranges.length > 0 ? Date.now() + triedForMs : this.tried.until, ranges };
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

  private async open(read: LogEntry): Promise<EntryRecord> {
    const entry = this.named(read);
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
      const payload = payloadOf(entry);
      const reason = payload && !payload.wrap ? "not-kept" : "undecryptable";
      return { ...common, kind: "unopened", content: null, reason };
    }
  }

  private async openMessage(entry: LogEntry): Promise<Uint8Array> {
    const payload = payloadOf(entry);
    const key = payload?.wrap && (await this.keyOf(payload));
    const device = await this.deviceOf(entry.sender);
    if (!payload?.wrap || !key || !device) throw new SottoError("undecryptable");
    const { conversation, id, number, sender } = entry;
    const place = { conversation, id, number, sender: sender.device };
    return openKeptMessage(place, { body: payload.body, wrap: payload.wrap }, device, key).content;
  }

  /** Who was erased has its name here where this device knows the sender's. What is not what it was is left as it came: it does not open. */
  private named(entry: LogEntry): LogEntry {
    const stood = asItStood({ ...entry, payload: fromBase64(entry.payload) }, (device) =>
      this.core.directory.ownerOf(device),
    );
    return stood ? { ...entry, sender: stood.sender } : entry;
  }

  /** By the sender's list, or by what the node says of who was erased. */
  private async deviceOf(sender: EntryRecord["sender"]): Promise<{ deviceKey: Uint8Array } | undefined> {
    const { user, device } = sender;
    if (isErasedUser(user)) return (await this.core.directory.erasedDevices(user)).get(device);
    return this.core.directory.deviceOf(sender) ?? (await this.listWith(sender))?.devices.get(device);
  }

  /** That has the device; read anew of a user whom this device has not met, maybe because it left before, or has not met lately. */
  private async listWith({ user, device }: EntryRecord["sender"]): Promise<DeviceList | undefined> {
    const known = this.core.directory.get(user);
    if (known?.devices.has(device)) return known;
    const asked = this.asked.get(user) ?? this.readList(user);
    this.asked.set(user, asked);
    return asked;
  }

  private async readList(user: UserId): Promise<DeviceList | undefined> {
    try {
      return await this.core.directory.refresh(user, this.state.isGroup ? this.state.id : undefined);
    } catch (error) {
      if (error instanceof SottoError && !error.retryable) return undefined;
      throw error;
    }
  }
}

/** Newest first: what somebody called the group last. */
function nameIn(records: readonly EntryRecord[]): string | null {
  const content = records.find(({ kind }) => kind === "profile")?.content;
  const profile = content && decodeContent(content);
  return profile?.kind === "profile" ? profile.name : null;
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
