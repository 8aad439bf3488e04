/**
 * What one entry of the log means to this device: a commit moves the group, a message is opened, an own message comes home.
 * Works on a batch that is stored later; an entry that cannot be followed stops the batch and leaves it as it was.
 */
import { decodeContent, isChange, type Content } from "../../crypto/content.ts";
import type { AppliedCommit, ConversationPolicy, Group, GroupMember } from "../../crypto/group-engine.ts";
import { hashInLog, hasPayload, type HashedEntry } from "../../identity/log-hash.ts";
import { verifyLeave } from "../../identity/leave.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { MessageId } from "../../protocol/ids.ts";
import type { UnopenedReason } from "../../protocol/receipts.ts";
import type { ClientCore } from "../core.ts";
import {
  decodeRecord,
  orphanKey,
  tables,
  type ConversationRecord,
  type EntryRecord,
  type OrphanRecord,
} from "../records.ts";
import type { RecordChange } from "../stores/client-store.ts";
import type { ContentKeeping } from "./content-keeping.ts";
import { groupLifetime, lifetimeOf, type SealedAt } from "./disappearing-messages.ts";
import { keptAs, openEntry } from "./entry-opener.ts";
import type { HistoryKeys } from "./history-keys.ts";
import type { LogBatch } from "./log-batch.ts";

/** What the outbox answers when an own message comes down in the log. */
export interface OwnArrival {
  content: Uint8Array;
  /** False when the log has other bytes under this message's id. */
  isAsSent: boolean;
  changes: RecordChange[];
  /** After the write. */
  stored(): void;
}

export interface IntakeHooks {
  /** What the conversation is to its members, as its log stands up to this record. */
  policy(record: Readonly<ConversationRecord>): ConversationPolicy;
  /** The keys of this conversation's history. */
  readonly historyKeys: HistoryKeys;
  /** What goes with the content of an entry. */
  readonly keeping: ContentKeeping;
  takeOwn(entry: HashedEntry): OwnArrival | undefined;
  opened(entry: EntryRecord, content: Content): void;
  amended(entry: EntryRecord, target: MessageId): void;
  unopened(entry: EntryRecord, reason: UnopenedReason): void;
  /** A message that the log had lost is in it again, at this place. */
  returned(entry: EntryRecord): void;
  listSeen(entry: HashedEntry, list: { version: number; head: Uint8Array }): void;
}

export class LogIntake {
  private readonly core: ClientCore;
  private readonly hooks: IntakeHooks;

  constructor(core: ClientCore, hooks: IntakeHooks) {
    this.core = core;
    this.hooks = hooks;
  }

  /**
   * Takes one entry into the batch: the next in sequence, or a founder's own first commit. `isRead`: it was read in the log; what is
   * pushed may be something else than what stands there.
   */
  async take(batch: LogBatch, entry: HashedEntry, isRead: boolean): Promise<void> {
    const { goneHash } = entry;
    const hash = hashInLog(entry);
    if (entry.kind === "commit") await this.takeCommit(batch, entry, hash, isRead);
    else if (entry.kind === "leave") this.takeLeave(batch, entry, hash);
    else if (!batch.group || !batch.record.logHash) this.refuseMessage(batch, entry);
    else if (await this.takeReturned(batch, entry, hash)) return;
    else if (entry.sender.device === this.core.own.device) await this.takeOwnMessage(batch, entry, hash);
    else if (goneHash !== undefined) this.takeGone(batch, entry, hash);
    else await this.takeMessage(batch, entry, hash);
  }

  /** A log begins with a commit: a message in its place is none of this group's. */
  private refuseMessage(batch: LogBatch, { conversation, sequence }: HashedEntry): void {
    batch.stopped = true;
    this.core.report({ code: "diverged", conversation, sequence });
  }

  /** This device founds the next generation: what the log has between what it could read and that is none of its own. */
  private succeedOwn(batch: LogBatch, entry: HashedEntry): void {
    const { conversation, sequence, sender } = entry;
    const reason = batch.record.unfollowed ? "commit-invalid" : "state-lost";
    batch.skipTo(sequence - 1);
    batch.record.beganSequence = sequence;
    batch.tell(() => this.core.report({ code: "new-generation", conversation, sequence, ...sender, reason }));
  }

