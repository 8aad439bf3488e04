/**
 * A user's past in many conversations, as it comes about when people talk: directs and groups, messages of all who are in them, answers,
 * mentions, files, edits, retractions and reactions, and members who come and go meanwhile.
 */
import { randomBytes } from "node:crypto";
import type { AttachmentInput, Client, Conversation, Group, Message, NewMessage } from "../../src/client/index.ts";
import { eventually } from "./eventually.ts";
import { actorOf, waitingIn } from "./group-sides.ts";
import { joined } from "./joined.ts";
import { seeded } from "./seeded.ts";

export interface Past {
  conversations: number;
  /** Besides what changes them. */
  messages: number;
  files: number;
}

/** What happens to a group half-way. `late`: the user whose past it is comes only then. */
const turns = ["removal", "none", "leaving", "newcomer", "shared", "late", "late-shared", "left", "removed"] as const;
type Turn = (typeof turns)[number];

const messagesPerRound = 40;
const roomsAtOnce = 8;
const soon = { timeout: 120_000 };

/** One conversation, as the devices in it have it; the first is who founded it. */
class Room {
  readonly sides: Conversation[] = [];
  readonly turn: Turn;
  private readonly random: () => number;

  constructor(turn: Turn, seed: number) {
    this.turn = turn;
    this.random = seeded(seed);
  }

  /** Messages of all who are there, answers among them, and then what becomes of some. Resolves when all have all. */
  async talk(count: number, files: number): Promise<void> {
    const sent: { message: Message; side: Conversation }[] = [];
    for (let index = 0; index < count; index += 1) {
      const side = this.pick(this.sides);
      sent.push({ message: side.send(this.words(index, index < files, sent)), side });
    }
    await Promise.all(sent.map(({ message }) => message.reached("delivered", soon)));
    await this.settled();
    for (const { message, side } of sent) await this.change(message, side);
    await this.settled();
  }

  /** All is sent, and all who are there have followed the log to the same place. */
  private async settled(): Promise<void> {
    await eventually(() => {
      const waiting = this.sides.reduce((sum, side) => sum + waitingIn(side), 0);
      const positions = new Set(this.sides.map((side) => actorOf(side).state.record.position));
      if (waiting > 0 || positions.size > 1) throw new Error(`${waiting} wait, at ${[...positions].join(", ")}`);
    }, soon.timeout);
    await Promise.all(this.sides.map((side) => side.settled()));
  }

  private words(index: number, hasFile: boolean, before: readonly { message: Message }[]): NewMessage {
    const text = `${index} ${"wörter und mehr ".repeat(Math.floor(this.random() * 12))}`;
    const replyTo = before.length > 0 && this.random() < 0.1 ? this.pick(before).message.id : undefined;
    const mentions = this.random() < 0.08 ? [this.pick(this.pick(this.sides).members).user] : [];
    const attachments = hasFile ? [this.file()] : [];
    return { text, mentions, attachments, ...(replyTo !== undefined && { replyTo }) };
  }

  private file(): AttachmentInput {
    const data = new Uint8Array(randomBytes(1 + Math.floor(this.random() * 3000)));
    return { name: `file ${data.length}.bin`, type: "application/x-test", data, preview: data.slice(0, 20) };
  }

  private async change(message: Message, author: Conversation): Promise<void> {
    const share = this.random();
    if (share < 0.02) await author.retract(message);
    else if (share < 0.06) await author.edit(message, `${message.text}, or rather not`);
    else if (share < 0.12) await this.pick(this.sides).react(message.id, this.pick(["👍", "🎉", "🤔"]));
    if (share > 0.055 && share < 0.09) await this.pick(this.sides).react(message.id, "🌱");
    if (share > 0.1 && share < 0.11) await this.pick(this.sides).react(message.id, "👍", { remove: true });
  }

  private pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.random() * choices.length)]!;
  }
}

export interface WrittenRoom {
  id: string;
  turn: Turn;
  /** That the user whose past it is may read. */
  messages: number;
}

