/** Prints messages that this device has not printed yet, in order, until as many as were asked for are out. */
import type { Client, Conversation, Message } from "../../client/index.ts";
import { SottoError } from "../../protocol/errors.ts";
import { linesOf, saveAll } from "./attachment-lines.ts";
import type { ChatOptions } from "./chat-options.ts";
import { describeChange, takenBack } from "./describe-message.ts";
import type { Terminal } from "./terminal.ts";

export async function receiveMessages(
  client: Client,
  options: ChatOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const only = options.peer === undefined ? undefined : await client.direct(options.peer);
  let printed = 0;
  // What becomes of a message is none, and is not counted.
  client.on("message-changed", ({ conversation, message }) => {
    const line = only && only !== conversation ? undefined : describeChange(message);
    if (line !== undefined) terminal.note(line);
  });
  while (printed < options.receive) {
    const arrival = nextArrival(client, signal);
    let found = 0;
    for (const conversation of only ? [only] : client.conversations()) {
      found += await printUnread(conversation, options.receive - printed - found, options, terminal, signal);
    }
    printed += found;
    if (found > 0) arrival.cancel();
    else if (!(await arrival.came)) {
      terminal.note(`${printed} of ${options.receive} messages came`);
      return 1;
    }
  }
  return 0;
}

async function printUnread(
  conversation: Conversation,
  limit: number,
  options: ChatOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  if (limit <= 0) return 0;
  const messages = await conversation.unshown({ limit: Math.min(limit, 500) });
  for (const message of messages) {
    if (options.json) terminal.print(JSON.stringify(asJson(message)));
    else for (const line of linesOf(message, message.isRetracted ? takenBack : message.text)) terminal.print(line);
    for (const line of await saveAll(message, options.saveAttachments, signal)) terminal.note(line);
  }
  const last = messages.at(-1);
  if (!last) return 0;
  await terminal.flush();
  // Printed, for whatever program takes it: no person has read it yet.
  await conversation.markShown(last);
  return messages.length;
}

/** What is not so is left out. */
function asJson({ text, sender, sentAt, acceptedAt, editedAt, isRetracted, replyTo, attachments }: Message): object {
  const files = attachments.map(({ name, type, size }) => ({ name, type, size }));
  const facts = { from: sender.user, text, sentAt, acceptedAt, editedAt, replyTo };
  return { ...facts, ...(isRetracted && { isRetracted }), ...(files.length > 0 && { attachments: files }) };
}

function nextArrival(client: Client, signal: AbortSignal): { came: Promise<boolean>; cancel(): void } {
  let cancel = (): void => undefined;
  const came = new Promise<boolean>((resolve) => {
    const off = client.on("message", () => resolve(true));
    const stop = (): void => resolve(false);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    cancel = () => {
      off();
      signal.removeEventListener("abort", stop);
      resolve(false);
    };
  });
  return { came: came.finally(() => cancel()), cancel: () => cancel() };
}

/** On a new device: shows the code, and waits until the other device has taken it. */
export async function showLink(client: Client, terminal: Terminal, signal: AbortSignal): Promise<number> {
  const link = await client.devices.link({ signal });
  terminal.print(link.code);
  terminal.note(`On ${client.user}'s first device: sotto chat --as ${client.user} --link ${link.code}`);
  try {
    const { checkDigits } = await link.completed;
    terminal.note(`Linked. Both devices show ${checkDigits}: compare them.`);
    await client.connect({ signal });
    await client.sync();
    return 0;
  } catch (error) {
    if (!(error instanceof SottoError)) throw error;
    terminal.note(error.code === "aborted" ? "nobody took the code" : error.message);
    return 1;
  }
}

/** On the first device: certifies the device that shows this code. */
export async function takeLink(client: Client, code: string, terminal: Terminal): Promise<number> {
  const { checkDigits, device } = await client.devices.approve(code);
  await client.sync();
  terminal.print(device);
  terminal.note(`Linked. Both devices show ${checkDigits}: compare them.`);
  return 0;
}