  /** A commit that cannot be followed counts as not opened. Messages after it may be of an epoch before it, and are opened. */
  private passBy(batch: LogBatch, entry: HashedEntry, hash: Uint8Array): void {
    const { unfollowed } = batch.record;
    if (unfollowed?.sequence !== entry.sequence) return;
    batch.record.unfollowed = { ...unfollowed, passed: true };
    batch.stopped = false;
    batch.endEpoch();
    batch.skipTo(entry.sequence);
    if (unfollowed.isGone) batch.loseHash();
    else batch.continueHash(hash);
    batch.keep(entry, hash, { kind: "commit", content: null, reason: "not-followed" });
  }

  private async takeCommit(batch: LogBatch, entry: HashedEntry, hash: Uint8Array, isRead: boolean): Promise<void> {
    const { pending, group } = batch;
    const noChange = { added: [], removed: [] };
    if (pending && pending.record.id === entry.id && hasPayload(entry, pending.record.commit)) {
      batch.pendingSettled = true;
      if (batch.record.joinedSequence === 0) batch.record.joinedSequence = entry.sequence;
      else if (pending.record.generation > batch.record.generation) this.succeedOwn(batch, entry);
      batch.record.generation = entry.generation;
      const { withoutPath = false, needsUpdate = false } = pending.record;
      if (!withoutPath || !group) batch.record.selfUpdatedAt = Date.now();
      // An update that is due is not done by a commit that brings no new keys.
      if (!withoutPath || needsUpdate) batch.record.mustSelfUpdate = needsUpdate;
      batch.record.founding = null;
      Object.assign(batch.record, pending.record.adopts);
      batch.release(() => pending.release());
      batch.beginEpoch(entry, pending.next, pending.record);
    } else if (group && beginsHere(batch.record, group, entry)) {
      batch.beginEpoch(entry, group, noChange);
    } else if (entry.goneHash !== undefined && group?.generation === entry.generation) {
      return this.missCommit(batch, entry, hash, isRead);
    } else if (batch.record.lostAt !== null && entry.sequence !== batch.record.unfollowed?.sequence) {
      // Messages up to here could be opened; a change of the group cannot be followed.
      batch.stopped = true;
      return;
    } else if (group && entry.generation > group.generation) {
      batch.record.succeededBy = entry.generation;
      this.loseGroup(batch);
      return;
    } else if (group) {
      if (!(await this.applyOthersCommit(batch, entry, group)))
        return isRead ? this.passBy(batch, entry, hash) : undefined;
    } else {
      batch.stopped = true;
      return;
    }
    await this.hooks.historyKeys.take(batch, entry);
    batch.keep(entry, hash, { kind: "commit", content: null, reason: null });
  }

  /** It named somebody who was erased, and has gone before this device came for it: nobody's fault, and only being added again helps. */
  private missCommit(batch: LogBatch, entry: HashedEntry, hash: Uint8Array, isRead: boolean): void {
    const { sequence, sender } = entry;
    this.loseGroup(batch);
    batch.record.unfollowed = { sequence, ...sender, passed: false, isGone: true };
    if (isRead) this.passBy(batch, entry, hash);
  }

  /** False when the commit cannot be followed: this device is lost from here on. */
  private async applyOthersCommit(batch: LogBatch, entry: HashedEntry, group: Group): Promise<boolean> {
    try {
      if (entry.generation !== group.generation || entry.epoch !== group.epoch) throw new SottoError("commit-invalid");
      const applied = await this.core.engine.applyCommit(group, entry.payload, this.hooks.policy(batch.record));
      if (applied.committer.device !== entry.sender.device) throw new SottoError("commit-invalid");
      if (applied.selfRemoved) {
        if (!this.isUserRemoved(group, applied)) return this.loseGroup(batch);
        // The commit begins an epoch that this device knows nothing of: it is not acked.
        batch.leave(entry.sequence, "removed");
        return false;
      }
      if (batch.pending) batch.pendingSettled = true;
      batch.release(() => applied.release());
      const devices = (members: typeof applied.added) => members.map((member) => member.device);
      batch.beginEpoch(entry, applied.group, { added: devices(applied.added), removed: devices(applied.removed) });
      return true;
    } catch (error) {
      if (!(error instanceof SottoError)) throw error;
      if (batch.record.lostAt === null) batch.tell(() => this.reportUnfollowed(entry));
      this.loseGroup(batch);
      const { sequence, sender } = entry;
      // One of this device's own that its store does not know is nobody's fault but the store's.
      if (sender.device !== this.core.own.device) batch.record.unfollowed = { sequence, ...sender, passed: false };
      return false;
    }
  }

