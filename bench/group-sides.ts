/**
 * Devices of one group, in this process and without a node: the SDK's own parts that seal, open, commit and join, over a store
 * on disk, and a log that takes whatever it is given. What the engine needs alone for the same is measured beside it.
 */
import { encodeContent } from "../src/crypto/content.ts";
import type { DeviceIdentity, Group, KeyPackagePair } from "../src/crypto/group-engine.ts";
import { mlsGroupEngine as engine } from "../src/crypto/mls-group-engine.ts";
import { ConversationState } from "../src/client/conversation/conversation-state.ts";
import { ContentKeeping } from "../src/client/conversation/content-keeping.ts";
import { DisappearingMessages } from "../src/client/conversation/disappearing-messages.ts";
import { GroupChanges } from "../src/client/conversation/group-changes.ts";
import { GroupJoiner } from "../src/client/conversation/group-joiner.ts";
import { HistoryKeys } from "../src/client/conversation/history-keys.ts";
import { LogFollower } from "../src/client/conversation/log-follower.ts";
import { sealOutgoing } from "../src/client/conversation/outgoing-sealing.ts";
import type { ClientCore } from "../src/client/core.ts";
import { encodeRecord, outboxKey, tables, type OutboxRecord } from "../src/client/records.ts";
import { fileStore } from "../src/client/stores/file-store.ts";
import type { OpenClientStore } from "../src/client/stores/client-store.ts";
import { toBase64 } from "../src/protocol/base64.ts";
import { newId, type ConversationId, type MessageId } from "../src/protocol/ids.ts";
import type { LogEntry } from "../src/protocol/log-entry.ts";
import { tempFolder } from "../test/support/temp-folder.ts";

const cheap = { opslimit: 1, memlimitBytes: 8192 };
/** As many as a device has of both suites: the one that a Welcome is for comes last. */
const otherPairs = 199;

/** Texts as they wait to be sealed. */
export function queuedTexts(texts: readonly string[]): OutboxRecord[] {
  return texts.map((text) => ({
    id: newId<MessageId>(),
    content: encodeContent({ kind: "text", text, sentAt: Date.now() }),
    sentAt: Date.now(),
    number: null,
    contentHash: null,
    previousContentHash: null,
    sealed: null,
  }));
}

export interface BenchLog {
  conversation: ConversationId;
  entries: LogEntry[];
  /** What the last commit brought for whoever it added. */
  welcome: Uint8Array | undefined;
}

/** One device: what the SDK is for one conversation, with the node replaced by `log`. */
export class BenchSide {
  private readonly identity: DeviceIdentity;
  readonly state: ConversationState;
  readonly changes: GroupChanges;
  private readonly store: OpenClientStore;
  private readonly core: ClientCore;
  private readonly follower: LogFollower;
  private readonly historyKeys: HistoryKeys;
  private readonly joiner: GroupJoiner;
  private readonly log: BenchLog;
  private readonly removeFolder: () => Promise<void>;
  private readonly sent = new Map<MessageId, OutboxRecord>();
  private pairs: KeyPackagePair[] = [];

  private constructor(identity: DeviceIdentity, log: BenchLog, store: OpenClientStore, end: () => Promise<void>) {
    this.identity = identity;
    this.log = log;
    this.store = store;
    this.removeFolder = end;
    this.core = this.coreOf();
    const about = { conversation: log.conversation, peer: null };
    this.state = ConversationState.fresh(this.core, about);
    this.historyKeys = new HistoryKeys(this.core, this.state, () => undefined);
    this.follower = new LogFollower(this.core, this.state, this.followerHooks());
    this.changes = new GroupChanges(this.core, this.state, {
      posted: (entry) => this.follower.post(entry),
      catchUp: () => this.follower.settled(),
    });
    this.joiner = new GroupJoiner(this.core, this.state, {
      policy: () => ({ kind: "group" }),
      summary: () => Promise.resolve({ lastNumber: 0, lastId: null } as never),
      resume: () =>
        Promise.resolve({
          record: { lastNumber: 0, lastContentHash: null, lastId: null },
          changes: [],
          apply: () => undefined,
        }),
      joined: () => Promise.resolve(),
      askForReadd: () => Promise.resolve(),
      settled: () => this.follower.settled(),
      settlePending: () => Promise.resolve(),
      catchUp: () => this.follower.settled(),
    });
  }

  static async of(identity: DeviceIdentity, log: BenchLog): Promise<BenchSide> {
    const folder = await tempFolder();
    const store = await fileStore(folder.path, { passphrase: "of a benchmark", kdf: cheap }).open();
    return new BenchSide(identity, log, store, () => folder.remove());
  }

  get group(): Group {
    return this.state.group!;
  }

  /** As many key packages as a device has, and at last the one to be added by. */
  async stockUp(own: KeyPackagePair): Promise<void> {
    const other = await engine.createKeyPackage(this.identity, own.suite);
    this.pairs = [...Array.from({ length: otherPairs }, () => other), own];
  }

