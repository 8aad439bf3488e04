import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import type { Client } from "../../client/index.ts";
import { UsageError, type ChatOptions } from "./chat-options.ts";
import type { Terminal } from "./terminal.ts";

/** Longer than any words: what else is there to read is no recovery key. */
const longestInput = 4096;

/** On a device that holds the identity key: makes a recovery key and prints its words, once. */
export async function makeRecoveryKey(client: Client, terminal: Terminal): Promise<number> {
  const { isEnabled } = await client.recovery.status();
  const words = await (isEnabled ? client.recovery.rotate() : client.recovery.enable());
  if (isEnabled) terminal.note("The recovery key of before is void.");
  terminal.note(
    `The recovery key of ${client.user}, shown this once. Write it down and keep it where no device is:\n` +
      "whoever has it, and can sign in, is you and reads all that you can read. Without it, the last device that is lost takes everything along.",
  );
  terminal.print(words);
  return 0;
}

/** On a new device of a user: takes the words, from standard input or a file, never from the command line, which others can see. */
export async function restore(
  client: Client,
  options: ChatOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const words = await readWords(options.restoreFrom, signal);
  const { revokeOthers } = options;
  const { contacts, savedAt } = await client.recovery.restore(words, { revokeOthers, signal });
  await client.sync();
  const saved = savedAt.toISOString().slice(0, 16).replace("T", " ");
  terminal.note(
    `Restored ${client.user}, with ${contacts} contacts as of ${saved} UTC. History is there as it is read.`,
  );
  const others = (await client.devices.list()).filter(({ current, revokedAt }) => !current && !revokedAt);
  if (others.length > 0) terminal.note(`Other devices can still sign in: ${others.map(({ id }) => id).join(", ")}`);
  terminal.print(client.device);
  return 0;
}

async function readWords(file: string, signal: AbortSignal): Promise<string> {
  if (file !== "") {
    if (!existsSync(file)) throw new UsageError(`there is no file ${file}`);
    return readFileSync(file, "utf8").slice(0, longestInput).trim();
  }
  if (process.stdin.isTTY) {
    const prompt = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await prompt.question("The sixteen words: ", { signal });
    } finally {
      prompt.close();
    }
  }
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) {
    text += String(chunk);
    if (text.length > longestInput) break;
  }
  return text.trim();
}
