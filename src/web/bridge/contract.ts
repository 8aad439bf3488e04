/**
 * Everything that passes between the page and its worker, and nothing else does: calls with their answers, and events. Plain data alone; no
 * key, and of the person's secrets only what they type or must read. Times are milliseconds since 1970.
 */
import type { ConnectionState, ErrorCode, GroupRole, MessageState, PrivacyChoices } from "../../client/index.ts";

export type { ConnectionState, ErrorCode, GroupRole, MessageState, PrivacyChoices };

/** A refusal, as the SDK's `SottoError` has it. `detail`: for a developer. */
export interface Failure {
  code: ErrorCode;
  retryable: boolean;
  retryAfterMs?: number;
  detail?: string;
}

export interface Credentials {
  user: string;
  password: string;
}

/** Who is in, on which device. `link-required`: this user has other devices, and this one is none of them yet. */
export interface Opened {
  user: string;
  device: string;
  standing: "ready" | "link-required";
}

export interface ConversationFacts {
  id: string;
  kind: "direct" | "group";
  /** The other user's name, or the group's; empty where nobody has said it yet. */
  title: string;
  peer?: string;
  /** Messages of others that this user has not read, up to 100. */
  unread: number;
  last?: LastMessage;
  /** Why messages wait here. */
  waitingFor: "recipient-device" | "welcome" | "identity-changed" | null;
  isJoined: boolean;
  /** Of a group: each user once. */
  users: { user: string; role: GroupRole }[];
  invited: string[];
  role?: GroupRole;
  left: "left" | "removed" | null;
  /** In seconds, once a message is read; null: messages stay. */
  disappearing: number | null;
  /** In days; null: as long as the node keeps them. */
  retention: number | null;
}

export interface LastMessage {
  /** Undefined until the node has accepted it. */
  sequence?: number;
  text: string;
  sender: string;
  at: number;
  isOwn: boolean;
  isRetracted: boolean;
  files: number;
  state: MessageState;
}

export interface AttachmentFacts {
  name: string;
  type: string;
  /** In bytes. */
  size: number;
}

export interface MessageFacts {
  kind: "message";
  id: string;
  conversation: string;
  /** Undefined until the node has accepted it. */
  sequence?: number;
  sender: string;
  isOwn: boolean;
  text: string;
  sentAt: number;
  editedAt?: number;
  isRetracted: boolean;
  isUnknown: boolean;
  /** In seconds, once it is read. */
  expiresIn?: number;
  replyTo?: string;
  reactions: { emoji: string; users: string[] }[];
  attachments: AttachmentFacts[];
  state: MessageState;
  failure?: Failure;
  /** Of one's own in a group: how many of how many have it, and have read it. */
  reached?: { delivered: number; read: number; recipients: number };
}

export interface UnopenedFacts {
  kind: "unopened";
  id: string;
  conversation: string;
  sequence: number;
  sender: string;
  reason: string;
}

export type Entry = MessageFacts | UnopenedFacts;

export interface HistoryFacts {
  entries: Entry[];
  /** For the page before. */
  before?: number;
  /** For the page after; undefined where it ends with the newest. */
  after?: number;
  /** What lies before it. */
  earlier: "more" | "nothing" | "removed" | "not-shared" | "not-now";
  /** False where the node may have more, or changes of it, and could not be asked. */
  isComplete: boolean;
}

/** A message that has the words that were looked for. */
export interface HitFacts {
  conversation: string;
  message: string;
  sequence: number;
  sender: string;
  isOwn: boolean;
  text: string;
  at: number;
}

export interface ReceiptFacts {
  user: string;
  deliveredAt?: number;
  readAt?: number;
  expiredAt?: number;
  unopenedAt?: number;
}

export interface VerificationFacts {
  user: string;
  /** 60 digits. */
  safetyNumber: string;
  qr: Uint8Array;
  confirmed: boolean;
  changed: boolean;
}

export interface DeviceFacts {
  id: string;
  current: boolean;
  name?: string;
  addedAt: number;
  revokedAt?: number;
}

export interface RecoveryFacts {
  isEnabled: boolean;
  isChecked: boolean;
  canEnable: boolean;
  otherDevices: number;
}

/** A user's own messages, in the clear. */
export interface ExportFacts {
  /** Records of `docs/export.md`, a line each. */
  file: Blob;
  messages: number;
  /** Messages, files and conversations that could not be read. */
  unreadable: number;
}

export interface NewMessageFacts {
  conversation: string;
  text: string;
  replyTo?: string;
  files?: File[];
}

interface MessagePlace {
  conversation: string;
  message: string;
}

/** What the page may ask: the request, and what it is answered. */
export interface Calls {
  signUp: (given: Credentials) => Opened;
  logIn: (given: Credentials) => Opened;
  /** Opens what this browser holds; goes online when it can. */
  unlock: (given: Credentials) => Opened;
  /** Whether this node has accounts; else its people come with a token of the application that it belongs to. */
  accounts: (given: undefined) => boolean;
  /** From that application: who comes with it. For a client that is open already it takes the place of one that has expired. */
  takeToken: (given: { token: string }) => { user: string };
  /** Opens what this browser holds, or begins it, for who comes with a token. The password locks it here, and goes nowhere. */
  openWithToken: (given: Credentials & { isNew: boolean }) => Opened;
  /** Closes the client; what it holds stays, sealed. */
  lock: (given: undefined) => void;
  /** Closes the client and deletes what it holds. */
  erase: (given: { user: string }) => void;
  /** On a new device: the code to type on another one. Asked again it makes another code. */
  startLink: (given: undefined) => { code: string };
  /** Answers when the other device has taken the code. */
  finishLink: (given: undefined) => { checkDigits: string };
  restore: (given: { words: string; revokeOthers: boolean }) => void;
  startOver: (given: undefined) => void;

