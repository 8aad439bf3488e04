/**
 * The durable state of one conversation on this device: its record, its group, and a commit that waits for the log.
 * One task at a time changes it (`queue`); whatever changes is written before it shows. A change is prepared, persisted,
 * then adopted, so that a failed write leaves memory as it was.
 */
import type { Group, PreparedCommit } from "../../crypto/group-engine.ts";
import type { ConversationId, MessageId } from "../../protocol/ids.ts";
import { suites } from "../../protocol/limits.ts";
import type { ClientCore } from "../core.ts";
import {
  decodeRecord,
  encodeRecord,
  ratchetKey,
  tables,
  type ConversationRecord,
  type PendingCommitRecord,
  type RostersRecord,
} from "../records.ts";
import type { RecordChange } from "../stores/client-store.ts";
import { TaskQueue } from "../async/task-queue.ts";

export interface PendingCommit {
  record: PendingCommitRecord;
  next: Group;
  /** Zeroes secrets of the state before; after adoption only. */
  release(): void;
}

export interface StateChange {
  record?: Partial<ConversationRecord>;
  group?: Group;
  /** Null drops it. */
  pending?: PendingCommit | null;
}

const blank = {
  suite: suites.default,
  founding: null,
  name: null,
  invited: [],
  owesName: false,
  leavers: [],
  left: null,
  rosters: [],
  generation: 0,
  joinedSequence: 0,
  beganSequence: 0,
  position: 0,
  held: [],
  positionHash: null,
  logHash: null,
  rosterEpoch: 0,
  commits: [],
  epochEnds: [],
  departures: {},
  senders: {},
  lastNumber: 0,
  lastContentHash: null,
  lastId: null,
  unopened: [],
  receiptVersion: 0,
  readSequence: 0,
  selfUpdatedAt: 0,
  committedAt: 0,
  mustSelfUpdate: false,
  lostAt: null,
  unfollowed: null,
  succeededBy: 0,
  refusedGeneration: 0,
  orphans: [],
  historyKeys: [],
  readds: {},
} satisfies Omit<ConversationRecord, "conversation" | "peer">;

export class ConversationState {
  readonly queue = new TaskQueue();
  private readonly core: ClientCore;
  private current: ConversationRecord;
  private currentGroup: Group | undefined;
  private currentPending: PendingCommit | undefined;
  /** Names of the ratchets' parts in the store. */
  private storedParts: readonly string[] = [];

  constructor(core: ClientCore, record: ConversationRecord) {
    this.core = core;
    this.current = record;
  }

  static fresh(
    core: ClientCore,
    about: Pick<ConversationRecord, "conversation" | "peer"> & Partial<ConversationRecord>,
  ): ConversationState {
    return new ConversationState(core, { ...blank, ...about });
  }

  static async load(core: ClientCore, bytes: Uint8Array): Promise<ConversationState> {
    const stored = decodeRecord<ConversationRecord>(bytes);
    const { joinedSequence, position, held = joinedSequence > 0 ? [[joinedSequence, position]] : [] } = stored;
    const state = new ConversationState(core, { ...blank, ...stored, held });
    const id = state.current.conversation;
    const [rosters, tree, parts, pending] = await Promise.all([
      core.store.get(tables.rosters, id),
      core.store.get(tables.groupTrees, id),
      core.store.list(tables.groupRatchets, { prefix: ratchetKey(id, "") }),
      core.store.get(tables.pendingCommits, id),
    ]);
    if (rosters) state.current = { ...state.current, ...decodeRecord<RostersRecord>(rosters) };
    const identity = core.own.identity();
    const ratchets = parts.map((part) => part.bytes);
    if (tree && parts.length > 0) state.currentGroup = await core.engine.decodeGroup({ tree, ratchets }, identity);
    state.storedParts = parts.map((part) => part.id.slice(ratchetKey(id, "").length));
    if (pending) {
      const record = decodeRecord<PendingCommitRecord>(pending);
      const next = await core.engine.decodeGroup({ tree: record.nextTree, ratchets: record.nextRatchets }, identity);
      state.currentPending = { record, next, release: () => undefined };
    }
    return state;
  }

