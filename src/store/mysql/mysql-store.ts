/**
 * The Store on MySQL or MariaDB, for any number of processes at once. Messages and acks go through `writing/`, many
 * conversations in one transaction; everything else is one transaction or one read each, in `operations/`. Nothing is decided
 * by what a process remembers: every decision is made under the row lock that protects it.
 */
import type { Store } from "../../actors/ports/store.ts";
import { Database } from "./database.ts";
import { dayMs } from "./days.ts";
import { migrate } from "./migrate.ts";
import type { MysqlContext } from "./mysql-context.ts";
import { putArchiveGrants, readArchiveGrants } from "./operations/archive-grants.ts";
import * as accounts from "./operations/accounts.ts";
import * as blobs from "./operations/blobs.ts";
import { readBlocks, setBlock } from "./operations/blocks.ts";
import { acceptCommit } from "./operations/commits.ts";
import * as conversations from "./operations/conversations.ts";
import * as deviceLists from "./operations/device-lists.ts";
import { putDeviceName, readDeviceNames } from "./operations/device-names.ts";
import { beginErasure, eraseStep, readErasedDevices } from "./operations/erasure.ts";
import { expireUndelivered } from "./operations/expiry.ts";
import * as following from "./operations/following.ts";
import * as groups from "./operations/groups.ts";
import { readHeld } from "./operations/held.ts";
import * as history from "./operations/history.ts";
import { metInHistory, shareHistory } from "./operations/history-shares.ts";
import { ackInbox, readInbox } from "./operations/inbox.ts";
import * as keyPackages from "./operations/key-packages.ts";
import { findLinkOffer, putLinkOffer } from "./operations/link-offers.ts";
import { findEntry, readLog } from "./operations/log-reads.ts";
import { measureGrowth } from "./operations/measure-growth.ts";
import { measure } from "./operations/measure.ts";
import * as pushSubscriptions from "./operations/push-subscriptions.ts";
import { nodeKey } from "./operations/node-keys.ts";
import { findReadd, postReadd } from "./operations/readd-requests.ts";
import { findPrivacy, findReadMark, markRead, setPrivacy } from "./operations/read-marks.ts";
import { readReceipts } from "./operations/receipts.ts";
import * as recovery from "./operations/recovery.ts";
import { leaseDueConversations, postponeConversation } from "./operations/sweep.ts";
import { claimSweep, noteReport, readReport, readSweeps } from "./operations/sweeps.ts";
import { concludeWake, leaseDueWakes, noteWaiting, readWake } from "./operations/wakes.ts";
import { addPartitions } from "./partitions.ts";
import { purgeInSteps } from "./purge-in-steps.ts";
import { LogWriter } from "./writing/log-writer.ts";

export interface MysqlStoreOptions {
  /** `mysql://user:password@host:port/database` */
  url: string;
  /** Reads hide, and the purge deletes, log entries older than this. */
  retentionDays: number;
  /** How long what lies in an inbox is kept. Default 30. */
  undeliveredTtlDays?: number;
  /** Connections of this process. Default 10. */
  connections?: number;
  /** Calls that may wait at once. Default 10,000. */
  waitingCalls?: number;
  /** How long one transaction or read may take, in milliseconds. Default 12,000. */
  answerWithinMs?: number;
}

const defaultWaitingCalls = 10_000;
const defaultConnections = 10;