/** Writes it through the devices of all who take part; conversations with each of `others`, and groups. */
export async function writePast(user: Client, others: readonly Client[], past: Past): Promise<WrittenRoom[]> {
  const perRoom = Math.floor(past.messages / past.conversations);
  const filesPerRoom = Math.ceil(past.files / past.conversations);
  const rooms = Array.from({ length: past.conversations }, (_, index) => index);
  const written: WrittenRoom[] = [];
  const work = async (): Promise<void> => {
    for (let index = rooms.shift(); index !== undefined; index = rooms.shift()) {
      written.push(await writeRoom(user, others, { index, count: perRoom, files: filesPerRoom }));
    }
  };
  await Promise.all(Array.from({ length: roomsAtOnce }, work));
  return written;
}

async function writeRoom(
  user: Client,
  others: readonly Client[],
  { index, count, files }: { index: number; count: number; files: number },
): Promise<WrittenRoom> {
  const half = Math.floor(count / 2);
  const isDirect = index < others.length;
  const room = new Room(isDirect ? "none" : turns[index % turns.length]!, index);
  if (isDirect) await openDirect(room, user, others[index]!);
  else await openGroup(room, user, around(others, index));
  const { id } = room.sides[0]!;
  await talkInRounds(room, half, files);
  await takeTurn(room, user, around(others, index));
  await talkInRounds(room, count - half, 0);
  const before = room.turn === "late" ? 0 : half;
  const after = room.turn === "left" || room.turn === "removed" ? 0 : count - half;
  return { id, turn: room.turn, messages: (isDirect ? 1 : 0) + before + after };
}

async function talkInRounds(room: Room, count: number, files: number): Promise<void> {
  let left = count;
  for (let round = 0; left > 0; round += 1, left -= messagesPerRound) {
    await room.talk(Math.min(left, messagesPerRound), round === 0 ? files : 0);
  }
}

const around = (others: readonly Client[], index: number): Client[] =>
  others.map((_, offset) => others[(index + offset) % others.length]!);

async function openDirect(room: Room, user: Client, other: Client): Promise<void> {
  const chat = await user.direct(other.user);
  room.sides.push(chat);
  await chat.send("first").reached("delivered", soon);
  room.sides.push(await joined(other, chat.id));
}

/** Three are in it; who is late, and who comes new, is not among them. */
async function openGroup(room: Room, user: Client, others: readonly Client[]): Promise<void> {
  const isLate = room.turn.startsWith("late");
  const [founder, ...members] = isLate ? others.slice(0, 3) : [user, ...others.slice(0, 2)];
  const group = await founder!.createGroup({
    name: `with ${others[0]!.user}`,
    members: members.map((one) => one.user),
  });
  room.sides.push(group);
  for (const member of members) room.sides.push(await joined(member, group.id));
  // Whom the founder can remove without giving up the group.
  if (room.turn === "left" || room.turn === "removed") await group.setRole(members[0]!.user, "owner");
}

async function takeTurn(room: Room, user: Client, others: readonly Client[]): Promise<void> {
  const [first, second] = [room.sides[0] as Group, room.sides[1] as Group];
  const newcomer = room.turn.startsWith("late") ? user : others[3]!;
  switch (room.turn) {
    case "removal":
      await first.remove(others[0]!.user);
      room.sides.splice(1, 1);
      break;
    case "leaving":
      await second.leave();
      room.sides.splice(1, 1);
      break;
    case "newcomer":
    case "late":
      await first.add(newcomer.user);
      room.sides.push(await joined(newcomer, first.id));
      break;
    case "shared":
    case "late-shared":
      await first.add(newcomer.user, { shareHistory: true });
      room.sides.push(await joined(newcomer, first.id));
      break;
    case "left":
      await first.leave();
      room.sides.shift();
      break;
    case "removed":
      await second.setRole(user.user, "member");
      await second.remove(user.user);
      room.sides.shift();
      break;
    case "none":
      break;
  }
}
