/**
 * The catalogue of refusals: every code a client can meet, whether to try again, and what it means. Codes are public and
 * stable; `docs/protocol.md` has one row for each and a test holds the two together.
 */
import * as z from "zod/mini";

const catalogue = {
  // Handshake and admission
  "token-missing": { retryable: false, meaning: "No token in the handshake. Pass `auth.token`." },
  "token-invalid": {
    retryable: false,
    meaning: "The token is malformed, wrongly signed, or not for this service. Log in again.",
  },
  "token-expired": { retryable: true, meaning: "The token has expired. Fetch a new one and connect again." },
  "protocol-unsupported": {
    retryable: false,
    meaning: "This node does not speak the client's protocol version. Update the client.",
  },
  unauthenticated: {
    retryable: false,
    meaning: "The socket has not proved that it holds its device key. Answer the challenge first.",
  },
  "admission-refused": { retryable: false, meaning: "The proof does not fit this challenge, origin, user and device." },
  "device-unknown": {
    retryable: false,
    meaning: "This user has no such device. Register it, or link it from an existing one.",
  },
  "device-revoked": { retryable: false, meaning: "This device was removed by its user. Register a new one." },
  "link-required": { retryable: false, meaning: "The user already has a device. Link this one from it." },
  "link-unknown": { retryable: false, meaning: "No device waits under this link code, or it has expired." },
  replaced: {
    retryable: false,
    meaning: "Another connection of this device took the place of this one. One device has one writer.",
  },
  draining: { retryable: true, meaning: "This node is going down. Connect again; another one answers." },
  // Any request
  "invalid-request": { retryable: false, meaning: "The request does not have the shape that the protocol describes." },
  "unknown-request": { retryable: false, meaning: "There is no request of this name." },
  "too-large": { retryable: false, meaning: "The message, or the frame, is larger than the limit." },
  "rate-limited": { retryable: true, meaning: "Too many requests. Wait `retryAfterMs`." },
  overloaded: { retryable: true, meaning: "A queue is full. Wait `retryAfterMs`." },
  unavailable: { retryable: true, meaning: "The database does not answer. Nothing was stored; try again." },
  internal: { retryable: true, meaning: "A fault in the node; the log names it by the id in the text." },
  // Accounts
  "account-exists": { retryable: false, meaning: "Somebody has this name already." },
  "credentials-invalid": { retryable: false, meaning: "The name or the password is wrong." },
  "accounts-disabled": {
    retryable: false,
    meaning: "This deployment takes its users from a host application. Sign in there.",
  },
  forbidden: { retryable: false, meaning: "The token does not allow this." },
  // Devices and key packages
  "device-list-invalid": { retryable: false, meaning: "The entry does not extend the user's signed device list." },
  "device-list-conflict": {
    retryable: true,
    meaning: "The device list has moved on. Read it again, then sign a new entry.",
  },
  "too-many-devices": { retryable: false, meaning: "The user has as many devices as are allowed. Revoke one." },
  "key-package-invalid": { retryable: false, meaning: "The key package is not one of this device, or not valid." },
  "too-many-blocks": { retryable: false, meaning: "The user has blocked as many others as are allowed. Unblock one." },
  "push-refused": {
    retryable: false,
    meaning: "This deployment sends no Web Push, or none to this endpoint.",
  },
  "too-many-key-packages": { retryable: false, meaning: "The device has published as many key packages as are kept." },
  // The recovery key
  "recovery-unknown": {
    retryable: false,
    meaning: "The user has no recovery key here, so there is nothing to restore.",
  },
  "recovery-conflict": {
    retryable: true,
    meaning: "The recovery key, or its vault, has moved on. Read where it stands, then write again.",
  },
  "recovery-words-invalid": {
    retryable: false,
    meaning: "These are not the words of a recovery key: one is mistyped or missing.",
  },
  "recovery-words-foreign": { retryable: false, meaning: "These are the words of another user's recovery key." },
  "recovery-mismatch": {
    retryable: false,
    meaning:
      "The recovery key at the node is another one: the words are of a former one, or the node shows a false one.",
  },
  "vault-invalid": {
    retryable: false,
    meaning: "What the node keeps for the recovery key is damaged, or not what was put there.",
  },
  // Conversations
  "conversation-unknown": { retryable: false, meaning: "There is no such conversation, or the caller is not in it." },
  "not-a-member": { retryable: false, meaning: "This device is not in the conversation (any more)." },
  "stale-epoch": { retryable: true, meaning: "The group has moved on. Follow the log, then seal or commit again." },
  "commit-invalid": { retryable: false, meaning: "The commit is malformed, or does what its sender may not do." },
  "group-full": {
    retryable: false,
    meaning: "The group has as many devices as its suite allows. A group founded as `size: large` takes more.",
  },
  "user-erased": {
    retryable: false,
    meaning: "This user has been erased. What was said stays readable; a store of theirs is of no use any more.",
  },
  "not-accepted": { retryable: false, meaning: "The other side takes no messages here. Nothing was stored." },
  "out-of-order": { retryable: true, meaning: "A message before this one is missing. Send that first." },
  "message-conflict": { retryable: false, meaning: "This number or id was used before, for another content." },
  "ack-invalid": {
    retryable: false,
    meaning:
      "The ack or read mark is not signed by this device, or lies outside what the device may read or has acked.",
  },
  diverged: { retryable: false, meaning: "The log here is not the one that the client has seen." },
  "message-unknown": { retryable: false, meaning: "There is no such message here, as far as this device knows." },
  "removed-by-retention": { retryable: false, meaning: "What was asked for is older than the history that is kept." },
  // Blobs
  "blob-unknown": { retryable: false, meaning: "There is no such blob, or its time is over." },
  "upload-conflict": {
    retryable: true,
    meaning: "The upload stands elsewhere. Ask how far it got, and go on there.",
  },
  "part-damaged": { retryable: true, meaning: "The bytes are not those that their digest names. Send the part again." },
  "quota-exceeded": {
    retryable: false,
    meaning: "The user keeps as much here as is allowed. Delete something, or wait until it expires.",
  },
  "attachments-disabled": { retryable: false, meaning: "This deployment has no place for attachments." },
  // Raised by the SDK
  timeout: { retryable: true, meaning: "The state was not reached, or no answer came, in the time allowed." },
  aborted: { retryable: false, meaning: "The caller's AbortSignal fired." },
  closed: { retryable: false, meaning: "The client has been closed." },
  offline: { retryable: true, meaning: "There is no connection to a node." },
  "store-locked": { retryable: false, meaning: "Another process uses this store. One device has one writer." },
  "store-unreadable": { retryable: false, meaning: "The store cannot be opened: wrong passphrase, or damaged." },
  "storage-evicted": {
    retryable: false,
    meaning: "The store was here and is gone: the browser, or somebody, has cleared this site's data.",
  },
  "store-in-use": { retryable: false, meaning: "The store belongs to another user or another service." },
  "state-lost": {
    retryable: true,
    meaning: "This device's state is older than what it has sent. It asks to be added again.",
  },
  "identity-changed": { retryable: false, meaning: "The other side's identity key is not the one that was pinned." },
  "untrusted-list": { retryable: false, meaning: "A device list was rolled back, forked, or wrongly signed." },
  "link-mismatch": { retryable: false, meaning: "What the server passed on is not what the link code stands for." },
  undecryptable: { retryable: false, meaning: "The message could not be opened." },
  "attachment-damaged": {
    retryable: false,
    meaning: "The file is not the one that was sent: changed, cut short, or another one.",
  },
  "source-lost": { retryable: false, meaning: "What was to be uploaded cannot be read any more. Send it again." },
  expired: { retryable: false, meaning: "The message was not delivered within the time allowed." },
  "invalid-argument": { retryable: false, meaning: "A call of the SDK was given something it cannot use." },
} as const satisfies Record<string, { retryable: boolean; meaning: string }>;

