/** Two people at their terminals: what is typed goes, what comes is shown, and each line says how far it got. */
import { createInterface } from "node:readline";
import type { Direct, Message } from "../../client/index.ts";
import { linesOf, saveAll } from "./attachment-lines.ts";
import type { ChatOptions } from "./chat-options.ts";
import { describeChange, describeMessage, shortened } from "./describe-message.ts";
import { printable } from "./printable.ts";
import type { Terminal } from "./terminal.ts";
import { waitingForDevice } from "./send-lines.ts";

const clock = (at: Date): string => at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
const dim = (text: string): string => (process.stdout.isTTY ? `\u001B[2m${text}\u001B[22m` : text);

export async function converse(
  conversation: Direct,
  options: ChatOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: "> ", signal });
  const above = (line: string): void => {
    process.stdout.write("\r\u001B[K");
    terminal.print(line);
    lines.prompt(true);
  };
  const show = async (message: Message): Promise<void> => {
    const from = `${message.sender.user} ${dim(clock(message.sentAt))}  `;
    for (const text of linesOf(message, describeMessage(message))) above(from + text);
    for (const line of await saveAll(message, options.saveAttachments, signal)) above(dim(line));
    await conversation.markRead(message);
  };
  const isOnScreen = Boolean(process.stdout.isTTY);
  const offs = [
    conversation.on("typing", ({ user, isTyping }) => {
      if (!isOnScreen) return;
      lines.setPrompt(isTyping ? `${dim(`${printable(user)} is typing…`)} > ` : "> ");
      lines.prompt(true);
    }),
    onKeys(() => conversation.typing({ isTyping: lines.line !== "" })),
    conversation.on("message", (message) => void show(message)),
    conversation.on("message-changed", (message) => {
      const line = describeChange(message);
      if (line !== undefined) above(dim(line));
    }),
    conversation.on("unopened", () => above(dim("a message could not be opened"))),
    conversation.on("waiting", (waiting) => {
      if (waiting === "recipient-device") above(dim(waitingForDevice(conversation.peer)));
      if (waiting === "welcome") above(dim("waiting for another device to let this one in"));
    }),
  ];
  terminal.note(dim(`You and ${conversation.peer}, end-to-end encrypted. Ctrl-D leaves.`));
  for (const message of await conversation.unread()) await show(message);
  lines.prompt();
  for await (const line of lines) {
    if (line !== "") followUp(conversation.send(line), above);
    lines.prompt();
  }
  for (const off of offs) off();
  return 0;
}

/** Calls back after each key, when the line is what it is then. Returns what ends it. */
function onKeys(changed: () => void): () => void {
  const pressed = (): void => void setImmediate(changed);
  process.stdin.on("keypress", pressed);
  return () => process.stdin.off("keypress", pressed);
}

function followUp(message: Message, above: (line: string) => void): void {
  const short = shortened(message.text);
  message.on("state", (state) => {
    if (state === "read") above(dim(`✓✓ read  ${printable(short)}`));
    if (state === "delivered") above(dim(`✓ delivered  ${printable(short)}`));
    if (state === "failed" || state === "expired")
      above(`✗ ${state}  ${printable(short)}  ${message.error?.message ?? ""}`);
  });
}