  /** A commit of this device's that it does not know is of another life of it: one that its store does not remember. */
  private reportUnfollowed({ conversation, sequence, sender }: HashedEntry): void {
    const isOwn = sender.device === this.core.own.device;
    this.core.report({ code: isOwn ? "state-lost" : "commit-invalid", conversation, sequence, ...sender });
  }

  /** Whether a commit that removes this device takes its whole user out of a group. */
  private isUserRemoved(group: Group, { added, removed }: AppliedCommit): boolean {
    const { user } = this.core.own;
    if (!group.policy || added.some((member) => member.user === user)) return false;
    const isRemoved = ({ device }: GroupMember): boolean => removed.some((one) => one.device === device);
    return group.members.filter((member) => member.user === user).every(isRemoved);
  }

  /** Counts where the device that says it is in the group, at this very epoch; else it changes nothing for anybody. */
  private takeLeave(batch: LogBatch, entry: HashedEntry, hash: Uint8Array): void {
    const { group } = batch;
    if (!group || !batch.record.logHash) return this.refuseMessage(batch, entry);
    batch.continueHash(hash);
    batch.keep(entry, hash, { kind: "leave", content: null, reason: null });
    const { user, device } = entry.sender;
    const member = group.members.find((one) => one.user === user && one.device === device);
    const isAtEpoch = entry.generation === group.generation && entry.epoch === group.epoch;
    const isMeant = group.policy && member && isAtEpoch && !batch.record.leavers.includes(user);
    if (!isMeant || !verifyLeave({ ...entry, user, device }, entry.payload, member.deviceKey)) return;
    batch.noteLeaver(entry.sequence, user);
    if (user === this.core.own.user) batch.leave(entry.sequence, "left");
  }

  private loseGroup(batch: LogBatch): false {
    batch.record.lostAt ??= Date.now();
    if (batch.pending) batch.pendingSettled = true;
    batch.stopped = true;
    return false;
  }

  /** A message that the log had lost: it was opened then, and its key is spent. It may have gone meanwhile. False for any other. */
  private async takeReturned(batch: LogBatch, entry: HashedEntry, hash: Uint8Array): Promise<boolean> {
    if (!batch.record.orphans.includes(entry.id)) return false;
    const id = orphanKey(entry.conversation, entry.id);
    const bytes = await this.core.store.get(tables.orphans, id);
    if (!bytes) return false;
    const orphan = decodeRecord<OrphanRecord>(bytes);
    const { kind, content, reason, retracted, withheld } = orphan.entry;
    if (!isReturned(orphan, entry)) return false;
    batch.continueHash(hash);
    const kept = batch.keep(entry, hash, {
      kind,
      content,
      reason,
      ...(retracted && { retracted }),
      ...(withheld && { withheld }),
      returned: true,
    });
    if (content !== null) await this.keepWith(batch, kept, entry, decodeContent(content));
    batch.record.orphans = batch.record.orphans.filter((one) => one !== entry.id);
    batch.write({ table: tables.orphans, id, bytes: null });
    batch.tell(() => this.hooks.returned(kept));
    return true;
  }

  private async takeOwnMessage(batch: LogBatch, entry: HashedEntry, hash: Uint8Array): Promise<void> {
    const own = this.hooks.takeOwn(entry);
    if (!own && entry.number > batch.record.lastNumber) {
      batch.record.lostAt = Date.now();
      batch.stopped = true;
      batch.tell(() =>
        this.core.report({ code: "state-lost", conversation: entry.conversation, sequence: entry.sequence }),
      );
      return;
    }
    batch.continueHash(hash);
    if (!own) {
      batch.keep(entry, hash, { kind: "unopened", content: null, reason: "not-followed" });
      return;
    }
    if (own.isAsSent) await this.keepContent(batch, entry, hash, own.content);
    else batch.keep(entry, hash, { kind: "unopened", content: null, reason: "replayed" });
    batch.write(...own.changes);
    batch.tell(() => own.stored());
  }

