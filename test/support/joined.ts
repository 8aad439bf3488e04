import type { Client, Conversation } from "../../src/client/index.ts";
import { eventually } from "./eventually.ts";

/** Waits until a device is in a conversation. */
export async function joined<C extends Conversation>(client: Client, id: string): Promise<C> {
  const found = client.conversation(id);
  if (found?.isJoined) return found as C;
  return eventually(async () => {
    await client.sync();
    const listed = client.conversation(id);
    if (!listed?.isJoined) throw new Error(`${client.user} is not in ${id} yet`);
    return listed as C;
  }, 60_000);
}
