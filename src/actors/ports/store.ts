/**
 * What the house asks of a database. One contract suite (`test/contracts/store.contract.ts`) runs on every implementation,
 * driving two instances of it at once.
 *
 * Invariants, whoever calls and from however many nodes:
 * - A promise that resolves is a commit that is durable. A rejected one changed nothing.
 * - The sequences of a conversation are 1, 2, 3 … without gap; `acceptedAt` never decreases along them.
 * - Expected refusals are values (`{ status: … }`), never exceptions. An exception means the database does not answer.
 * - Reads hide what retention has passed, at once, whether the purge has run or not.
 * Bytes are `Uint8Array`, times are milliseconds since 1970 from the database's clock unless a `now` is passed in.
 */
import type { AccountStore } from "./store-accounts.ts";
import type { BlobStore } from "./store-blobs.ts";
import type { BlockStore } from "./store-blocks.ts";
import type { ConversationStore } from "./store-conversations.ts";
import type { DeviceStore } from "./store-devices.ts";
import type { ErasureStore } from "./store-erasure.ts";
import type { FollowingStore } from "./store-following.ts";
import type { HeldStore } from "./store-held.ts";
import type { HistoryStore } from "./store-history.ts";
import type { LogStore } from "./store-log.ts";
import type { MaintenanceStore } from "./store-maintenance.ts";
import type { ReadingStore } from "./store-reading.ts";
import type { RecoveryStore } from "./store-recovery.ts";
import type { WakeStore } from "./store-wakes.ts";

export interface Store
  extends
    AccountStore,
    DeviceStore,
    ConversationStore,
    LogStore,
    HistoryStore,
    RecoveryStore,
    BlockStore,
    HeldStore,
    ErasureStore,
    BlobStore,
    ReadingStore,
    MaintenanceStore,
    FollowingStore,
    WakeStore {
  /** Brings the schema up to date; safe to run from several nodes at once. Returns the names of the migrations applied. */
  migrate(): Promise<string[]>;
  /** Answers when the database does. */
  ping(): Promise<void>;
  /** Waits for what is under way, then releases everything. */
  close(): Promise<void>;
}
