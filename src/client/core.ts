/** What the parts of one client share: its store, its connection, its device, and where it reports. */
import type { GroupEngine } from "../crypto/group-engine.ts";
import { SottoError, type ErrorCode } from "../protocol/errors.ts";
import type { ConversationId, DeviceId, UserId } from "../protocol/ids.ts";
import { backoffMs, delay } from "./async/waiting.ts";
import type { BlobClient } from "./attachments/blob-client.ts";
import type { Uploads } from "./attachments/uploads.ts";
import type { BlockList } from "./block-list.ts";
import type { Connection } from "./connection/connection.ts";
import type { DeviceDirectory } from "./device/device-directory.ts";
import type { Drafts } from "./drafts.ts";
import type { KeyPackageSupply } from "./device/key-package-supply.ts";
import type { OwnDevice } from "./device/own-device.ts";
import type { Privacy } from "./privacy.ts";
import type { OpenClientStore } from "./stores/client-store.ts";

/** Timings that tests shorten. All in milliseconds. */
export interface Timings {
  requestTimeoutMs: number;
  reconnectBaseMs: number;
  reconnectMaxMs: number;
  /** A gap in the log is asked for after this long, half as much jitter added. */
  gapMs: number;
  /** While quiet, everything is compared with the node this often, half as much jitter added. */
  syncEveryMs: number;
  /** A group is updated before the first message after this long. */
  selfUpdateAfterMs: number;
  /** How long a member waits for the peer's own devices to add one of theirs before it does. */
  rosterPatienceMs: number;
  /** A device is re-added without a person's word at most once in this time. */
  readdEveryMs: number;
  /** How long a device that cannot follow waits to be added again before it founds a new generation, if it may. */
  generationPatienceMs: number;
  /** How long a device without the account key waits for another to make an archive key, after a revocation, before it does. */
  archivePatienceMs: number;
  /** What retention has passed goes from this device this often. */
  forgetEveryMs: number;
  /** Others are told this often at most that somebody is writing. */
  typingEveryMs: number;
  /** That somebody is writing is shown for so long. */
  typingShownMs: number;
}

/** Something a person may have to know. What each means stands in `docs/threat-model.md`. */
export interface Fault {
  code: ErrorCode | "log-forked" | "messages-missing" | "readd-held" | "new-generation" | "generation-refused";
  conversation?: ConversationId;
  user?: UserId;
  device?: DeviceId;
  sequence?: number;
  /**
   * Of `new-generation`: why the one before could not go on; whose commit it was, `commit-invalid` has told. `started-over` of
   * `identity-changed`, too: the user has lost all devices, and the new key counts from now on.
   */
  reason?: "commit-invalid" | "state-lost" | "started-over";
  /** Of `internal`: what was thrown. */
  cause?: unknown;
}

export interface ClientCore {
  store: OpenClientStore;
  connection: Connection;
  engine: GroupEngine;
  own: OwnDevice;
  directory: DeviceDirectory;
  supply: KeyPackageSupply;
  blocks: BlockList;
  drafts: Drafts;
  blobs: BlobClient;
  uploads: Uploads;
  privacy: Privacy;
  timings: Timings;
  /** Milliseconds since 1970, by the node's clock as far as it is known. */
  now(): number;
  /** Fires when the client closes. */
  closing: AbortSignal;
  /** Largest payload the node takes, in bytes; learned at admission. */
  maxMessageBytes(): number;
  report(fault: Fault): void;
}

/** Refusals that a person has to hear of; what else stops background work passes by itself, and is tried again. */
const reported: readonly ErrorCode[] = [
  "identity-changed",
  "untrusted-list",
  "device-revoked",
  "diverged",
  "vault-invalid",
];

/** Why background work ended, to whoever listens for faults: a refusal that matters, or an error that nobody foresaw. */
export function reportFailure(core: Pick<ClientCore, "report">, error: unknown, about: Omit<Fault, "code"> = {}): void {
  if (!(error instanceof SottoError)) core.report({ code: "internal", ...about, cause: error });
  else if (reported.includes(error.code)) core.report({ code: error.code, ...about });
}

/** After a refusal that passes, for who goes on by itself; rethrows any other error, and `offline`: there is nobody to ask. */
export async function pauseBeforeRetry(
  { closing }: Pick<ClientCore, "closing">,
  error: unknown,
  attempt: number,
): Promise<void> {
  if (!(error instanceof SottoError) || !error.retryable || error.code === "offline") throw error;
  const wait = Math.max(error.retryAfterMs ?? 0, backoffMs(attempt, 100, 10_000));
  await delay(wait, closing).catch(() => undefined);
}

/** For who catches: a refusal that passes by itself is no fault of now, what it was about is done later. Throws all else. */
export function unlessPassing(error: unknown): void {
  if (!(error instanceof SottoError) || !error.retryable) throw error;
}

/** Work that nobody awaits. */
export function inBackground(
  core: Pick<ClientCore, "report">,
  work: Promise<unknown>,
  about?: Omit<Fault, "code">,
): void {
  work.catch((error: unknown) => reportFailure(core, error, about));
}

export const defaultTimings: Timings = {
  requestTimeoutMs: 15_000,
  reconnectBaseMs: 250,
  reconnectMaxMs: 20_000,
  gapMs: 150,
  syncEveryMs: 60_000,
  selfUpdateAfterMs: 24 * 3600_000,
  rosterPatienceMs: 1_500,
  readdEveryMs: 7 * 24 * 3600_000,
  generationPatienceMs: 60_000,
  archivePatienceMs: 10 * 60_000,
  forgetEveryMs: 60_000,
  typingEveryMs: 3_000,
  typingShownMs: 6_000,
};
