import type { Client, Conversation, Group, Message } from "../../client/index.ts";
import type { ConversationFacts } from "../bridge/contract.ts";
import type { Tell } from "../bridge/answering.ts";
import { lastMessage } from "./message-facts.ts";

/** Above it the list says that there are more. */
const unreadAtMost = 100;
/** What a node lets one socket watch. */
const watchedAtMost = 200;

/** The conversations of a client, and word of each that has changed: once, however much happens to it at the same time. */
export class ConversationList {
  private readonly client: Client;
  private readonly tell: Tell;
  private readonly followed = new Set<string>();
  private readonly due = new Set<string>();
  /** Whom the node lets this user watch, as far as it has said so. */
  private watched: readonly string[] = [];
  private isTelling = false;

  constructor(client: Client, tell: Tell) {
    this.client = client;
    this.tell = tell;
    for (const conversation of client.conversations()) this.follow(conversation);
    client.on("conversation", (conversation) => {
      this.follow(conversation);
      this.touch(conversation.id);
      this.watchPeople();
    });
    client.on("message", ({ conversation, message }) => this.arrived(conversation, message));
    client.on("message-changed", ({ conversation }) => this.touch(conversation.id));
  }

  all(): Promise<ConversationFacts[]> {
    return Promise.all(this.client.conversations().map((conversation) => this.facts(conversation)));
  }

  /** Something of it has changed. */
  touch(id: string): void {
    this.due.add(id);
    if (this.isTelling) return;
    this.isTelling = true;
    void this.tellDue().finally(() => (this.isTelling = false));
  }

  touchUser(user: string): void {
    for (const { id, peer } of this.client.conversations()) if (peer === user) this.touch(id);
  }

  refresh(): void {
    for (const { id } of this.client.conversations()) this.touch(id);
    this.watchPeople();
  }

  /** The other sides of directs. A node refuses to watch who shares no conversation yet: they are watched once something happens there. */
  watchPeople(): void {
    const peers = this.peers();
    this.client.presence.watch(peers).then(
      () => (this.watched = peers),
      () => undefined,
    );
  }

  private peers(): string[] {
    const joined = this.client.conversations().filter(({ isJoined }) => isJoined);
    return joined.flatMap(({ peer }) => peer ?? []).slice(0, watchedAtMost);
  }

  async facts(conversation: Conversation): Promise<ConversationFacts> {
    this.follow(conversation);
    const unread = await conversation.unread({ limit: unreadAtMost });
    const last = await this.newest(conversation);
    return {
      id: conversation.id,
      kind: conversation.kind,
      title: conversation.peer ?? (conversation as Group).name ?? "",
      ...(conversation.peer !== undefined && { peer: conversation.peer }),
      unread: unread.length,
      ...(last && { last: lastMessage(last, this.client.user) }),
      waitingFor: conversation.waitingFor,
      isJoined: conversation.isJoined,
      ...ofGroup(conversation),
    };
  }

  /** What a node would have to be asked for is not shown, where there is none. */
  private async newest(conversation: Conversation): Promise<Message | undefined> {
    const unsent = conversation.unsent().at(-1);
    if (unsent) return unsent;
    const page = await conversation.history({ limit: 1 }).catch(() => undefined);
    const newest = page?.messages.at(-1);
    return newest && "text" in newest ? newest : undefined;
  }

  private follow(conversation: Conversation): void {
    const { id } = conversation;
    if (this.followed.has(id)) return;
    this.followed.add(id);
    for (const name of ["waiting", "joined", "disappeared", "read", "unopened"] as const) {
      conversation.on(name, () => this.touch(id));
    }
    conversation.on("changed", () => this.touch(id));
    conversation.on("waiting", () => this.watchPeople());
    conversation.on("typing", ({ user, isTyping }) => this.tell("typing", { conversation: id, user, isTyping }));
  }

  private arrived(conversation: Conversation, message: Message): void {
    const { id } = conversation;
    this.touch(id);
    if (message.sender.user === this.client.user) return;
    const title = conversation.peer ?? (conversation as Group).name ?? "";
    this.tell("arrived", { conversation: id, title, sender: message.sender.user, text: message.text });
  }

  private async tellDue(): Promise<void> {
    for (const id of this.due) {
      this.due.delete(id);
      const conversation = this.client.conversation(id);
      const facts = conversation && (await this.facts(conversation).catch(() => undefined));
      if (facts) this.tell("conversation", facts);
    }
    if (this.client.connection === "online" && this.peers().some((peer) => !this.watched.includes(peer))) {
      this.watchPeople();
    }
  }
}

function ofGroup(
  conversation: Conversation,
): Pick<ConversationFacts, "users" | "invited" | "role" | "left" | "disappearing" | "retention"> {
  if (conversation.kind === "direct") {
    return { users: [], invited: [], left: null, disappearing: null, retention: null };
  }
  const { users, invited, role, left, disappearing, retention } = conversation as Group;
  return { users, invited, role, left, disappearing, retention };
}
