/** Sends what comes in on standard input, a message a line, and counts what became of it. */
import { createInterface } from "node:readline";
import type { Direct, Message, MessageState } from "../../client/index.ts";
import { SottoError } from "../../protocol/errors.ts";
import { attachmentLine } from "./attachment-lines.ts";
import type { ChatOptions } from "./chat-options.ts";
import type { Terminal } from "./terminal.ts";

/** Lines that wait to be accepted; reading goes on when there are fewer. */
const maxUnsent = 500;

const shownStates: MessageState[] = [
  "queued",
  "sealing",
  "sending",
  "accepted",
  "delivered",
  "read",
  "expired",
  "failed",
];

/** Resolves with the exit status when every line has reached the state that was asked for, or cannot. */
export async function sendLines(
  conversation: Direct,
  options: ChatOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const messages = conversation.unsent();
  if (messages.length > 0) terminal.note(`${messages.length} messages from earlier go first`);
  const progress = terminal.progress(() => progressLine(messages, options.until));
  const off = conversation.on("waiting", (waiting) => {
    if (waiting === "recipient-device") terminal.note(waitingForDevice(conversation.peer));
  });
  try {
    for (const path of options.attach) messages.push(sendFile(conversation, path));
    if (!process.stdin.isTTY) await readAll(conversation, messages, signal);
    await orAborted(Promise.all(messages.map((message) => message.reached(options.until))), signal);
    return 0;
  } catch (error) {
    if (!(error instanceof SottoError)) throw error;
    terminal.note(error.code === "aborted" ? leftBehind(messages) : error.message);
    return 1;
  } finally {
    off();
    progress.stop();
    printCounts(messages, options, terminal);
  }
}

function sendFile(conversation: Direct, path: string): Message {
  try {
    return conversation.send({ attachments: [{ path }] });
  } catch (error) {
    if (!(error instanceof SottoError) || error.code !== "invalid-argument") throw error;
    throw new SottoError("invalid-argument", { detail: `${path}: ${error.message}` });
  }
}

export function waitingForDevice(peer: string): string {
  return `${peer} has no device yet. Your messages wait here and go when ${peer} registers one; you may leave meanwhile.`;
}

async function readAll(conversation: Direct, messages: Message[], signal: AbortSignal): Promise<void> {
  const lines = createInterface({ input: process.stdin, crlfDelay: Infinity, signal });
  for await (const line of lines) {
    if (signal.aborted) break;
    messages.push(conversation.send(line));
    if (messages.length > maxUnsent && messages.at(-maxUnsent)?.acceptedAt === undefined)
      await orAborted(messages.at(-maxUnsent / 2)!.reached("accepted"), signal);
  }
  if (signal.aborted) throw new SottoError("aborted");
}

/** The outcome, or `aborted` when the signal fires first: one listener for however many messages. */
export async function orAborted(outcome: Promise<unknown>, signal: AbortSignal): Promise<void> {
  let off = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    const stop = (): void => reject(new SottoError("aborted"));
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    off = () => signal.removeEventListener("abort", stop);
  });
  await Promise.race([outcome, aborted]).finally(off);
}

function count(messages: readonly Message[]): Map<MessageState, number> {
  const counts = new Map<MessageState, number>();
  for (const { state } of messages) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

function progressLine(messages: readonly Message[], until: "accepted" | "delivered"): string {
  const uploading = messages.find(({ state, attachments }) => state === "queued" && attachments.length > 0)
    ?.attachments[0];
  if (uploading)
    return `${attachmentLine(uploading)} ${Math.floor((uploading.sent / Math.max(uploading.size, 1)) * 100)} %`;
  const counts = count(messages);
  const there = (counts.get("delivered") ?? 0) + (counts.get("read") ?? 0);
  const done = until === "delivered" ? there : there + (counts.get("accepted") ?? 0);
  return `${done} of ${messages.length} ${until}`;
}

function leftBehind(messages: readonly Message[]): string {
  const waiting = messages.filter(
    ({ state }) => state === "queued" || state === "sealing" || state === "sending",
  ).length;
  return waiting === 0 ? "stopped" : `stopped: ${waiting} messages wait in this device and go with the next sotto chat`;
}

function printCounts(messages: readonly Message[], options: ChatOptions, terminal: Terminal): void {
  const counts = count(messages);
  if (options.json) {
    terminal.print(JSON.stringify({ sent: messages.length, states: Object.fromEntries(counts) }));
    return;
  }
  for (const state of shownStates) {
    const number = counts.get(state);
    if (number !== undefined) terminal.print(`${state} ${number}`);
  }
}
