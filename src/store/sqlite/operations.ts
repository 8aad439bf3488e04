import type { Store } from "../../actors/ports/store.ts";
import { createAccount, findAccount } from "./operations/accounts.ts";
import { putArchiveGrants, readArchiveGrants } from "./operations/archive-grants.ts";
import {
  advanceBlob,
  beginBlob,
  countExpiredBlobs,
  expireBlob,
  findBlob,
  forgetBlobs,
  knownBlobs,
  listExpiredBlobs,
} from "./operations/blobs.ts";
import { readBlocks, setBlock } from "./operations/blocks.ts";
import { acceptCommit } from "./operations/commits.ts";
import {
  findConversation,
  listConversations,
  listPeers,
  openDirect,
  shareConversation,
  viewConversation,
} from "./operations/conversations.ts";
import { appendDeviceEntry, findDevice, findDevices, readDeviceLists } from "./operations/device-lists.ts";
import { putDeviceName, readDeviceNames } from "./operations/device-names.ts";
import { beginErasure, eraseStep, readErasedDevices } from "./operations/erasure.ts";
import { expireUndelivered } from "./operations/expiry.ts";
import {
  clock,
  readDepartures,
  readGroups,
  readLaggards,
  readReceiptNews,
  readRevocations,
} from "./operations/following.ts";
import { acceptLeave, createGroup } from "./operations/groups.ts";
import { readHeld } from "./operations/held.ts";
import { putHistoryKeys, readHistory, readHistoryKeys } from "./operations/history.ts";
import { metInHistory, shareHistory } from "./operations/history-shares.ts";
import { ackInbox, readInbox } from "./operations/inbox.ts";
import { claimKeyPackages, countKeyPackages, publishKeyPackages } from "./operations/key-packages.ts";
import { findLinkOffer, putLinkOffer } from "./operations/link-offers.ts";
import { findEntry, readLog } from "./operations/log-reads.ts";
import { measure } from "./operations/measure.ts";
import { measureGrowth } from "./operations/measure-growth.ts";
import { acceptMessages } from "./operations/messages.ts";
import { nodeKey } from "./operations/node-keys.ts";
import { advancePositions } from "./operations/positions.ts";
import { deletePushSubscription, putPushSubscription, readPushSubscriptions } from "./operations/push-subscriptions.ts";
import { purgeStep } from "./operations/purge.ts";
import { findReadd, postReadd } from "./operations/readd-requests.ts";
import { findPrivacy, findReadMark, markRead, setPrivacy } from "./operations/read-marks.ts";
import { readReceipts } from "./operations/receipts.ts";
import { fetchRecovery, putRecoveryGrants, putRecoveryKey, putVault, readRecoveryKey } from "./operations/recovery.ts";
import { leaseDueConversations, postponeConversation } from "./operations/sweep.ts";
import { claimSweep, noteReport, prepare, readReport, readSweeps } from "./operations/sweeps.ts";
import { concludeWake, leaseDueWakes, noteWaiting, readWake } from "./operations/wakes.ts";
import type { StoreContext } from "./store-context.ts";
import type { Aside } from "./thread-messages.ts";

/** What the thread can be asked for: the port, but for what concerns the thread itself, or the file. */
export type StoreOperations = Omit<Store, Aside | "purge"> & { purgeStep: Store["purge"] };

type Blocking<Call> = Call extends (...parameters: infer P) => Promise<infer R>
  ? (context: StoreContext, ...parameters: P) => R
  : never;

/** Operations that write share a transaction with whoever waits; see `group-commit.ts`. */
export const writes = {
  createAccount,
  appendDeviceEntry,
  putLinkOffer,
  publishKeyPackages,
  claimKeyPackages,
  ackInbox,
  postReadd,
  openDirect,
  createGroup,
  acceptCommit,
  acceptLeave,
  acceptMessages,
  advancePositions,
  leaseDueConversations,
  postponeConversation,
  expireUndelivered,
  purgeStep,
  nodeKey,
  claimSweep,
  noteReport,
  prepare,
  noteWaiting,
  leaseDueWakes,
  concludeWake,
  putPushSubscription,
  deletePushSubscription,
  putHistoryKeys,
  putArchiveGrants,
  markRead,
  setPrivacy,
  setBlock,
  beginBlob,
  advanceBlob,
  expireBlob,
  forgetBlobs,
  putDeviceName,
  shareHistory,
  putRecoveryKey,
  putVault,
  putRecoveryGrants,
  beginErasure,
  eraseStep,
} satisfies Partial<{ [Name in keyof StoreOperations]: Blocking<StoreOperations[Name]> }>;

export const reads = {
  findAccount,
  findDevice,
  findDevices,
  readDeviceLists,
  findLinkOffer,
  countKeyPackages,
  readInbox,
  findConversation,
  listConversations,
  viewConversation,
  shareConversation,
  listPeers,
  findReadd,
  readLog,
  findEntry,
  readReceipts,
  measure,
  measureGrowth,
  clock,
  readLaggards,
  readReceiptNews,
  readGroups,
  readDepartures,
  readRevocations,
  readPushSubscriptions,
  readSweeps,
  readReport,
  readWake,
  readHistory,
  readHistoryKeys,
  readArchiveGrants,
  readBlocks,
  findBlob,
  listExpiredBlobs,
  countExpiredBlobs,
  knownBlobs,
  readDeviceNames,
  metInHistory,
  readHeld,
  readRecoveryKey,
  fetchRecovery,
  findReadMark,
  findPrivacy,
  readErasedDevices,
} satisfies Partial<{ [Name in keyof StoreOperations]: Blocking<StoreOperations[Name]> }>;

export type OperationName = keyof typeof writes | keyof typeof reads;

const operations: Record<OperationName, unknown> = { ...writes, ...reads };

/** Runs one operation; its arguments have come from another thread as the port's types describe them. */
export function runOperation(context: StoreContext, name: OperationName, parameters: readonly unknown[]): unknown {
  const operation = operations[name] as (context: StoreContext, ...parameters: readonly unknown[]) => unknown;
  return operation(context, ...parameters);
}

/** Whether an operation needs the write lock. */
export function isWrite(name: OperationName): boolean {
  return Object.hasOwn(writes, name);
}
