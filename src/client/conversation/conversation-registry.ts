/** The conversations that this device knows: taken up from the store, met in the node's list, each made once. */
import { isErasedUser } from "../../protocol/erased-users.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { GroupPolicy } from "../../identity/group-policy.ts";
import { newId, type ConversationId, type UserId } from "../../protocol/ids.ts";
import type { ConversationSummary } from "../../protocol/requests.ts";
import { TaskQueue } from "../async/task-queue.ts";
import type { ClientCore } from "../core.ts";
import { tables } from "../records.ts";
import { ConversationState } from "./conversation-state.ts";
import { ConversationActor } from "./conversation-actor.ts";
import type { Conversation } from "./conversation.ts";
import { Direct } from "./direct.ts";
import { Group } from "./group.ts";

export interface NewGroup {
  name: string | null;
  founding: GroupPolicy;
  suite: 84 | 3;
}

/** How many are asked for at once. */
const pageSize = 100;

export class ConversationRegistry {
  private readonly core: ClientCore;
  private readonly known = new Map<ConversationId, Conversation>();
  private readonly running = new Map<ConversationId, ConversationActor>();
  private readonly meeting = new TaskQueue();
  private readonly onAdopted: (conversation: Conversation, isNew: boolean) => void;

  constructor(core: ClientCore, onAdopted: (conversation: Conversation, isNew: boolean) => void) {
    this.core = core;
    this.onAdopted = onAdopted;
  }

  async load(): Promise<void> {
    for (const { bytes } of await this.core.store.list(tables.conversations)) {
      await this.adopt(await ConversationState.load(this.core, bytes), false);
    }
  }

  all(): Conversation[] {
    return [...this.known.values()];
  }

  get(id: ConversationId): Conversation | undefined {
    return this.known.get(id);
  }

  /** What runs the conversations, for whoever feeds them. */
  actors(): ConversationActor[] {
    return [...this.running.values()];
  }

  actor(id: ConversationId): ConversationActor | undefined {
    return this.running.get(id);
  }

  withPeer(peer: UserId): Direct | undefined {
    const directs = this.all().filter((conversation) => conversation instanceof Direct);
    return directs.find((direct) => direct.peer === peer);
  }

  /** The direct conversation with a user, asked of the node when it is not known. */
  async open(peer: UserId): Promise<Direct> {
    const direct = this.withPeer(peer) ?? (await this.meet(await this.ask(peer)));
    if (!(direct instanceof Direct)) throw new SottoError("diverged");
    return direct;
  }

  /** A group that this device founds when it can; nobody else is in it yet. Errors: those of the connection. */
  async createGroup({ name, founding, suite }: NewGroup): Promise<Group> {
    const conversation = newId<ConversationId>();
    await this.core.connection.request("conversation:create", { conversation, suite });
    return this.meeting.run(async () => {
      const state = ConversationState.fresh(this.core, { conversation, peer: null, suite, founding, name });
      await state.commit({ record: {} });
      return (await this.adopt(state, false)) as Group;
    });
  }

  /** Every conversation that the node lists for this user. Errors: those of the connection. */
  async *listed(): AsyncGenerator<ConversationSummary, void, void> {
    let after: ConversationId | undefined;
    for (;;) {
      const page = await this.core.connection.request("conversation:list", {
        ...(after ? { after } : {}),
        limit: pageSize,
      });
      yield* page.conversations;
      after = page.conversations.at(-1)?.conversation;
      if (!page.more || !after) return;
    }
  }

  /** A conversation by its id, looked up at the node when somebody else has begun it. */
  async find(id: ConversationId): Promise<Conversation | undefined> {
    const held = this.known.get(id);
    if (held) return held;
    for await (const summary of this.listed()) {
      if (summary.conversation === id) return this.meet(summary);
    }
    return undefined;
  }

  /** The conversation that a summary speaks of, made when it is new. */
  meet(summary: ConversationSummary): Promise<Conversation> {
    return this.meeting.run(async () => {
      const held = this.known.get(summary.conversation);
      if (held) return held;
      if (summary.kind === "group") {
        const group = ConversationState.fresh(this.core, { conversation: summary.conversation, peer: null });
        await group.commit({ record: {} });
        return this.adopt(group, true);
      }
      const peer = summary.users.find((user) => user !== this.core.own.user);
      const isDirect = summary.users.length === 2 && summary.users.includes(this.core.own.user);
      if (!peer || !isDirect) throw new SottoError("internal", { detail: "the node lists a conversation of others" });
      const state = ConversationState.fresh(this.core, { conversation: summary.conversation, peer });
      await state.commit({ record: {} });
      return this.adopt(state, true);
    });
  }

  /** The node's row for a pair. It may not answer with a conversation of others, nor with another one than is known. */
  private async ask(peer: UserId, conversation?: ConversationId): Promise<ConversationSummary> {
    const asked = { peer, ...(conversation ? { conversation } : {}) };
    const summary = await this.core.connection.request("conversation:open", asked);
    const isWith = (other: UserId) => summary.users.includes(other) && summary.users.includes(this.core.own.user);
    // Whom this device knows by the name may have been erased since.
    const others = [peer, ...(conversation ? summary.users.filter(isErasedUser) : [])];
    const isPair = summary.users.length === 2 && others.some(isWith);
    if (!isPair || (conversation && summary.conversation !== conversation)) {
      this.core.report({ code: "diverged", conversation: summary.conversation, user: peer });
      throw new SottoError("diverged", { detail: "The node answers with another conversation than was asked for." });
    }
    return summary;
  }

  /** The node's row for a group that this user is in, or was. */
  private async look(conversation: ConversationId): Promise<ConversationSummary> {
    for await (const summary of this.listed()) {
      if (summary.conversation === conversation) return summary;
    }
    throw new SottoError("conversation-unknown");
  }

  private async adopt(state: ConversationState, isNew: boolean): Promise<Conversation> {
    const { peer } = state.record;
    const open = () => (state.isGroup ? this.look(state.id) : this.ask(state.record.peer!, state.id));
    // A signal of its own: many listeners at one make Node warn of a leak. All else is the client's.
    const closing = AbortSignal.any([this.core.closing]);
    const core = Object.create(this.core, { closing: { value: closing } }) as ClientCore;
    const actor = new ConversationActor(core, state, open);
    await actor.load();
    const conversation = peer === null ? new Group(actor, this.core.own.user, closing) : new Direct(actor, closing);
    this.running.set(conversation.id, actor);
    this.known.set(conversation.id, conversation);
    this.onAdopted(conversation, isNew);
    return conversation;
  }
}
