import { randomBytes } from "node:crypto";
import { io, type Socket } from "socket.io-client";
import { newId, type ConversationId } from "../src/protocol/ids.ts";
import type { PushOf } from "../src/protocol/pushes.ts";
import { DeviceSocket } from "../test/support/device-socket.ts";
import { ackOf, foundDirect, newPerson, type Person } from "../test/support/direct-on-node.ts";

/** Bytes of a sealed short message. */
const payload = randomBytes(700).toString("base64");

/** Pairs of clients, one of which writes to the other, with so many messages on their way at most. */
export interface Pairs {
  /** Messages that are all the way through: accepted, delivered, and the sender has the receipt. */
  done(): number;
  start(): void;
  /** Resolves when nothing is on its way. */
  stop(): Promise<void>;
  close(): void;
}

/** Keeps the window of one pair full while it is running. */
class Window {
  onTheWay = 0;
  private readonly size: number;
  private readonly send: () => void;
  private isRunning = false;

  constructor(size: number, send: () => void) {
    this.size = size;
    this.send = send;
  }

  start(): void {
    this.isRunning = true;
    while (this.onTheWay < this.size) this.sendOne();
  }
  stop(): void {
    this.isRunning = false;
  }
  /** So many are through. */
  through(count: number): void {
    this.onTheWay -= count;
    while (this.isRunning && this.onTheWay < this.size) this.sendOne();
  }

  private sendOne(): void {
    this.onTheWay += 1;
    this.send();
  }
}

