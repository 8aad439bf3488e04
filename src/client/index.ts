/**
 * The SDK: end-to-end-encrypted conversations from a browser or from Node. Seals and opens; keeps keys, outbox and history
 * in the store it is given; talks to any node of a deployment. Nothing in here trusts the node with content.
 */
import { mlsGroupEngine } from "../crypto/mls-group-engine.ts";
import { sodiumReady } from "../identity/sodium.ts";
import { Client, type ClientOptions } from "./client.ts";

/** Opens the store and its device; `connect()` goes online. Errors: those of the store's `open`, `store-in-use`, `invalid-argument`. */
export async function createClient(options: ClientOptions): Promise<Client> {
  await sodiumReady();
  return Client.create(options, mlsGroupEngine);
}

export { deleteIndexedDbStore, indexedDbStore } from "./stores/indexed-db-store.ts";
export { memoryStore } from "./stores/memory-store.ts";
export { SottoError, type ErrorCode } from "../protocol/errors.ts";
export type { Client, ClientEvents, ClientOptions, GroupOptions } from "./client.ts";
export { fileNameOf } from "./attachments/file-name.ts";
export type { Attachment } from "./attachments/attachment.ts";
export type { AttachmentDownload, DownloadOptions } from "./attachments/attachment-download.ts";
export type { AttachmentInput, Files } from "./attachments/attachment-source.ts";
export type { ConnectionState, TokenSource } from "./connection/connection.ts";
export type { Conversation, ConversationEvents, NewMessage } from "./conversation/conversation.ts";
export type { Direct } from "./conversation/direct.ts";
export type { Group, GroupRole } from "./conversation/group.ts";
export type { AddOptions, AddOutcome } from "./conversation/group-administration.ts";
export type { GroupFact } from "./conversation/log-batch.ts";
export type { HistoryOptions, HistoryPage, UnopenedMessage } from "./conversation/history-pages.ts";
export type { Fault } from "./core.ts";
export type { DeviceNamed } from "./device/device-names.ts";
export type { RecoveryStatus, Restored } from "./recovery/recovery.ts";
export type { DeviceInfo, DeviceLink } from "./device/devices.ts";
export type {
  ExportedAttachment,
  ExportedBytes,
  ExportedConversation,
  ExportedEnd,
  ExportedGap,
  ExportedHead,
  ExportedMessage,
  ExportRecord,
} from "./export/export-records.ts";
export type { ExportOptions, ExportProgress } from "./export/history-export.ts";
export type { PresenceEvent } from "./presence.ts";
export type { PrivacyChoices } from "./privacy.ts";
export type { Message, MessageChange, MessageState } from "./conversation/message.ts";
export type { WrittenText } from "./conversation/written-text.ts";
export type { RecipientReceipt } from "./conversation/receipt-book.ts";
export type { TypingEvent } from "./conversation/typing.ts";
export type { SearchHit, SearchOptions } from "./search.ts";
export type { Verification } from "./verification.ts";
export type { WebPushSubscription } from "./web-push.ts";
export type { IndexedDbSecret, IndexedDbStore, IndexedDbStoreOptions } from "./stores/indexed-db-store.ts";
export type { ClientStore, ListOptions, OpenClientStore, RecordChange, StoredRecord } from "./stores/client-store.ts";
