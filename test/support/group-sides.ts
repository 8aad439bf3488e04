import { expect } from "chai";
import type { Client, ClientOptions, Group, GroupOptions } from "../../src/client/index.ts";
import type { Conversation } from "../../src/client/conversation/conversation.ts";
import type { ConversationActor } from "../../src/client/conversation/conversation-actor.ts";
import { toHex } from "../../src/protocol/equal-bytes.ts";
import { eventually } from "./eventually.ts";
import type { People } from "./people.ts";
import { newSide, type Side } from "./two-talking.ts";

/** Somebody's side of a group, with everything its user was shown. */
export interface GroupSide extends Side {
  chat: Group;
}

/** A client's side of the one group that it knows, once it is in it. */
export function groupOf(client: Client): Promise<Group> {
  return eventually(() => {
    const group = client.conversations().find((one) => one.kind === "group") as Group | undefined;
    if (!group?.isJoined) throw new Error(`${client.user} is not in the group yet`);
    return group;
  }, 20_000);
}

/** A side that is shown the group that its client has been added to. */
export async function enterGroup(side: Side): Promise<GroupSide> {
  side.chat = await groupOf(side.client);
  side.chat.on("unopened", (message) => side.unopened.push(message));
  return side as GroupSide;
}

/** A group of the first, who owns it, and the others; its first message ("first", of the owner's) has been delivered. */
export async function groupTalking(
  people: People,
  names: readonly string[],
  options: Partial<ClientOptions> & Pick<GroupOptions, "history"> = {},
): Promise<GroupSide[]> {
  const { history = "kept", ...clientOptions } = options;
  const sides: Side[] = [];
  for (const name of names) sides.push(await newSide(people, name, clientOptions));
  const [owner, ...others] = sides;
  await owner!.client.createGroup({ name: "Team", members: others.map(({ client }) => client.user), history });
  const entered: GroupSide[] = [];
  for (const side of sides) entered.push(await enterGroup(side));
  await entered[0]!.chat.send("first").reached("delivered", { timeout: 60_000 });
  await eventually(
    () => expect(new Set(entered.map(({ chat }) => chat.name))).to.deep.equal(new Set(["Team"])),
    20_000,
  );
  return entered;
}

/** What runs a conversation, for tests that look at what applications cannot. */
export function actorOf(chat: Conversation): ConversationActor {
  return Reflect.get(chat, "actor") as ConversationActor;
}

/** Messages and changes of a device's that the node has not accepted yet. */
export function waitingIn(chat: Conversation): number {
  const items = Reflect.get(actorOf(chat).outbox, "items") as { all(): unknown[] };
  return items.all().length;
}

/** Where a device's group stands: the same words where two devices have followed the same commits. */
export function standOf(chat: Conversation): string {
  const { group, pending } = actorOf(chat).state;
  if (!group || pending) return "under way";
  return `epoch ${group.epoch} of generation ${group.generation}: ${toHex(group.transcriptHash)}`;
}

/** What a device holds of the messages, in order. One that could not be opened has its reason as its text; who is not in the group holds nothing. */
export async function logOf(group: Group | undefined): Promise<{ sequence: number; text: string; sender: string }[]> {
  const page = await group?.history({ limit: 5_000 });
  return (page?.messages ?? []).map((message) => ({
    sequence: message.sequence!,
    text: "text" in message ? message.text : `unopened: ${message.reason}`,
    sender: message.sender.user,
  }));
}
