/**
 * The history keys of one conversation on this device: one is taken at each change of the roster and weekly, the same by all members
 * because it depends on the log alone; each is kept here, and in the user's archive for devices that are added later.
 */
import { openArchiveRow, sealArchiveRow, type ArchiveKey, type ArchivePlace } from "../../crypto/archive.ts";
import type { Group, KeyPackagePair } from "../../crypto/group-engine.ts";
import type { HistoryKeysContent } from "../../crypto/content.ts";
import { openHistoryShare } from "../../crypto/history-share.ts";
import { roleOf } from "../../identity/group-policy.ts";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import type { UserId } from "../../protocol/ids.ts";
import { exportHistoryKey, type HistoryKey, type HistoryKeyName } from "../../crypto/history-key.ts";
import type { HashedEntry } from "../../identity/log-hash.ts";
import { fromBase64, toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import { limits } from "../../protocol/limits.ts";
import type { ClientCore } from "../core.ts";
import {
  decodeRecord,
  encodeRecord,
  historyKeyId,
  tables,
  type ConversationRecord,
  type HistoryKeyRecord,
} from "../records.ts";
import type { RecordChange, StoredRecord } from "../stores/client-store.ts";
import { currentArchiveKey } from "../device/archive-keys.ts";
import type { ConversationState } from "./conversation-state.ts";
import type { LogBatch } from "./log-batch.ts";

const takenEveryMs = 7 * 24 * 60 * 60_000;
/** Names that a record holds: more than the epochs from which a message is still accepted. */
const namesKept = 64;
const recentlyUsed = 8;
/** Keys of what was before, from others, that a conversation has room for: whoever shares can make up any number. */
export const sharedKeysKept = 1024;

/** `isShared`: by another's word alone, and maybe false. */
type HeldKey = HistoryKey & Pick<HistoryKeyRecord, "isShared">;

export class HistoryKeys {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  /** The latest, also of a batch that is not stored yet. */
  private readonly recent = new Map<string, HeldKey>();
  /** This user may read further back than before. */
  private readonly opened: () => void;
  private archiving: Promise<void> | undefined;
  /** Something is to be archived, as far as is known: what an earlier run left is looked for once. */
  private isDue = true;
  /** By id: what the node takes from no one, as it said in this session. */
  private readonly refused = new Set<string>();

  constructor(core: ClientCore, state: ConversationState, opened: () => void) {
    this.core = core;
    this.state = state;
    this.opened = opened;
  }

  /** A commit has begun an epoch: takes its history key, where the log says that a new one is due. */
  async take(batch: LogBatch, entry: HashedEntry): Promise<void> {
    const { group, record } = batch;
    if (!group || !isKept(group) || !isDueAt(record, group, entry.acceptedAt)) return;
    const historyKey = await exportHistoryKey(this.core.engine, group);
    const { generation, epoch } = historyKey;
    this.remember(historyKey);
    record.historyBegins = beginningOf(record) ?? { generation, epoch };
    record.historyKeys = [...record.historyKeys, { generation, epoch, at: entry.acceptedAt }].slice(-namesKept);
    batch.write(this.changeOf(historyKey, false));
    batch.tell(() => (this.isDue = true));
  }

  /** The key that a message of this epoch is wrapped under; undefined where it has none. */
  async at(record: Readonly<ConversationRecord>, place: HistoryKeyName): Promise<HistoryKey | undefined> {
    const name = record.historyKeys.findLast(
      ({ generation, epoch }) => generation === place.generation && epoch <= place.epoch,
    );
    return name && this.find(name);
  }

  async find(name: HistoryKeyName): Promise<HeldKey | undefined> {
    const id = historyKeyId(this.state.id, name);
    const recent = this.recent.get(id);
    if (recent) return recent;
    const bytes = await this.core.store.get(tables.historyKeys, id);
    return bytes && this.remember(decodeRecord<HistoryKeyRecord>(bytes));
  }

  /** All that this device holds, in order of generation and epoch. */
  async all(): Promise<HistoryKey[]> {
    const records = (await this.rows()).map(({ bytes }) => decodeRecord<HistoryKeyRecord>(bytes));
    return records.map(({ generation, epoch, key }) => ({ generation, epoch, key }));
  }

  /**
   * Somebody says what lets a user read what was before: taken where it is for this one, by who has a role. Only of what was before this
   * stay of the user's as far as this device knows of it, never in the place of a key that it holds, and no more than there is room for.
   */
  async takeShared(batch: LogBatch, sender: UserId, content: HistoryKeysContent): Promise<void> {
    const { policy } = batch.group ?? {};
    if (content.user !== this.core.own.user || !policy || roleOf(policy, sender) === "member") return;
    batch.tell(() => this.opened());
    const pair = await this.pairFor(content);
    if (!pair) return;
    const first = historyKeyId(this.state.id, beginningOf(batch.record) ?? { generation: 0, epoch: 0 });
    const held = new Set([...(await this.rows()).map(({ id }) => id), ...batch.writes(tables.historyKeys)]);
    let room = sharedKeysKept - [...held].filter((id) => id < first).length;
    for (const key of await this.openShare(content, pair)) {
      const id = historyKeyId(this.state.id, key);
      if (room <= 0 || id >= first || held.has(id)) continue;
      batch.write(this.changeOf({ ...key, isShared: true }, false));
      held.add(id);
      room -= 1;
    }
    batch.write(...this.core.supply.forget(pair));
    batch.tell(() => (this.isDue = true));
  }

  private async pairFor({ recipients }: HistoryKeysContent): Promise<KeyPackagePair | undefined> {
    const ours = recipients.find(({ device }) => device === this.core.own.device);
    const pairs = ours ? await this.core.supply.pairs() : [];
    return pairs.find(({ hash }) => equalBytes(hash, ours!.keyPackage));
  }

  private async openShare(content: HistoryKeysContent, pair: KeyPackagePair): Promise<HistoryKey[]> {
    try {
      return await openHistoryShare(this.core.own.identity(), this.state.id, pair, content);
    } catch (error) {
      if (error instanceof SottoError) return [];
      throw error;
    }
  }

  /**
   * Puts what is not archived yet into the user's archive. `afresh`: also what had to wait, for an archive key that no revoked device
   * knows. Errors: those of the connection.
   */
  archive({ afresh = false } = {}): Promise<void> {
    if (afresh) this.isDue = true;
    this.archiving ??= this.archiveAll().finally(() => (this.archiving = undefined));
    return this.archiving;
  }

  /**
   * Takes over what the user's other devices have archived of this conversation: also in the place of keys that came by sharing, for one
   * who was there has archived its own. Errors: those of the connection.
   */
  async readArchive(): Promise<void> {
    let after: HistoryKeyName | undefined;
    for (;;) {
      const page = await this.core.connection.request("archive:read", {
        conversation: this.state.id,
        ...(after ? { after } : {}),
      });
      const opened = page.keys.flatMap((row) => this.open(row) ?? []);
      await this.takeArchived(opened);
      const last = page.keys.at(-1);
      if (!page.more || !last) return;
      after = { generation: last.generation, epoch: last.epoch };
    }
  }

  private async takeArchived(keys: readonly HistoryKey[]): Promise<void> {
    const changes: RecordChange[] = [];
    for (const key of keys) {
      const held = await this.find(key);
      if (!held || held.isShared) changes.push(this.changeOf(key, true));
    }
    await this.core.store.write(changes);
    for (const { id } of changes) this.recent.delete(id);
  }

  /** What the server made up, or is sealed under an archive key that this device was not given, is as good as not there. */
  private open(row: { generation: number; epoch: number; archiveGeneration: number; sealed: string }) {
    const archiveKey = this.core.own.archiveKeys.find(({ generation }) => generation === row.archiveGeneration);
    try {
      return archiveKey && openArchiveRow(archiveKey, this.place, row, fromBase64(row.sealed));
    } catch (error) {
      if (error instanceof SottoError) return undefined;
      throw error;
    }
  }

  private async archiveAll(): Promise<void> {
    while (this.isDue) {
      this.isDue = false;
      try {
        await this.archiveOnce();
      } catch (error) {
        this.isDue = true;
        throw error;
      }
    }
  }

  private async archiveOnce(): Promise<void> {
    let keys = await this.unarchived();
    // What is archived stays as it is: where another device has put the true key, it is to count here, too.
    if (keys.some(({ isShared }) => isShared)) {
      await this.readArchive();
      keys = await this.unarchived();
    }
    if (keys.length === 0) return;
    // A device may have been revoked that knows the archive key which this one holds.
    await this.core.directory.refresh(this.core.own.user);
    const archiveKey = currentArchiveKey(this.core);
    if (!archiveKey) return;
    for (let first = 0; first < keys.length; first += limits.archiveKeysPerPut) {
      await this.put(archiveKey, keys.slice(first, first + limits.archiveKeysPerPut));
    }
  }

  /** What the node takes from no one is set aside, and holds up nothing else. */
  private async put(archiveKey: ArchiveKey, keys: readonly HeldKey[]): Promise<void> {
    try {
      await this.core.connection.request("archive:put", {
        keys: keys.map((key) => ({
          conversation: this.state.id,
          generation: key.generation,
          epoch: key.epoch,
          archiveGeneration: archiveKey.generation,
          sealed: toBase64(sealArchiveRow(archiveKey, this.place, key)),
        })),
      });
    } catch (error) {
      if (!(error instanceof SottoError) || error.code !== "invalid-request") throw error;
      if (keys.length === 1) return void this.refused.add(historyKeyId(this.state.id, keys[0]!));
      const middle = keys.length >> 1;
      await this.put(archiveKey, keys.slice(0, middle));
      return this.put(archiveKey, keys.slice(middle));
    }
    await this.core.store.write(keys.map((key) => this.changeOf(key, true)));
  }

  private async unarchived(): Promise<HistoryKeyRecord[]> {
    const rows = (await this.rows()).filter(({ id }) => !this.refused.has(id));
    return rows.map(({ bytes }) => decodeRecord<HistoryKeyRecord>(bytes)).filter(({ isArchived }) => !isArchived);
  }

  private rows(): Promise<StoredRecord[]> {
    return this.core.store.list(tables.historyKeys, { prefix: `${this.state.id}/` });
  }

  private remember({ generation, epoch, key: bytes, isShared }: HeldKey): HeldKey {
    const key = { generation, epoch, key: bytes, ...(isShared && { isShared }) };
    this.recent.set(historyKeyId(this.state.id, key), key);
    if (this.recent.size > recentlyUsed) this.recent.delete(this.recent.keys().next().value!);
    return key;
  }

  private get place(): ArchivePlace {
    return { user: this.core.own.user, conversation: this.state.id };
  }

  private changeOf({ generation, epoch, key, isShared }: HeldKey, isArchived: boolean): RecordChange {
    const record: HistoryKeyRecord = { generation, epoch, key, isArchived, ...(isShared && { isShared }) };
    const id = historyKeyId(this.state.id, record);
    return { table: tables.historyKeys, id, bytes: encodeRecord(record) };
  }
}

/** Where this stay of the user's begins. Records of before `historyBegins` name it first. */
const beginningOf = ({ historyBegins, historyKeys }: Readonly<ConversationRecord>): HistoryKeyName | null =>
  historyBegins === undefined ? (historyKeys[0] ?? null) : historyBegins;

/** Directs keep their history; of a group its policy says it. */
export const isKept = ({ policy }: Group): boolean => policy === undefined || policy.history === "kept";

function isDueAt({ historyKeys, rosterEpoch }: ConversationRecord, group: Group, at: number): boolean {
  const last = historyKeys.at(-1);
  if (!last || last.generation !== group.generation || rosterEpoch === group.epoch) return true;
  return at - last.at >= takenEveryMs;
}
