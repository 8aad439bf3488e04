import type { AckOutcome, AckRow } from "../../../actors/ports/store-log.ts";
import type { UserId } from "../../../protocol/ids.ts";
import { advanceOf } from "../../advance.ts";
import type { MysqlContext } from "../mysql-context.ts";
import type { ConversationWork, DeviceState } from "./written-rows.ts";

/**
 * Receipts of one device within this time of the first become one row: the latest, which says all that they said. Not across
 * a commit: the hash of an ack proves only what came after the last one.
 */
const mergeWindowMs = 5_000;

/** Decides one ack under the conversation's lock, and puts it into what is written. */
export async function advanceInMemory(context: MysqlContext, work: ConversationWork, ack: AckRow): Promise<AckOutcome> {
  const advance = advanceOf(ack, work.positionGround(ack.device, ack.user));
  if (advance.status !== "advance") return advance;
  const device = work.devices.get(ack.device)!;
  if (advance.delivery !== undefined) {
    const { delivered, missing, unopened } = advance.delivery;
    const member = work.members.get(ack.user)!;
    Object.assign(member, { delivered, missing: JSON.stringify(missing), unopened: JSON.stringify(unopened) });
    work.changedMembers.add(member);
  }
  const { tells } = advance;
  const isTold = typeof tells === "boolean" ? tells : await hasEntryOfOthers(context, work, ack, tells.ifOthersAfter);
  device.position = ack.sequence;
  device.unopened = JSON.stringify(ack.unopened);
  work.changedDevices.add(device);
  return { status: "advanced", receipt: isTold ? await writeReceipt(context, work, device, ack) : null };
}

async function writeReceipt(
  context: MysqlContext,
  work: ConversationWork,
  device: DeviceState,
  ack: AckRow,
): Promise<{ at: number; version: number }> {
  const { now } = context;
  const version = ++work.row.receiptVersion;
  work.isChanged = true;
  const { lastSince, lastVersion, lastReceiptSequence } = device;
  const isYoung = now - lastSince < mergeWindowMs && now >= lastSince;
  const isMerged =
    isYoung && lastVersion > 0 && !(await hasCommitBetween(context, work, lastReceiptSequence, ack.sequence));
  if (isMerged && !work.receipts.delete(lastVersion)) work.goneReceipts.push(lastVersion);
  const { user, sequence, logHash, signature } = ack;
  const { conversation } = work.row;
  const said = { user, device: device.device, sequence, at: now, logHash, signature, unopened: device.unopened };
  work.receipts.set(version, { conversation, version, ...said });
  device.lastVersion = version;
  device.lastReceiptSequence = sequence;
  if (!isMerged) device.lastSince = now;
  return { at: now, version };
}

/** Near the head the conversation's row answers it. */
async function hasCommitBetween(
  { db }: MysqlContext,
  { row }: ConversationWork,
  after: number,
  upTo: number,
): Promise<boolean> {
  if (after >= row.lastCommit) return false;
  if (row.lastCommit <= upTo) return true;
  const sql = "SELECT 1 AS found FROM commits WHERE conversation = ? AND sequence > ? AND sequence <= ? LIMIT 1";
  return (await db.get(sql, row.conversation, after, upTo)) !== undefined;
}

/**
 * Whether an entry of somebody else lies in (after, ack.sequence]. Who wrote the log's last entries is in the conversation's
 * row: that answers it for whoever is near the head.
 */
async function hasEntryOfOthers(
  { db }: MysqlContext,
  work: ConversationWork,
  ack: { user: UserId; sequence: number },
  after: number,
): Promise<boolean> {
  const { conversation, runUser, runStart } = work.row;
  if (ack.sequence >= runStart) {
    // The entry before a run is somebody else's.
    return after < (runUser === ack.user ? runStart - 1 : ack.sequence);
  }
  const fresh = work.newMessages.some(
    ([, sequence, , , , , sender]) =>
      Number(sequence) > after && Number(sequence) <= ack.sequence && sender !== ack.user,
  );
  if (fresh) return true;
  const found = await db.get(
    `SELECT 1 AS found FROM messages
     WHERE conversation = ? AND sequence > ? AND sequence <= ? AND sender_user <> ? LIMIT 1`,
    conversation,
    after,
    ack.sequence,
    ack.user,
  );
  return found !== undefined;
}
