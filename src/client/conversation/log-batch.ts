/**
 * What a run of log entries does to a conversation, gathered before any of it shows: one write for the whole run, then the
 * spent secrets are zeroed, then people hear of it.
 */
import type { Group, GroupMember } from "../../crypto/group-engine.ts";
import { isSamePolicy, roleOf, type GroupPolicy } from "../../identity/group-policy.ts";
import { logHashStart, nextLogHash, type HashedEntry } from "../../identity/log-hash.ts";
import type { DeviceId, UserId } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { ConversationState, PendingCommit } from "./conversation-state.ts";
import {
  encodeRecord,
  entryKey,
  tables,
  type ConversationRecord,
  type EntryRecord,
  type TailRecord,
} from "../records.ts";
import { rowsOf } from "./changes/entry-rows.ts";
import { withHeld } from "./held-log.ts";
import { addRange } from "./sequence-ranges.ts";
import type { OpenClientStore, RecordChange } from "../stores/client-store.ts";
import { Draft } from "../stores/draft.ts";

/** Commits are rare; receipts older than the oldest kept prove nothing new. */
const commitsKept = 256;
/** Of each conversation, in full: so much of a log can be given back to a node that has lost it. */
export const tailKept = 1024;
/** Rosters of the past; of messages older than those nobody waits for a receipt. */
const rostersKept = 256;
/** Epoch ends that may wait for their ack. */
const epochEndsKept = 64;

/** The ends of epochs with that of the present one, where something came after its commit. */
export function epochEndsAfter(record: Readonly<ConversationRecord>): ConversationRecord["epochEnds"] {
  const { position: sequence, logHash, commits, epochEnds } = record;
  const isTold = epochEnds.at(-1)?.sequence === sequence;
  if (!logHash || isTold || sequence <= (commits.at(-1) ?? 0)) return epochEnds;
  return [...epochEnds, { sequence, logHash }].slice(-epochEndsKept);
}

/** Whether a running hash is one: of what was read in the history, or behind a commit that has gone, nobody has computed any. */
export const isComputed = (logHash: Uint8Array): boolean => logHash.some((byte) => byte !== 0);

/** What is to be seen of a group, beside its messages. */
export type GroupFact = "members" | "roles" | "name" | "left" | "retention" | "disappearing";

export class LogBatch {
  record: ConversationRecord;
  group: Group | undefined;
  /** Set when the batch settles the pending commit, one way or the other. */
  pendingSettled = false;
  /** The run ends here: what follows cannot be followed. */
  stopped = false;
  rosterMoved = false;
  /** Devices that were added, or added again. */
  readonly joined = new Set<DeviceId>();
  /** What people see of a group has changed. */
  readonly changed = new Set<GroupFact>();
  /** What it writes, and what the store holds with that. */
  readonly draft: Draft;
  private readonly state: ConversationState;
  private readonly releases: (() => void)[] = [];
  private readonly after: (() => void)[] = [];

  constructor(state: ConversationState, store: OpenClientStore) {
    this.state = state;
    this.draft = new Draft(store);
    const { departures, senders } = state.record;
    this.record = { ...state.record, departures: { ...departures }, senders: { ...senders } };
    this.group = state.group;
  }

  get pending(): PendingCommit | undefined {
    return this.pendingSettled ? undefined : this.state.pending;
  }

  /** Secrets that go once the batch is stored. */
  release(release: () => void): void {
    this.releases.push(release);
  }

  /** What is told once the batch is stored. */
  tell(tell: () => void): void {
    this.after.push(tell);
  }

  write(...changes: RecordChange[]): void {
    this.draft.write(...changes);
  }

  /** Which rows of a table it writes. */
  writes(table: string): string[] {
    return this.draft.changes.filter((change) => change.table === table).map(({ id }) => id);
  }

  /** A commit has been adopted: a new epoch, and a new beginning of the running hash. */
  beginEpoch(entry: HashedEntry, group: Group, roster: { added: readonly string[]; removed: readonly string[] }): void {
    if (this.group) this.notePolicy(this.group.policy, group);
    this.group = group;
    this.endEpoch();
    this.record.committedAt = entry.acceptedAt;
    this.record.commits = [...this.record.commits, entry.sequence].slice(-commitsKept);
    for (const device of [...roster.added, ...roster.removed] as GroupMember["device"][])
      delete this.record.senders[device];
    for (const device of roster.removed as GroupMember["device"][]) {
      this.record.departures[device] = entry.sequence;
      if (roster.added.includes(device)) this.noteReadded(device, entry.acceptedAt);
    }
    for (const device of roster.added as GroupMember["device"][]) {
      delete this.record.departures[device];
      this.joined.add(device);
    }
    if (roster.added.length + roster.removed.length > 0) {
      this.record.rosterEpoch = group.epoch;
      this.rosterMoved = true;
    }
    const users = group.members.map(({ user }) => user);
    this.record.leavers = this.record.leavers.filter((user) => users.includes(user));
    this.noteUsers(
      entry.sequence,
      users.filter((user) => !this.record.leavers.includes(user)),
    );
    this.record.logHash = logHashStart({
      conversation: entry.conversation,
      generation: entry.generation,
      epoch: group.epoch,
      sequence: entry.sequence,
      transcriptHash: group.transcriptHash,
    });
  }

