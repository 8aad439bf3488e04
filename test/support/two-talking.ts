import type { Client, ClientOptions, Message } from "../../src/client/index.ts";
import type { ClientStore } from "../../src/client/index.ts";
import type { Conversation } from "../../src/client/conversation/conversation.ts";
import type { Fault } from "../../src/client/core.ts";
import { memoryStore } from "../../src/client/index.ts";
import type { UnopenedMessage } from "../../src/client/conversation/history-pages.ts";
import type { People } from "./people.ts";

/** One side of a conversation, with everything its user was shown. */
export interface Side {
  client: Client;
  store: ClientStore;
  chat: Conversation;
  faults: Fault[];
  texts: string[];
  unopened: UnopenedMessage[];
  /** Codes of the faults so far. */
  codes(): string[];
}

let count = 0;
/** A user id that no test has used. */
export const newName = (name: string): string => `${name}-${++count}`;

/** Somebody new, connected; `chat` is set by `twoTalking`. */
export async function newSide(people: People, name: string, options: Partial<ClientOptions> = {}): Promise<Side> {
  const store = options.store ?? memoryStore();
  const client = await people.open(newName(name), { ...options, store });
  const side = watch(client, store);
  await client.connect();
  await client.sync();
  return side;
}

/** Notes all that a client shows. */
export function watch(client: Client, store: ClientStore): Side {
  const faults: Fault[] = [];
  const texts: string[] = [];
  client.on("fault", (fault) => faults.push(fault));
  client.on("message", ({ message }: { message: Message }) => texts.push(message.text));
  const codes = (): string[] => faults.map((fault) => fault.code);
  return { client, store, chat: undefined as never, faults, texts, unopened: [], codes };
}

/** Two people whose first message ("first", of alice's) has been delivered. */
export async function twoTalking(
  people: People,
  options: Partial<ClientOptions> = {},
): Promise<{ alice: Side; bob: Side }> {
  const alice = await newSide(people, "alice", options);
  const bob = await newSide(people, "bob");
  alice.chat = await alice.client.direct(bob.client.user);
  await alice.chat.send("first").reached("delivered", { timeout: 60_000 });
  bob.chat = await bob.client.direct(alice.client.user);
  for (const side of [alice, bob]) side.chat.on("unopened", (message) => side.unopened.push(message));
  return { alice, bob };
}