/** Opens a store. Call `migrate()` before anything else. */
export function openMysqlStore(options: MysqlStoreOptions): Store {
  const waitingCalls = options.waitingCalls ?? defaultWaitingCalls;
  const database = new Database({
    url: options.url,
    connections: options.connections ?? defaultConnections,
    waitingCalls,
    retentionMs: options.retentionDays * dayMs,
    undeliveredTtlMs: (options.undeliveredTtlDays ?? 30) * dayMs,
    ...(options.answerWithinMs === undefined ? {} : { answerWithinMs: options.answerWithinMs }),
  });
  const writer = new LogWriter(database, waitingCalls);
  type Operation<P extends unknown[], R> = (context: MysqlContext, ...parameters: P) => Promise<R>;
  const read =
    <P extends unknown[], R>(operation: Operation<P, R>) =>
    (...parameters: P) =>
      database.read((context) => operation(context, ...parameters));
  const write =
    <P extends unknown[], R>(operation: Operation<P, R>) =>
    (...parameters: P) =>
      database.write((context) => operation(context, ...parameters));
  const prepare = (now: number) => addPartitions(database, now, options.retentionDays);
  return {
    migrate: async () => {
      const applied = await migrate(database);
      await prepare(await database.read(following.clock));
      return applied;
    },
    // When the server writes over what it has deleted, and how long its logs keep it, its operator decides.
    overwriteDeleted: () => Promise.resolve(),
    ping: () => database.read(async ({ db }) => void (await db.get("SELECT 1 AS one"))),
    close: async () => {
      await writer.settled();
      await database.close();
    },
    createAccount: write(accounts.createAccount),
    findAccount: read(accounts.findAccount),
    findDevice: read(deviceLists.findDevice),
    findDevices: read(deviceLists.findDevices),
    readDeviceLists: read(deviceLists.readDeviceLists),
    appendDeviceEntry: write(deviceLists.appendDeviceEntry),
    putDeviceName: write(putDeviceName),
    readDeviceNames: read(readDeviceNames),
    putLinkOffer: write(putLinkOffer),
    findLinkOffer: read(findLinkOffer),
    publishKeyPackages: write(keyPackages.publishKeyPackages),
    countKeyPackages: read(keyPackages.countKeyPackages),
    claimKeyPackages: write(keyPackages.claimKeyPackages),
    readInbox: read(readInbox),
    ackInbox: write(ackInbox),
    postReadd: write(postReadd),
    findReadd: read(findReadd),
    openDirect: write(conversations.openDirect),
    findConversation: read(conversations.findConversation),
    listConversations: read(conversations.listConversations),
    viewConversation: read(conversations.viewConversation),
    shareConversation: read(conversations.shareConversation),
    listPeers: read(conversations.listPeers),
    createGroup: write(groups.createGroup),
    acceptCommit: write(acceptCommit),
    acceptLeave: write(groups.acceptLeave),
    acceptMessages: (conversation, messages) => writer.accept(conversation, messages),
    readLog: read(readLog),
    findEntry: read(findEntry),
    advancePositions: (acks) => Promise.all(acks.map((ack) => writer.advance(ack))),
    readReceipts: read(readReceipts),
    readHistory: read(history.readHistory),
    shareHistory: write(shareHistory),
    metInHistory: read(metInHistory),
    putHistoryKeys: write(history.putHistoryKeys),
    readHistoryKeys: read(history.readHistoryKeys),
    putArchiveGrants: write(putArchiveGrants),
    readArchiveGrants: read(readArchiveGrants),
    readRecoveryKey: read(recovery.readRecoveryKey),
    putRecoveryKey: write(recovery.putRecoveryKey),
    putVault: write(recovery.putVault),
    putRecoveryGrants: write(recovery.putRecoveryGrants),
    fetchRecovery: read(recovery.fetchRecovery),
    markRead: write(markRead),
    findReadMark: read(findReadMark),
    setPrivacy: write(setPrivacy),
    findPrivacy: read(findPrivacy),
    setBlock: write(setBlock),
    readBlocks: read(readBlocks),
    readHeld: read(readHeld),
    beginErasure: write(beginErasure),
    eraseStep: write(eraseStep),
    readErasedDevices: read(readErasedDevices),
    beginBlob: write(blobs.beginBlob),
    advanceBlob: write(blobs.advanceBlob),
    findBlob: read(blobs.findBlob),
    expireBlob: write(blobs.expireBlob),
    listExpiredBlobs: read(blobs.listExpiredBlobs),
    countExpiredBlobs: read(blobs.countExpiredBlobs),
    forgetBlobs: write(blobs.forgetBlobs),
    knownBlobs: read(blobs.knownBlobs),
    nodeKey: write(nodeKey),
    claimSweep: write(claimSweep),
    readSweeps: read(readSweeps),
    noteReport: write(noteReport),
    readReport: read(readReport),
    prepare,
    leaseDueConversations: write(leaseDueConversations),
    postponeConversation: write(postponeConversation),
    expireUndelivered: write(expireUndelivered),
    purge: (purge) => purgeInSteps(database, purge),
    measure: read(measure),
    measureGrowth: read(measureGrowth),
    clock: read(following.clock),
    readLaggards: read(following.readLaggards),
    readReceiptNews: read(following.readReceiptNews),
    readGroups: read(following.readGroups),
    readDepartures: read(following.readDepartures),
    readRevocations: read(following.readRevocations),
    noteWaiting: write(noteWaiting),
    leaseDueWakes: write(leaseDueWakes),
    readWake: read(readWake),
    concludeWake: write(concludeWake),
    putPushSubscription: write(pushSubscriptions.putPushSubscription),
    deletePushSubscription: write(pushSubscriptions.deletePushSubscription),
    readPushSubscriptions: read(pushSubscriptions.readPushSubscriptions),
  };
}
