import type { Client } from "../../client/index.ts";
import type { Terminal } from "./terminal.ts";

/** On a new device of a user who has lost all others: gives those up, says so, and prints this device's id. */
export async function startOver(client: Client, terminal: Terminal, signal: AbortSignal): Promise<number> {
  const { user } = client;
  terminal.note(
    `Starting over as ${user}: every other device of ${user} is closed out for good, and what they held is lost.`,
  );
  await client.startOver({ signal });
  terminal.note("Started over. Contacts are told; they see another safety number.");
  await client.sync();
  terminal.print(client.device);
  return 0;
}
