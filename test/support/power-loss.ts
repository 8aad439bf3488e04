import type { Client } from "../../src/client/index.ts";
import { coreOf } from "./held-state.ts";
import type { MaliciousNode } from "./malicious-node.ts";
import type { People } from "./people.ts";

/** A client loses power: nothing of it runs on. What had left it arrives. */
export async function losePower(node: MaliciousNode, people: People, client: Client): Promise<void> {
  const { connection } = coreOf(client);
  await connection.request("inbox:read", { after: 0 }).catch(() => undefined);
  for (const line of node.linesIfAny(client.user)) line.cut();
  (Reflect.get(client, "stop") as AbortController).abort();
  void connection.close();
  people.forget(client);
}