  get record(): Readonly<ConversationRecord> {
    return this.current;
  }
  get id(): ConversationId {
    return this.current.conversation;
  }
  get group(): Group | undefined {
    return this.currentGroup;
  }
  get pending(): PendingCommit | undefined {
    return this.currentPending;
  }
  /** A group that can be followed, and nothing under way that would change it. */
  get canSeal(): boolean {
    return this.currentGroup !== undefined && this.currentPending === undefined && this.isMember;
  }
  /** Neither lost nor out of the group. */
  get isMember(): boolean {
    return this.current.lostAt === null && this.current.left === null;
  }
  /** A member, or one that could not follow a commit and still opens what was sent before it was known. */
  get canRead(): boolean {
    const { left, lostAt, unfollowed } = this.current;
    return left === null && (lostAt === null || unfollowed !== null);
  }
  /** A commit that founds a generation after the one that this device holds waits for the log. */
  get founds(): boolean {
    return this.pending !== undefined && this.pending.record.generation > this.current.generation;
  }
  /** The last sequence that this device's user can read, as far as it knows: also of a group that the device was never in. */
  get logEnd(): number {
    return Math.max(this.current.position, this.current.left?.sequence ?? 0);
  }
  get isGroup(): boolean {
    return this.current.peer === null;
  }

  /** Wraps a prepared commit for storage, with its exact bytes. */
  pend(
    prepared: PreparedCommit,
    id: MessageId,
    place: Pick<
      PendingCommitRecord,
      "generation" | "epoch" | "added" | "removed" | "withoutPath" | "needsUpdate" | "adopts"
    >,
  ): PendingCommit {
    const { tree, ratchets } = this.core.engine.encodeGroup(prepared.next);
    const record: PendingCommitRecord = {
      id,
      ...place,
      commit: prepared.commit,
      welcome: prepared.welcome ?? null,
      nextTree: tree,
      nextRatchets: ratchets,
      createdAt: Date.now(),
    };
    return { record, next: prepared.next, release: () => prepared.release() };
  }

  /** Writes the change, with others that belong to it, in one transaction; then adopts it. */
  async commit(change: StateChange, alongside: readonly RecordChange[] = []): Promise<void> {
    const record = change.record ? { ...this.current, ...change.record } : this.current;
    const changes: RecordChange[] = [...alongside];
    if (change.record) changes.push(...this.recordChanges(record));
    const group = change.group && this.groupChanges(change.group);
    if (group) changes.push(...group.changes);
    if (change.pending !== undefined) {
      const bytes = change.pending && encodeRecord(change.pending.record);
      changes.push({ table: tables.pendingCommits, id: this.id, bytes });
    }
    if (changes.length > 0) await this.core.store.write(changes);
    this.current = record;
    if (group) [this.currentGroup, this.storedParts] = [change.group, group.parts];
    if (change.pending !== undefined) this.currentPending = change.pending ?? undefined;
  }

  private recordChanges({ rosters, ...record }: ConversationRecord): RecordChange[] {
    const changes: RecordChange[] = [{ table: tables.conversations, id: this.id, bytes: encodeRecord(record) }];
    if (rosters === this.current.rosters) return changes;
    const bytes = encodeRecord({ rosters } satisfies RostersRecord);
    return [...changes, { table: tables.rosters, id: this.id, bytes }];
  }

  /** The tree is written when the epoch moves, of the ratchets what has moved. */
  private groupChanges(group: Group): { changes: RecordChange[]; parts: readonly string[] } {
    const { engine } = this.core;
    const before = this.currentGroup;
    const { names, moved } = engine.encodeRatchets(group, before);
    const kept = new Set(names);
    const gone = this.storedParts.filter((name) => !kept.has(name)).map((name) => ({ name, bytes: null }));
    const changes: RecordChange[] = [...moved, ...gone].map(({ name, bytes }) => {
      return { table: tables.groupRatchets, id: ratchetKey(this.id, name), bytes };
    });
    if (before?.epoch !== group.epoch || before.generation !== group.generation) {
      changes.push({ table: tables.groupTrees, id: this.id, bytes: engine.encodeGroup(group).tree });
    }
    return { changes, parts: names };
  }
}