  conversations: (given: undefined) => ConversationFacts[];
  openDirect: (given: { user: string }) => ConversationFacts;
  createGroup: (given: { name: string; members: string[] }) => ConversationFacts;
  /** Events tell of its messages from now on, and no more of those of the one before. */
  enter: (given: { conversation: string }) => { firstUnread?: number };
  leaveView: (given: undefined) => void;
  /** The newest page, or the one that ends before a sequence, or begins after it. */
  history: (given: { conversation: string; before?: number; after?: number; limit: number }) => HistoryFacts;
  /** Of what this device holds, in one conversation or in all, newest first; nothing where there is no word. */
  search: (given: { words: string; conversation?: string; limit: number }) => HitFacts[];

  /** What was typed and not sent, by conversation. */
  drafts: (given: undefined) => { conversation: string; text: string }[];
  /** Answers when it is stored, sealed. Empty: forgets it. */
  keepDraft: (given: { conversation: string; text: string }) => void;

  send: (given: NewMessageFacts) => MessageFacts;
  /** What failed is sent anew, as another message. */
  retry: (given: MessagePlace) => MessageFacts;
  edit: (given: MessagePlace & { text: string }) => void;
  retract: (given: MessagePlace) => void;
  react: (given: MessagePlace & { emoji: string; remove: boolean }) => void;
  markRead: (given: MessagePlace) => void;
  typing: (given: { conversation: string; isTyping: boolean }) => void;
  receipts: (given: MessagePlace) => ReceiptFacts[];
  download: (given: MessagePlace & { index: number }) => Blob;

  addMember: (given: { conversation: string; user: string }) => "added" | "invited";
  removeMember: (given: { conversation: string; user: string }) => void;
  setRole: (given: { conversation: string; user: string; role: GroupRole }) => void;
  rename: (given: { conversation: string; name: string }) => void;
  setDisappearing: (given: { conversation: string; seconds: number | null }) => void;
  setRetention: (given: { conversation: string; days: number | null }) => void;
  leaveGroup: (given: { conversation: string }) => void;

  verification: (given: { user: string }) => VerificationFacts;
  /** `compared`: the numbers are the same. Otherwise it goes on without. */
  trust: (given: { user: string; compared: boolean }) => void;
  /** Contacts whose key is not the one that it was, of whom no person has said anything since. */
  changedIdentities: (given: undefined) => string[];
  setBlocked: (given: { user: string; isBlocked: boolean }) => void;
  blocked: (given: undefined) => string[];
  privacy: (given: undefined) => PrivacyChoices;
  setPrivacy: (given: PrivacyChoices) => void;
  devices: (given: undefined) => DeviceFacts[];
  /** What outlasts a script in the page asks for the password again: without it `credentials-invalid`, after a second. */
  approveLink: (given: { code: string; password: string }) => { checkDigits: string };
  renameDevice: (given: { device: string; name: string }) => void;
  /** The password as for `approveLink`: what is closed out cannot come back. */
  revokeDevice: (given: { device: string; password: string }) => void;
  recovery: (given: undefined) => RecoveryFacts;
  /** Sixteen words, shown once. The password as for `approveLink`. */
  enableRecovery: (given: { password: string }) => { words: string };
  /** Everything that this device can read, with what is in the files if it is wanted. The password as for `approveLink`. */
  exportMessages: (given: { password: string; files: boolean }) => ExportFacts;
  checkRecovery: (given: { words: string }) => boolean;
}

/** What the worker tells by itself. */
export interface Events {
  connection: { state: ConnectionState; refusal?: Failure };
  conversation: ConversationFacts;
  /** New or changed, of the conversation that was entered. */
  message: MessageFacts;
  unopened: UnopenedFacts;
  /** Of the conversation that was entered: this one has gone. */
  disappeared: { conversation: string; message: string };
  /** Of any conversation: somebody else has written. */
  arrived: { conversation: string; title: string; sender: string; text: string };
  typing: { conversation: string; user: string; isTyping: boolean };
  presence: { user: string; online: boolean; lastSeen: number | null };
  upload: { message: string; index: number; sent: number; total: number };
  download: { message: string; index: number; received: number; total: number };
  /** How far the export is: conversations that are done, of how many, and messages. */
  export: { conversations: number; of: number; messages: number };
  "identity-changed": { user: string; hasStartedOver: boolean };
  blocked: string[];
  /** A person may have to know. `conversation`, `user`: what it is about. */
  fault: { code: string; conversation?: string; user?: string };
  /** The client is over: another tab has the store, or it is gone. */
  ended: { code: ErrorCode };
}

export type CallName = keyof Calls;
export type Request<Name extends CallName> = Parameters<Calls[Name]>[0];
export type Answer<Name extends CallName> = ReturnType<Calls[Name]>;

/** What the worker holds for each call. */
export type Answers = { [Name in CallName]: Answering<Name> };
export type Answering<Name extends CallName> = (
  request: Request<Name>,
  signal: AbortSignal,
) => Answer<Name> | Promise<Answer<Name>>;

/** From the page. */
export type ToWorker = { type: "call"; id: number; name: CallName; request: unknown } | { type: "cancel"; id: number };
/** From the worker. */
export type ToPage =
  | { type: "answer"; id: number; value: unknown }
  | { type: "failure"; id: number; failure: Failure }
  | { type: "event"; name: keyof Events; payload: unknown };
