/**
 * The Store on SQLite: one file, one machine. SQLite's calls block, so they run in a thread of their own (`sqlite-worker.ts`);
 * this is its asynchronous face. Calls of one turn of the event loop travel together; what waits in the thread shares one
 * commit. The queue is bounded: beyond it a call is refused as `overloaded`, having changed nothing.
 * Several processes may open the same file.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { PurgeReport } from "../../actors/ports/store-maintenance.ts";
import type { Store } from "../../actors/ports/store.ts";
import { SottoError } from "../../protocol/errors.ts";
import { exactBytes } from "../blobs.ts";
import type { StoreOperations } from "./operations.ts";
import type { StoreCall, StoreReply, ThreadOptions } from "./thread-messages.ts";

export interface SqliteStoreOptions {
  /** The database file, made when it is not there; `:memory:` for one that ends with the store. */
  file: string;
  /** Reads hide, and the purge deletes, log entries older than this. */
  retentionDays: number;
  /** How long what lies in an inbox is kept. Default 30. */
  undeliveredTtlDays?: number;
  /** Calls that may wait at once. Default 10,000. */
  waitingCalls?: number;
  /** How long to wait for another process that writes. Default 5,000 ms. */
  busyTimeoutMs?: number;
}

const dayMs = 24 * 60 * 60_000;
const defaultWaitingCalls = 10_000;
const retryAfterMs = 250;

/** Opens a store. Call `migrate()` before anything else. */
export function openSqliteStore(options: SqliteStoreOptions): Store {
  const thread = new StoreThread(
    {
      file: options.file,
      retentionMs: options.retentionDays * dayMs,
      undeliveredTtlMs: (options.undeliveredTtlDays ?? 30) * dayMs,
      busyTimeoutMs: options.busyTimeoutMs ?? 5_000,
    },
    options.waitingCalls ?? defaultWaitingCalls,
  );
  const ask =
    <Name extends keyof StoreOperations>(name: Name) =>
    (...parameters: Parameters<StoreOperations[Name]>) =>
      thread.ask(name, parameters) as ReturnType<StoreOperations[Name]>;
  const purgeStep = ask("purgeStep");
  return {
    migrate: () => thread.ask("migrate", []) as Promise<string[]>,
    overwriteDeleted: () => thread.ask("overwriteDeleted", []) as Promise<void>,
    ping: () => thread.ask("ping", []) as Promise<void>,
    close: () => thread.close(),
    createAccount: ask("createAccount"),
    findAccount: ask("findAccount"),
    findDevice: ask("findDevice"),
    findDevices: ask("findDevices"),
    readDeviceLists: ask("readDeviceLists"),
    appendDeviceEntry: ask("appendDeviceEntry"),
    putDeviceName: ask("putDeviceName"),
    readDeviceNames: ask("readDeviceNames"),
    putLinkOffer: ask("putLinkOffer"),
    findLinkOffer: ask("findLinkOffer"),
    publishKeyPackages: ask("publishKeyPackages"),
    countKeyPackages: ask("countKeyPackages"),
    claimKeyPackages: ask("claimKeyPackages"),
    readInbox: ask("readInbox"),
    ackInbox: ask("ackInbox"),
    postReadd: ask("postReadd"),
    findReadd: ask("findReadd"),
    openDirect: ask("openDirect"),
    findConversation: ask("findConversation"),
    listConversations: ask("listConversations"),
    viewConversation: ask("viewConversation"),
    shareConversation: ask("shareConversation"),
    listPeers: ask("listPeers"),
    createGroup: ask("createGroup"),
    acceptCommit: ask("acceptCommit"),
    acceptLeave: ask("acceptLeave"),
    acceptMessages: (conversation, messages) =>
      thread.ask("acceptMessages", [
        conversation,
        messages.map((message) => ({ ...message, payload: exactBytes(message.payload) })),
      ]) as ReturnType<Store["acceptMessages"]>,
    readLog: ask("readLog"),
    findEntry: ask("findEntry"),
    advancePositions: (acks) =>
      thread.ask("advancePositions", [
        acks.map((ack) => ({ ...ack, logHash: exactBytes(ack.logHash), signature: exactBytes(ack.signature) })),
      ]) as ReturnType<Store["advancePositions"]>,
    readReceipts: ask("readReceipts"),
    readHistory: ask("readHistory"),
    shareHistory: ask("shareHistory"),
    metInHistory: ask("metInHistory"),
    putHistoryKeys: ask("putHistoryKeys"),
    readHistoryKeys: ask("readHistoryKeys"),
    putArchiveGrants: ask("putArchiveGrants"),
    readArchiveGrants: ask("readArchiveGrants"),
    readRecoveryKey: ask("readRecoveryKey"),
    putRecoveryKey: ask("putRecoveryKey"),
    putVault: ask("putVault"),
    putRecoveryGrants: ask("putRecoveryGrants"),
    fetchRecovery: ask("fetchRecovery"),
    markRead: (mark) =>
      thread.ask("markRead", [
        { ...mark, logHash: exactBytes(mark.logHash), signature: exactBytes(mark.signature) },
      ]) as ReturnType<Store["markRead"]>,
    findReadMark: ask("findReadMark"),
    setPrivacy: ask("setPrivacy"),
    findPrivacy: ask("findPrivacy"),
    setBlock: ask("setBlock"),
    readBlocks: ask("readBlocks"),
    readHeld: ask("readHeld"),
    beginErasure: ask("beginErasure"),
    eraseStep: ask("eraseStep"),
    readErasedDevices: ask("readErasedDevices"),
    beginBlob: ask("beginBlob"),
    advanceBlob: ask("advanceBlob"),
    findBlob: ask("findBlob"),
    expireBlob: ask("expireBlob"),
    listExpiredBlobs: ask("listExpiredBlobs"),
    countExpiredBlobs: ask("countExpiredBlobs"),
    forgetBlobs: ask("forgetBlobs"),
    knownBlobs: ask("knownBlobs"),
    leaseDueConversations: ask("leaseDueConversations"),
    postponeConversation: ask("postponeConversation"),
    expireUndelivered: ask("expireUndelivered"),
    purge: (purge) => purgeInSteps(purgeStep, purge),
    measure: ask("measure"),
    measureGrowth: ask("measureGrowth"),
    nodeKey: ask("nodeKey"),
    claimSweep: ask("claimSweep"),
    readSweeps: ask("readSweeps"),
    noteReport: ask("noteReport"),
    readReport: ask("readReport"),
    prepare: ask("prepare"),
    clock: ask("clock"),
    readLaggards: ask("readLaggards"),
    readReceiptNews: ask("readReceiptNews"),
    readGroups: ask("readGroups"),
    readDepartures: ask("readDepartures"),
    readRevocations: ask("readRevocations"),
    noteWaiting: ask("noteWaiting"),
    leaseDueWakes: ask("leaseDueWakes"),
    readWake: ask("readWake"),
    concludeWake: ask("concludeWake"),
    putPushSubscription: ask("putPushSubscription"),
    deletePushSubscription: ask("deletePushSubscription"),
    readPushSubscriptions: ask("readPushSubscriptions"),
  };
}

