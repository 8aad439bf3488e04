import type { AcceptMessage, MessageOutcome } from "../../../actors/ports/store-log.ts";
import { acceptanceOf, acceptedAtOf } from "../../acceptance.ts";
import { blobOf, sameBytes } from "../../blobs.ts";
import { dayOf } from "../days.ts";
import { mustMarkDue } from "../due-state.ts";
import type { MysqlContext } from "../mysql-context.ts";
import type { ConversationWork, DeviceState } from "./written-rows.ts";

/** How far back a repeated number is looked for; beyond, it counts as the one that was accepted. */
const repeatScanEntries = 1000;

/** Decides one message under the conversation's lock, and puts it into what is written. */
export async function acceptInMemory(
  context: MysqlContext,
  work: ConversationWork,
  message: AcceptMessage,
): Promise<MessageOutcome> {
  const id = blobOf(message.id) as Buffer;
  const acceptance = acceptanceOf(message, id, work.sendingGround(message.sender.device));
  const device = work.devices.get(message.sender.device);
  if (acceptance === "repeat") return repeatOutcome(context, work, { message, id, device: device! });
  if (acceptance !== "next") return acceptance;
  const acceptedAt = acceptedAtOf(context.now, work.row.lastAcceptedAt, message.acceptedAt);
  const sequence = append(work, message.sender.user, acceptedAt);
  const { generation, epoch, number, payload, sender } = message;
  work.newMessages.push([
    work.row.conversation,
    sequence,
    dayOf(acceptedAt),
    0,
    generation,
    epoch,
    sender.user,
    device!.device,
    id,
    number,
    acceptedAt,
    Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
  ]);
  if (message.disappears) work.disappearing.push([work.row.conversation, sequence, acceptedAt]);
  Object.assign(device!, { lastNumber: number, lastId: id, lastSequence: sequence });
  work.changedDevices.add(device!);
  if (mustMarkDue(work.due)) {
    work.isDueAt = acceptedAt;
    work.due = { dueAttempt: 0, dueSince: work.due.dueSince ?? acceptedAt };
  }
  return { status: "accepted", sequence, acceptedAt };
}

/** Moves the head, and what is kept of the log's end with it. Answers the new entry's sequence. */
function append(work: ConversationWork, user: string, acceptedAt: number): number {
  const { row } = work;
  row.head += 1;
  row.lastAcceptedAt = acceptedAt;
  row.oldestAt ??= acceptedAt;
  if (row.runUser !== user) Object.assign(row, { runUser: user, runStart: row.head });
  const day = dayOf(acceptedAt);
  if (row.tailDay !== day) Object.assign(row, { tailDay: day, tailStart: row.head });
  work.isChanged = true;
  return row.head;
}

/** A number accepted before: the same message again, unless the row in the log, or in this batch, says otherwise. */
async function repeatOutcome(
  { db }: MysqlContext,
  work: ConversationWork,
  { message, id, device }: { message: AcceptMessage; id: Buffer; device: DeviceState },
): Promise<MessageOutcome> {
  const same = { status: "already-accepted" } as const;
  const other = { status: "message-conflict" } as const;
  const isLast = message.number === device.lastNumber;
  if (isLast && !sameBytes(id, device.lastId)) return other;
  const accepted = await findAccepted();
  if (accepted === undefined) return same;
  return sameBytes(accepted.id, id) && sameBytes(accepted.payload, message.payload) ? same : other;

  async function findAccepted(): Promise<{ id: Buffer; payload: Buffer } | undefined> {
    const fresh = work.newMessages.find((row) => row[7] === device.device && row[9] === message.number);
    if (fresh) return { id: fresh[8] as Buffer, payload: fresh[11] as Buffer };
    return db.get<{ id: Buffer; payload: Buffer }>(
      `SELECT id, payload FROM messages
       WHERE conversation = ? AND sequence <= ? AND sequence > ? AND sender_device = ? AND number = ? AND kind = 0
       ORDER BY sequence DESC LIMIT 1`,
      work.row.conversation,
      device.lastSequence,
      device.lastSequence - (isLast ? 1 : repeatScanEntries),
      device.device,
      message.number,
    );
  }
}