function together(windows: readonly Window[], counted: { done: number }, sockets: readonly Socket[]): Pairs {
  return {
    done: () => counted.done,
    start: () => windows.forEach((window) => window.start()),
    stop: async () => {
      windows.forEach((window) => window.stop());
      const deadline = Date.now() + 10_000;
      while (windows.some(({ onTheWay }) => onTheWay > 0) && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    close: () => sockets.forEach((socket) => socket.disconnect()),
  };
}

/** One connection to a bare relay. */
export const rawConnection = (url: string, user: string) => connectTo(url, { user });

/** Devices of as many users, each of which can connect and be admitted. */
export async function registeredDevices(url: string, count: number): Promise<{ connect(): Promise<Socket> }[]> {
  const node = { url, host: new URL(url).host };
  const devices: { connect(): Promise<Socket> }[] = [];
  for (let index = 0; index < count; index += 1) {
    const { identity, socket } = await newPerson(node, `idle-${index}`);
    socket.close();
    devices.push({ connect: async () => (await DeviceSocket.admitted(node, identity)).socket });
  }
  return devices;
}

const connectTo = (url: string, auth: object) =>
  new Promise<Socket>((resolve, reject) => {
    const socket = io(url, { transports: ["websocket"], forceNew: true, auth });
    socket.once("connect", () => resolve(socket)).once("connect_error", reject);
  });

/** On bare relays: through when the sender is acknowledged and the recipient has it. */
export async function rawPairs(urls: readonly string[], count: number, windowSize: number): Promise<Pairs> {
  const counted = { done: 0 };
  const windows: Window[] = [];
  const sockets: Socket[] = [];
  for (let pair = 0; pair < count; pair += 1) {
    const [from, to] = [`a${pair}`, `b${pair}`];
    const sender = await connectTo(urls[0]!, { user: from });
    const recipient = await connectTo(urls.at(-1)!, { user: to });
    sockets.push(sender, recipient);
    let number = 0;
    const halves = new Map<number, number>();
    const half = (which: number) => {
      const seen = (halves.get(which) ?? 0) + 1;
      halves.set(which, seen);
      if (seen < 2) return;
      halves.delete(which);
      counted.done += 1;
      window.through(1);
    };
    const window = new Window(windowSize, () => {
      const message = { to, generation: 1, epoch: 1, id: newId(), number: (number += 1), payload };
      sender.emit("send", message, () => half(message.number));
    });
    recipient.on("posted", (message: { number: number }) => half(message.number));
    windows.push(window);
  }
  return together(windows, counted, sockets);
}

/** On nodes: registered devices in founded groups, acks signed and coalesced as the SDK does it; payloads are opaque bytes. */
export async function sottoPairs(urls: readonly string[], count: number, windowSize: number): Promise<Pairs> {
  const counted = { done: 0 };
  const windows: Window[] = [];
  const sockets: Socket[] = [];
  for (let pair = 0; pair < count; pair += 1) {
    const [here, there] = [urls[0]!, urls.at(-1)!].map((url) => ({ url, host: new URL(url).host }));
    const founded = await foundDirect(here!, [`bench-a${pair}`, `bench-b${pair}`], there);
    windows.push(writeAndAck(founded, windowSize, counted));
    sockets.push(founded.alice.socket.socket, founded.bob.socket.socket);
  }
  return together(windows, counted, sockets);
}

interface RoamingPair extends Pick<Awaited<ReturnType<typeof foundDirect>>, "alice" | "bob"> {
  conversations: readonly ConversationId[];
  /** Messages of alice's that are in each of them already. */
  written: number;
}

/** On a node: each pair writes in all its conversations in turn, with one message on its way, which is acked by itself. */
export function roamingPairs(founded: readonly RoamingPair[]): Pairs {
  const counted = { done: 0 };
  const windows = founded.map((pair) => writeInTurn(pair, counted));
  const sockets = founded.flatMap(({ alice, bob }) => [alice.socket.socket, bob.socket.socket]);
  return together(windows, counted, sockets);
}

function writeInTurn({ alice, bob, conversations, written }: RoamingPair, counted: { done: number }): Window {
  const [sender, recipient] = [alice.socket.socket, bob.socket.socket];
  for (const socket of [sender, recipient]) socket.offAny();
  const numbers = new Map<ConversationId, number>();
  let turn = 0;
  const window = new Window(1, () => {
    const conversation = conversations[turn++ % conversations.length]!;
    const number = (numbers.get(conversation) ?? written) + 1;
    numbers.set(conversation, number);
    const request = { conversation, generation: 1, epoch: 1, id: newId(), number, payload };
    sender.emit("message:send", request, (answer: { ok: boolean }) => {
      if (!answer.ok) throw new Error(`a message was refused: ${JSON.stringify(answer)}`);
    });
  });
  sender.on("message:delivered", () => {
    counted.done += 1;
    window.through(1);
  });
  recipient.on("message:posted", ({ conversation, sequence }: PushOf<"message:posted">) => {
    setImmediate(() => recipient.emit("message:ack", ackOf(bob, conversation, sequence), () => undefined));
  });
  return window;
}

function writeAndAck(
  { alice, bob, conversation }: Awaited<ReturnType<typeof foundDirect>>,
  windowSize: number,
  counted: { done: number },
): Window {
  const [sender, recipient] = [alice.socket.socket, bob.socket.socket];
  for (const socket of [sender, recipient]) socket.offAny();
  let number = 0;
  let receivedUpTo = 1;
  const window = new Window(windowSize, () => {
    const request = { conversation, generation: 1, epoch: 1, id: newId(), number: (number += 1), payload };
    sender.emit("message:send", request, (answer: { ok: boolean }) => {
      if (!answer.ok) throw new Error(`a message was refused: ${JSON.stringify(answer)}`);
    });
  });
  sender.on("message:delivered", (receipt: PushOf<"message:delivered">) => {
    if (receipt.kind !== "delivered" || receipt.ack.sequence <= receivedUpTo) return;
    const through = receipt.ack.sequence - receivedUpTo;
    receivedUpTo = receipt.ack.sequence;
    counted.done += through;
    window.through(through);
  });
  ackWhatComes(recipient, bob, conversation);
  return window;
}

/**
 * As the SDK: a run of messages that came together is stored in one write, then acked; one ack at a time, of the newest, and what
 * comes meanwhile goes with the next. Here storing takes a turn of the event loop.
 */
function ackWhatComes(socket: Socket, person: Person, conversation: PushOf<"message:posted">["conversation"]): void {
  let newest = 0;
  let isAcking = false;
  const ack = () => {
    const upTo = newest;
    socket.emit("message:ack", ackOf(person, conversation, upTo), () => {
      isAcking = newest > upTo;
      if (isAcking) ack();
    });
  };
  socket.on("message:posted", ({ sequence }: PushOf<"message:posted">) => {
    newest = Math.max(newest, sequence);
    if (isAcking) return;
    isAcking = true;
    setImmediate(ack);
  });
}