/** Step by step, so that live calls get their turn between two chunks; ends with a step that fills no chunk. */
async function purgeInSteps(step: Store["purge"], purge: Parameters<Store["purge"]>[0]): Promise<PurgeReport> {
  const total = await step(purge);
  for (let last = total; !purge.dryRun && last.some(({ rows }) => rows >= purge.chunk);) {
    last = await step(purge);
    for (const [index, { rows }] of last.entries()) total[index]!.rows += rows;
  }
  return total;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** The thread, and who waits for what from it. */
class StoreThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #waitingLimit: number;
  #outgoing: StoreCall[] = [];
  #lastId = 0;
  #closed: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(options: ThreadOptions, waitingLimit: number) {
    this.#waitingLimit = waitingLimit;
    this.#worker = startWorker(options);
    this.#worker.on("message", (replies: StoreReply[]) => this.#settle(replies));
    this.#worker.on("error", (error: Error) => this.#fail(error));
    this.#worker.on("exit", () => this.#fail(new Error("The database thread has ended.")));
  }

  ask(name: StoreCall["name"], parameters: readonly unknown[]): Promise<unknown> {
    if (this.#failure !== undefined || this.#closed !== undefined) {
      return Promise.reject(
        new SottoError("unavailable", {
          detail: "The store is closed.",
          ...(this.#failure && { cause: this.#failure }),
        }),
      );
    }
    if (this.#waiting.size >= this.#waitingLimit) {
      return Promise.reject(new SottoError("overloaded", { retryAfterMs }));
    }
    return this.#send(name, parameters);
  }

  /** Everything asked before is answered first. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    if (this.#failure === undefined) await this.#send("close", []);
    await this.#worker.terminate();
  }

  #send(name: StoreCall["name"], parameters: readonly unknown[]): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#outgoing.push({ id, name, parameters });
      if (this.#outgoing.length === 1) setImmediate(() => this.#post());
    });
  }

  #post(): void {
    const calls = this.#outgoing;
    this.#outgoing = [];
    if (this.#failure === undefined) this.#worker.postMessage(calls);
  }

  #settle(replies: readonly StoreReply[]): void {
    for (const reply of replies) {
      const waiting = this.#waiting.get(reply.id)!;
      this.#waiting.delete(reply.id);
      if ("value" in reply) waiting.resolve(reply.value);
      else waiting.reject(errorOf(reply.failure));
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const call of waiting) call.reject(new SottoError("unavailable", { cause: this.#failure }));
  }
}

/** Built, the thread is a file like others. As TypeScript it first needs the loader that this thread has. */
function startWorker(workerData: ThreadOptions): Worker {
  if (!import.meta.url.endsWith(".ts")) {
    return new Worker(new URL("./sqlite-worker.js", import.meta.url), { workerData });
  }
  const loader = createRequire(import.meta.url).resolve("tsx/cjs/api");
  const entry = fileURLToPath(new URL("./sqlite-worker.ts", import.meta.url));
  const start = `require(${JSON.stringify(loader)}).register(); require(${JSON.stringify(entry)});`;
  return new Worker(start, { eval: true, workerData });
}

function errorOf({ code, detail }: { code: SottoError["code"] | null; detail: string }): Error {
  return code === null ? new Error(detail) : new SottoError(code, { cause: new Error(detail) });
}