  /**
   * It has disappeared, or retention has passed it, before this device came for it. The log goes on by the hash of its entry: another
   * than everybody else has would show in the next ack.
   */
  private takeGone(batch: LogBatch, entry: HashedEntry, hash: Uint8Array): void {
    const { conversation, sequence, sender, number } = entry;
    const known = batch.record.senders[sender.device];
    // Whose it was, and the how manieth, is the server's bare word: no more is taken from it than that the count goes on by one.
    if (known && number === known.number + 1) {
      batch.record.senders[sender.device] = { number, contentHash: new Uint8Array(0) };
    } else if (known) {
      batch.tell(() => this.core.report({ code: "messages-missing", conversation, sequence, ...sender }));
    }
    batch.continueHash(hash);
    batch.keep(entry, hash, { kind: "unopened", content: null, reason: "gone" });
  }

  private async takeMessage(batch: LogBatch, entry: HashedEntry, hash: Uint8Array): Promise<void> {
    const historyKey = await this.hooks.historyKeys.at(batch.record, entry);
    const opened = await openEntry(this.core.engine, batch.group!, batch.record, entry, historyKey);
    if (opened.group) batch.group = opened.group;
    if (opened.release) batch.release(opened.release);
    batch.continueHash(hash);
    if ("reason" in opened) {
      const kept = batch.keep(entry, hash, { kind: "unopened", content: null, reason: opened.reason });
      batch.tell(() => this.hooks.unopened(kept, opened.reason));
      return;
    }
    const { message, content, skipped } = opened;
    batch.record.senders[entry.sender.device] = { number: entry.number, contentHash: message.contentHash };
    const kept = await this.keepContent(batch, entry, hash, message.content, content);
    if (content.kind === "history-keys") await this.hooks.historyKeys.takeShared(batch, entry.sender.user, content);
    batch.tell(() => {
      const { conversation, sequence, sender } = entry;
      if (skipped) this.core.report({ code: "messages-missing", conversation, sequence, ...sender });
      // Of who was erased there is no list any more to compare with.
      if (entry.originalHash === undefined) this.hooks.listSeen(entry, message.deviceList);
      if (kept.kind === "message") this.hooks.opened(kept, content);
      if (isChange(content)) this.hooks.amended({ ...kept, content: message.content }, content.target);
    });
  }

  private async keepContent(
    batch: LogBatch,
    entry: HashedEntry,
    hash: Uint8Array,
    bytes: Uint8Array,
    content: Content = decodeContent(bytes),
  ): Promise<EntryRecord> {
    if (content.kind === "profile") batch.noteName(entry.sender.user, content.name);
    const kind = keptAs(content);
    const isKept = kind !== "history-keys" && !(await this.isOfNothingHere(batch, content));
    const isWithheld = kind === "message" && this.core.directory.isInDoubt(entry.sender);
    const kept = batch.keep(entry, hash, {
      kind,
      content: isKept ? bytes : null,
      reason: null,
      ...(isWithheld && { withheld: true }),
    });
    await this.keepWith(batch, kept, entry, content);
    return kept;
  }

  /** An edit that lasts for a time, of a message that is not here to take it along when it goes. */
  private async isOfNothingHere(batch: LogBatch, content: Content): Promise<boolean> {
    if (content.kind !== "edit" || lifetimeOf(content) === undefined) return false;
    const prefix = `${batch.record.conversation}/${content.target}/`;
    return (await batch.draft.list(tables.messagePlaces, prefix)).length === 0;
  }

  private async keepWith(batch: LogBatch, kept: EntryRecord, sealed: SealedAt, content: Content): Promise<void> {
    const ofGroup = groupLifetime(batch.group?.policy, batch.record.disappearingSince, sealed);
    batch.tell(await this.hooks.keeping.add(batch.draft, { entry: kept, content, ofGroup }));
  }
}

/** One that had gone before it was read here, and comes back as gone, is known by its place among its sender's alone. */
function isReturned(
  { entry: { sender, number, reason }, payload, goneHash }: OrphanRecord,
  entry: HashedEntry,
): boolean {
  if (sender.device !== entry.sender.device || number !== entry.number) return false;
  if (goneHash === undefined) return hasPayload(entry, payload);
  return entry.goneHash !== undefined && (reason === "gone" || entry.goneHash === goneHash);
}

/** Whether the group that this device holds began with this commit: its Add, or a founding. */
function beginsHere(
  { joinedSequence, beganSequence }: Readonly<ConversationRecord>,
  group: Group,
  entry: HashedEntry,
): boolean {
  const isItsFirst = entry.sequence === Math.max(joinedSequence, beganSequence);
  return isItsFirst && group.generation === entry.generation && group.epoch === entry.epoch + 1;
}
