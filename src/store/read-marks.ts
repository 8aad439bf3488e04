import type { PrivacyRow, ReadMarkOutcome, ReadMarkRow } from "../actors/ports/store-reading.ts";
import type { ConversationId, DeviceId, UserId } from "../protocol/ids.ts";
import { idOf } from "./blobs.ts";

/** Receipts of one device within this time of the first become one row. Not across a commit, as of acks. */
const mergeWindowMs = 5_000;

/** What a mark is judged by. */
export interface ReadMarkGround {
  user: string;
  joined: number;
  leftAt: number | null;
  position: number;
  revokedAt: number | null;
  isBlocking: number;
  /** The user's settings; null where it has none. */
  receiptsOn: number | null;
  readSequence: number;
  readSince: number;
}

type JudgedMark =
  | Exclude<ReadMarkOutcome, { status: "marked" }>
  /** `isTold`: the senders hear of it. `isYoung`: it may take the place of the last receipt, where no commit lies between. */
  | { status: "mark"; isTold: boolean; isYoung: boolean };

/** Decides one mark under the lock that protects what it is judged by. */
export function judgeReadMark(mark: ReadMarkRow, ground: ReadMarkGround | undefined, now: number): JudgedMark {
  if (!ground || ground.user !== mark.user) return { status: "not-a-member" };
  if (ground.revokedAt !== null) return { status: "device-revoked" };
  const end = Math.min(ground.position, ground.leftAt ?? ground.position);
  if (mark.sequence < ground.joined || mark.sequence > end) return { status: "outside" };
  if (mark.sequence <= ground.readSequence) return { status: "unchanged" };
  const isTold = mark.audience === "all" && !ground.isBlocking && ground.receiptsOn !== 0;
  return { status: "mark", isTold, isYoung: now - ground.readSince < mergeWindowMs && now >= ground.readSince };
}

export interface ReadMarkRecord {
  sequence: number;
  at: number;
  device: Uint8Array | null;
  logHash: Uint8Array | null;
  unopened: string | null;
  signature: Uint8Array | null;
  isForAll: number;
}

export const readMarkColumns = `read_sequence AS sequence, read_at AS at, read_device AS device, read_log_hash AS logHash,
  read_unopened AS unopened, read_signature AS signature, read_for_all AS isForAll`;

export function readMarkOf(
  conversation: ConversationId,
  user: UserId,
  record: ReadMarkRecord | undefined,
): (ReadMarkRow & { at: number }) | undefined {
  if (!record) return undefined;
  const { sequence, at, device, logHash, unopened, signature, isForAll } = record;
  if (device === null || logHash === null || unopened === null || signature === null) return undefined;
  return {
    conversation,
    user,
    device: idOf<DeviceId>(device),
    sequence,
    at,
    logHash,
    unopened: JSON.parse(unopened) as [number, number][],
    signature,
    audience: isForAll ? "all" : "own",
  };
}

export interface PrivacyRecord {
  version: number;
  readReceipts: number;
  typing: number;
  device: Uint8Array;
  signature: Uint8Array;
}

export function privacyOf(user: UserId, record: PrivacyRecord | undefined): PrivacyRow | undefined {
  if (!record) return undefined;
  const { version, readReceipts, typing, device, signature } = record;
  const flags = { readReceipts: readReceipts === 1, typing: typing === 1 };
  return { user, version, ...flags, device: idOf<DeviceId>(device), signature };
}