  private notePolicy(before: GroupPolicy | undefined, { policy: after, generation, epoch }: Group): void {
    if (isSamePolicy(before, after)) return;
    if (before?.retentionDays !== after?.retentionDays) this.changed.add("retention");
    if (before?.disappearingSeconds !== after?.disappearingSeconds) {
      this.changed.add("disappearing");
      this.record.disappearingSince = { generation, epoch };
    }
    const rolesOf = (policy: GroupPolicy | undefined) => policy && { roles: policy.roles, history: policy.history };
    if (!isSamePolicy(rolesOf(before), rolesOf(after))) this.changed.add("roles");
  }

  /** By whomever: the next time, everybody waits for a person. `at`: by the node's clock, as the requests. */
  private noteReadded(device: GroupMember["device"], at: number): void {
    const { packages = [] } = this.record.readds[device] ?? {};
    this.record.readds = { ...this.record.readds, [device]: { at, packages } };
  }

  /** A user has left by its own word; who removes its devices is not known yet. */
  noteLeaver(sequence: number, user: UserId): void {
    this.rosterMoved = true;
    this.record.leavers = [...this.record.leavers, user];
    const users = (this.group?.members ?? []).map((member) => member.user);
    this.noteUsers(
      sequence,
      users.filter((one) => !this.record.leavers.includes(one)),
    );
  }

  /** This user is out of the group: the log ends here. */
  leave(sequence: number, how: "left" | "removed"): void {
    this.record.left = { sequence, how };
    if (this.pending) this.pendingSettled = true;
    this.stopped = true;
    this.changed.add("left");
  }

  /** Somebody says what the group is called: who has a role is believed, and anybody by whom knows no name yet. */
  noteName(user: UserId, name: string): void {
    const { policy } = this.group ?? {};
    const counts = this.record.name === null || (policy && roleOf(policy, user) !== "member");
    if (!policy || !counts || this.record.name === name) return;
    this.record.name = name;
    this.changed.add("name");
  }

  private noteUsers(sequence: number, members: readonly UserId[]): void {
    if (this.record.peer !== null) return;
    const users = [...new Set(members)].toSorted();
    this.record.invited = this.record.invited.filter((user) => !users.includes(user));
    const before = this.record.rosters.at(-1)?.users ?? [];
    if (before.length === users.length && users.every((user, index) => user === before[index])) return;
    this.record.rosters = [...this.record.rosters, { sequence, users }].slice(-rostersKept);
    this.changed.add("members");
  }

  /** An application message has been taken in: the running hash goes on. */
  continueHash(hash: Uint8Array): void {
    const { logHash } = this.record;
    if (logHash && isComputed(logHash)) this.record.logHash = nextLogHash(logHash, hash);
  }

  /** Behind a commit that nobody can show any more nothing is known of the running hash, until this device is added again. */
  loseHash(): void {
    this.record.logHash = new Uint8Array(32);
  }

  /** What an epoch held is acked under the hash that it ended with. */
  endEpoch(): void {
    this.record.epochEnds = epochEndsAfter(this.record);
  }

  /** Entries after the position, up to here, that this device has no part in. */
  skipTo(sequence: number): void {
    const { position, unopened } = this.record;
    if (sequence <= position) return;
    this.record.unopened = addRange(unopened, position + 1, sequence, limits.unopenedRanges);
  }

  /** Closes an entry: it is stored, and the position moves on it. */
  keep(
    entry: HashedEntry,
    hash: Uint8Array,
    kept: Pick<EntryRecord, "kind" | "content" | "reason" | "retracted" | "returned" | "withheld">,
  ): EntryRecord {
    const { sequence, id, sender, number, acceptedAt, conversation } = entry;
    const logHash = this.record.logHash ?? new Uint8Array(32);
    const record: EntryRecord = { sequence, id, sender, number, acceptedAt, logHash, ...kept };
    this.write(...rowsOf(conversation, record), this.tailOf(entry));
    if (sequence > tailKept) {
      this.write({ table: tables.tail, id: entryKey(conversation, sequence - tailKept), bytes: null });
    }
    if (!this.isForHistory(kept)) this.record.held = withHeld(this.record.held, sequence);
    if (kept.kind === "unopened") {
      this.record.unopened = addRange(this.record.unopened, sequence, sequence, limits.unopenedRanges);
    }
    this.record.position = sequence;
    this.record.positionHash = hash;
    return record;
  }

  /** What was said after a commit that has gone is opened as history is, by the keys of that. */
  private isForHistory({ kind, reason }: Pick<EntryRecord, "kind" | "reason">): boolean {
    return kind === "unopened" && reason === "not-followed" && this.record.unfollowed?.isGone === true;
  }

  /** For giving back to a node that has lost it, and for finding where its log is this device's own. */
  private tailOf(entry: HashedEntry): RecordChange {
    const bytes = encodeRecord(entry satisfies TailRecord);
    return { table: tables.tail, id: entryKey(entry.conversation, entry.sequence), bytes };
  }

  /** Persist, zero, tell: in this order. */
  async finish(): Promise<void> {
    await this.state.commit(
      {
        record: this.record,
        ...(this.group && this.group !== this.state.group ? { group: this.group } : {}),
        ...(this.pendingSettled ? { pending: null } : {}),
      },
      this.draft.changes,
    );
    for (const release of this.releases) release();
    for (const tell of this.after) tell();
  }
}