export type ErrorCode = keyof typeof catalogue;
export const errorCatalogue: Readonly<Record<ErrorCode, { retryable: boolean; meaning: string }>> = catalogue;
export const errorCodes = Object.keys(catalogue) as ErrorCode[];

/** A refusal as it stands on the wire. `retryAfterMs` is there where waiting helps. */
export const wireError = z.object({
  code: z.enum(errorCodes),
  retryable: z.boolean(),
  retryAfterMs: z.optional(z.int().check(z.nonnegative())),
  /** What was wrong, for a developer: never a secret, never another user's data. */
  detail: z.optional(z.string().check(z.maxLength(300))),
});
export type WireError = z.infer<typeof wireError>;

/** An expected refusal, on both sides of the wire. `code` is stable; `message` is for people. */
export class SottoError extends Error {
  override readonly name = "SottoError";
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, options: { detail?: string; retryAfterMs?: number; cause?: unknown } = {}) {
    super(
      options.detail ?? catalogue[code].meaning,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.retryable = catalogue[code].retryable;
    this.retryAfterMs = options.retryAfterMs;
  }

  toWire(): WireError {
    return {
      code: this.code,
      retryable: this.retryable,
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
      ...(this.message === catalogue[this.code].meaning ? {} : { detail: this.message.slice(0, 300) }),
    };
  }

  static fromWire(error: WireError): SottoError {
    return new SottoError(error.code, {
      ...(error.detail === undefined ? {} : { detail: error.detail }),
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    });
  }
}