  /** By the log's last Welcome. */
  async join(): Promise<void> {
    const { sequence, generation } = this.log.entries.at(-1)!;
    const welcome = toBase64(this.log.welcome!);
    const entry = { kind: "welcome" as const, position: 1, conversation: this.log.conversation, generation };
    await this.joiner.join({ ...entry, sequence, welcome, at: Date.now() });
    await this.take(this.log.entries.slice(-1));
  }

  /** Seals and stores what is queued; gives what would be sent. */
  async seal(queued: readonly OutboxRecord[]): Promise<OutboxRecord[]> {
    const { state } = this;
    return state.queue.run(async () => {
      const historyKey = await this.historyKeys.at(state.record, this.group);
      const place = { group: this.group, ...state.record, historyKey };
      const sealed = await sealOutgoing(this.core, place, queued, { version: 1, head: new Uint8Array(32) });
      const { records, group, lastNumber, lastContentHash } = sealed;
      const changes = records.map((record) => this.outboxChange(record.id, record));
      await state.commit({ group, record: { lastNumber, lastContentHash, lastId: records.at(-1)!.id } }, changes);
      sealed.release();
      return records;
    });
  }

  /** The log takes it. */
  post({ id, number, sealed }: OutboxRecord): void {
    const { generation, epoch, payload } = sealed!;
    this.append({ kind: "message", generation, epoch, id, number: number!, payload: toBase64(payload) });
  }

  /** Takes entries of the log, as they are pushed. */
  async take(entries: readonly LogEntry[]): Promise<void> {
    for (const entry of entries) this.follower.post(entry);
    await this.follower.settled();
    const { position, lostAt } = this.state.record;
    if (lostAt !== null || position < entries.at(-1)!.sequence) throw new Error("a device of the benchmark is lost");
  }

  async end(): Promise<void> {
    await this.store.close();
    await this.removeFolder();
  }

  private append(entry: Pick<LogEntry, "kind" | "generation" | "epoch" | "id" | "number" | "payload">): LogEntry {
    const { user, device } = this.identity;
    const place = { conversation: this.log.conversation, sequence: this.log.entries.length + 1 };
    const posted = { ...entry, ...place, sender: { user, device }, acceptedAt: Date.now() };
    this.log.entries.push(posted);
    return posted;
  }

  private outboxChange(id: MessageId, record: OutboxRecord | null) {
    if (record) this.sent.set(id, record);
    return { table: tables.outbox, id: outboxKey(this.log.conversation, id), bytes: record && encodeRecord(record) };
  }

  private followerHooks() {
    const disappearing = new DisappearingMessages(this.core, this.state, {
      isShown: () => true,
      forget: () => Promise.resolve(),
      gone: () => undefined,
    });
    return {
      policy: () => ({ kind: "group" as const }),
      historyKeys: this.historyKeys,
      keeping: new ContentKeeping(this.log.conversation, disappearing, () => Promise.resolve()),
      takeOwn: ({ id }: { id: MessageId }) => {
        const { content } = this.sent.get(id)!;
        this.sent.delete(id);
        return { content, isAsSent: true, changes: [this.outboxChange(id, null)], stored: () => undefined };
      },
      opened: () => undefined,
      amended: () => undefined,
      unopened: () => fail("a message did not open"),
      returned: () => undefined,
      listSeen: () => undefined,
      advanced: () => undefined,
      groupMoved: () => undefined,
      changed: () => undefined,
      lost: () => fail("a commit was not followed"),
    };
  }

  private coreOf(): ClientCore {
    const { identity, store } = this;
    const { user, device, accountKey } = identity;
    const connection = {
      state: "online",
      request: (name: string, request: { id: MessageId; commit: string; welcome?: string }) =>
        this.answer(name, request),
    };
    return {
      store,
      connection,
      engine,
      own: { user, device, accountKey, identity: () => identity },
      directory: {
        get: () => ({}),
        accountsFor: () => true,
        isInDoubt: () => false,
        refreshAll: () => Promise.resolve(),
      },
      supply: { pairs: () => Promise.resolve(this.pairs), forget: () => [] },
      closing: new AbortController().signal,
      timings: { gapMs: 1000 },
      report: ({ code }: { code: string }) => fail(code),
    } as unknown as ClientCore;
  }

  /** The node takes every commit. */
  private answer(name: string, request: { id: MessageId; commit: string; welcome?: string }): Promise<unknown> {
    if (name !== "conversation:commit") return Promise.reject(new Error(`the benchmark's log has no ${name}`));
    const { pending } = this.state;
    const { generation, epoch, welcome } = pending!.record;
    this.log.welcome = welcome ?? undefined;
    const entry = { kind: "commit" as const, generation, epoch, id: request.id, number: 0, payload: request.commit };
    const { sequence, acceptedAt } = this.append(entry);
    return Promise.resolve({ sequence, acceptedAt });
  }
}

function fail(what: string): never {
  throw new Error(what);
}
