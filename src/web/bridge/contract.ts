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
  /** In seconds; null: messages stay. */
  disappearing: number | null;
}

export interface LastMessage {
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
  /** What lies before it. */
  earlier: "more" | "nothing" | "removed" | "not-shared" | "not-now";
  /** False where the node may have more, or changes of it, and could not be asked. */
  isComplete: boolean;
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
  history: (given: { conversation: string; before?: number; limit: number }) => HistoryFacts;

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
  leaveGroup: (given: { conversation: string }) => void;

  verification: (given: { user: string }) => VerificationFacts;
  /** `compared`: the numbers are the same. Otherwise it goes on without. */
  trust: (given: { user: string; compared: boolean }) => void;
  setBlocked: (given: { user: string; isBlocked: boolean }) => void;
  blocked: (given: undefined) => string[];
  privacy: (given: undefined) => PrivacyChoices;
  setPrivacy: (given: PrivacyChoices) => void;
  devices: (given: undefined) => DeviceFacts[];
  /** What outlasts a script in the page asks for the password again: without it `credentials-invalid`, after a second. */
  approveLink: (given: { code: string; password: string }) => { checkDigits: string };
  renameDevice: (given: { device: string; name: string }) => void;
  revokeDevice: (given: { device: string }) => void;
  recovery: (given: undefined) => RecoveryFacts;
  /** Sixteen words, shown once. The password as for `approveLink`. */
  enableRecovery: (given: { password: string }) => { words: string };
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
