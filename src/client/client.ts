/**
 * One device of one user, as an application holds it. Owns the life of the parts: they are made when the store opens, fed
 * by the connection, and stopped together. Everything that a restart must find again is in the store.
 */
import type { GroupEngine } from "../crypto/group-engine.ts";
import { safetyNumber } from "../identity/safety-number.ts";
import { SottoError } from "../protocol/errors.ts";
import { userId, type ConversationId, type DeviceId, type UserId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import type { ConversationSummary, InboxEntry, ReplyOf } from "../protocol/requests.ts";
import { Connection, type ConnectionState, type TokenSource } from "./connection/connection.ts";
import { ConversationState } from "./conversation/conversation-state.ts";
import { Conversation } from "./conversation/conversation.ts";
import type { ClientCore, Fault, Timings } from "./core.ts";
import { DeviceDirectory } from "./device/device-directory.ts";
import { Devices } from "./device/devices.ts";
import { KeyPackageSupply, type StockLevels } from "./device/key-package-supply.ts";
import type { Message } from "./conversation/message.ts";
import { OwnDevice } from "./device/own-device.ts";
import { tables } from "./records.ts";
import type { Challenge, Push, Session } from "./connection/session.ts";
import type { ClientStore, OpenClientStore } from "./stores/client-store.ts";
import { TaskQueue } from "./async/task-queue.ts";
import { TypedEmitter } from "./async/typed-emitter.ts";
import { delay } from "./async/waiting.ts";

export interface ClientOptions {
  /** Of a node, or of the load balancer in front of many: `http://` or `https://`. */
  url: string;
  /** This user's id in the host application. */
  user: string;
  /** Answers a JWT for this user; called again when one has expired. */
  token: TokenSource;
  store: ClientStore;
  /** For tests: how long things wait. */
  timings?: Partial<Timings>;
  /** For tests: how many key packages are kept ready. */
  keyPackages?: StockLevels;
}

export interface ClientEvents {
  /** A message of somebody else, or of another device of one's own: opened, in order, once. */
  message: { conversation: Conversation; message: Message };
  /** A conversation that this device did not know before. */
  conversation: Conversation;
  connection: ConnectionState;
  /** The identity key of a contact is not the one that was pinned. Nothing is sent to it until that is sorted out. */
  "identity-changed": { user: UserId };
  /** Something is wrong that a person may have to know: see `docs/threat-model.md`. */
  fault: Fault;
}

const defaultTimings: Timings = {
  requestTimeoutMs: 15_000,
  reconnectBaseMs: 250,
  reconnectMaxMs: 20_000,
  gapMs: 150,
  syncEveryMs: 60_000,
  selfUpdateAfterMs: 24 * 3600_000,
  rosterPatienceMs: 1_500,
  readdEveryMs: 7 * 24 * 3600_000,
};

export class Client {
  readonly user: UserId;
  readonly devices: Devices;
  private readonly events = new TypedEmitter<ClientEvents>();
  private readonly core: ClientCore;
  private readonly stop: AbortController;
  private readonly known = new Map<ConversationId, Conversation>();
  private readonly inbox = new TaskQueue();
  private readonly meeting = new TaskQueue();
  private admitted: ReplyOf<"session:prove"> | undefined;
  private syncing: Promise<void> | undefined;
  private closed: Promise<void> | undefined;

  private constructor(core: ClientCore, stop: AbortController) {
    this.core = core;
    this.stop = stop;
    this.user = core.own.user;
    this.devices = new Devices(core);
    core.maxMessageBytes = () => this.admitted?.limits.messageBytes ?? limits.messageBytes;
    core.report = (fault) => this.report(fault);
    core.connection.on("push", (push) => this.route(push));
    core.connection.on("state", ({ state }) => this.follow(state));
  }

  /** Errors: `invalid-argument`, and those of opening the store. */
  static async create(options: ClientOptions, engine: GroupEngine): Promise<Client> {
    const user = userId.safeParse(options.user);
    if (!user.success)
      throw new SottoError("invalid-argument", {
        detail: "A user id is 1 to 128 visible ASCII characters without spaces.",
      });
    if (!/^https?:\/\//.test(options.url))
      throw new SottoError("invalid-argument", { detail: "The url begins with http:// or https://." });
    const store = await options.store.open();
    try {
      return await Client.assemble(options, engine, store, user.data);
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  private static async assemble(
    options: ClientOptions,
    engine: GroupEngine,
    store: OpenClientStore,
    user: UserId,
  ): Promise<Client> {
    const timings = { ...defaultTimings, ...options.timings };
    const stop = new AbortController();
    const own = await OwnDevice.load(store, user);
    const gate: { admit(session: Session, challenge: Challenge): Promise<void> } = {
      admit: () => Promise.reject(new SottoError("closed")),
    };
    const connection = new Connection({
      url: options.url,
      token: options.token,
      admit: (session, challenge) => gate.admit(session, challenge),
      requestTimeoutMs: timings.requestTimeoutMs,
      reconnect: { baseMs: timings.reconnectBaseMs, maxMs: timings.reconnectMaxMs },
    });
    const directory = await DeviceDirectory.load(store, connection);
    const supply = new KeyPackageSupply({
      store,
      connection,
      engine,
      own,
      levels: options.keyPackages ?? { full: 100, low: 25 },
    });
    const core: ClientCore = {
      store,
      connection,
      engine,
      own,
      directory,
      supply,
      timings,
      closing: stop.signal,
      maxMessageBytes: () => limits.messageBytes,
      report: () => undefined,
    };
    const client = new Client(core, stop);
    gate.admit = (session, challenge) => client.admit(session, challenge);
    for (const { bytes } of await store.list(tables.conversations)) {
      await client.adopt(await ConversationState.load(core, bytes));
    }
    return client;
  }

  get connection(): ConnectionState {
    return this.core.connection.state;
  }
  /** This device's id. */
  get device(): DeviceId {
    return this.core.own.device;
  }

  on<Name extends keyof ClientEvents>(event: Name, listener: (payload: ClientEvents[Name]) => void): () => void {
    return this.events.on(event, listener);
  }

  /**
   * Connects, and stays connected until `close`. Registers the device when it is new. Resolves when a node has admitted
   * it; rejects when refused for good (`link-required`: the user has a device already, link this one from it).
   */
  async connect(options: { signal?: AbortSignal } = {}): Promise<void> {
    if (this.stop.signal.aborted) throw new SottoError("closed");
    await this.core.connection.connect(options.signal);
  }

  /** The direct conversation with a user, made on first use. Errors: `offline` where it is not known yet and nobody answers. */
  async direct(peer: string): Promise<Conversation> {
    const parsed = userId.safeParse(peer);
    if (!parsed.success || parsed.data === this.user) {
      throw new SottoError("invalid-argument", { detail: "A direct conversation is with another user." });
    }
    const held = [...this.known.values()].find((one) => one.peer === parsed.data);
    if (held) return held;
    const summary = await this.core.connection.request("conversation:open", { peer: parsed.data });
    return this.meet(summary);
  }

  /** Conversations that this device knows. */
  conversations(): Conversation[] {
    return [...this.known.values()];
  }

  conversation(id: string): Conversation | undefined {
    return this.known.get(id as ConversationId);
  }

  /** What to compare with the other side, by voice or face to face. Errors: `device-unknown` while they have no device. */
  async verification(user: string): Promise<{ safetyNumber: string; qr: Uint8Array }> {
    const peer = userId.parse(user);
    const list = this.core.directory.get(peer) ?? (await this.core.directory.refresh(peer));
    const { accountKey } = this.core.own;
    if (!list || !accountKey) throw new SottoError("device-unknown");
    const { digits, code } = safetyNumber({ user: this.user, accountKey }, { user: peer, accountKey: list.accountKey });
    return { safetyNumber: digits, qr: code };
  }

  /** Compares everything with the node now: what a push should have told, and did not. Errors: those of the connection. */
  sync(): Promise<void> {
    this.syncing ??= this.syncAll().finally(() => (this.syncing = undefined));
    return this.syncing;
  }

  /** Stores what is under way and lets go of the connection and the store. Idempotent. */
  close(): Promise<void> {
    this.closed ??= this.shutDown();
    return this.closed;
  }

  private async shutDown(): Promise<void> {
    await Promise.all(this.conversations().map((one) => one.settled()));
    this.stop.abort();
    await this.core.connection.close();
    await Promise.all(this.conversations().map((one) => one.settled()));
    await this.core.store.close();
  }

  private async admit(session: Session, challenge: Challenge): Promise<void> {
    if (await this.devices.admitLinking(session, challenge)) return;
    const admitted = await this.core.own.admit(session, challenge);
    this.admitted = admitted;
  }

  private follow(state: ConnectionState): void {
    this.events.emit("connection", state);
    if (state !== "online") return;
    for (const conversation of this.conversations()) conversation.wake();
    void this.stayInStep();
  }

  /** From admission to the end of this session: first the inbox, then the conversations, then again while quiet. */
  private async stayInStep(): Promise<void> {
    const session = this.admitted;
    while (this.core.connection.state === "online" && this.admitted === session && !this.stop.signal.aborted) {
      await this.sync().catch((error: unknown) => this.absorb(error));
      const { syncEveryMs } = this.core.timings;
      await delay(syncEveryMs * (1 + Math.random() / 2), this.stop.signal).catch(() => undefined);
    }
  }

  private async syncAll(): Promise<void> {
    if (!this.core.own.isCertified) return;
    await this.core.directory.refresh(this.user);
    if (this.admitted) await this.core.supply.refill(this.admitted.keyPackages);
    await this.readInbox();
    let after: ConversationId | undefined;
    for (;;) {
      const page = await this.core.connection.request("conversation:list", { ...(after ? { after } : {}), limit: 100 });
      for (const summary of page.conversations)
        await this.syncOne(summary).catch((error: unknown) => this.absorb(error));
      after = page.conversations.at(-1)?.conversation;
      if (!page.more || !after) return;
    }
  }

  private async syncOne(summary: ConversationSummary): Promise<void> {
    const conversation = await this.meet(summary);
    if (summary.joinedSequence !== null && !conversation.isJoined) await this.readInbox();
    await conversation.sync(summary);
  }

  private async readInbox(): Promise<void> {
    for (let after = 0; ;) {
      const page = await this.core.connection.request("inbox:read", { after });
      for (const entry of page.entries) {
        await this.takeInboxEntry(entry).catch((error: unknown) => this.absorb(error));
        after = entry.position;
      }
      if (page.entries.length > 0) await this.core.connection.request("inbox:ack", { position: after });
      if (!page.more) return;
    }
  }

  private async takeInboxEntry(entry: InboxEntry): Promise<void> {
    const conversation = this.known.get(entry.conversation) ?? (await this.discover(entry.conversation));
    await conversation?.inboxed(entry);
  }

  /** A conversation that somebody else has begun. */
  private async discover(id: ConversationId): Promise<Conversation | undefined> {
    let after: ConversationId | undefined;
    for (;;) {
      const page = await this.core.connection.request("conversation:list", { ...(after ? { after } : {}), limit: 100 });
      const found = page.conversations.find((one) => one.conversation === id);
      if (found) return this.meet(found);
      after = page.conversations.at(-1)?.conversation;
      if (!page.more || !after) return undefined;
    }
  }

  private meet(summary: ConversationSummary): Promise<Conversation> {
    return this.meeting.run(() => this.meetOnce(summary));
  }

  private async meetOnce(summary: ConversationSummary): Promise<Conversation> {
    const held = this.known.get(summary.conversation);
    if (held) return held;
    const peer = summary.users.find((user) => user !== this.user);
    if (!peer || summary.users.length !== 2 || !summary.users.includes(this.user))
      throw new SottoError("internal", { detail: "not a direct conversation" });
    const state = ConversationState.fresh(this.core, summary.conversation, peer);
    await state.commit({ record: {} });
    const conversation = await this.adopt(state);
    this.events.emit("conversation", conversation);
    return conversation;
  }

  private async adopt(state: ConversationState): Promise<Conversation> {
    const { peer } = state.record;
    const conversation = new Conversation(this.core, state, () =>
      this.core.connection.request("conversation:open", { peer }),
    );
    this.known.set(conversation.id, conversation);
    conversation.on("message", (message) => this.events.emit("message", { conversation, message }));
    await conversation.load();
    return conversation;
  }

  private route(push: Push): void {
    switch (push.name) {
      case "message:posted": {
        this.known.get(push.payload.conversation)?.posted(push.payload);
        return;
      }
      case "message:delivered":
      case "message:expired":
        this.known.get(push.payload.conversation)?.receipted(push.payload);
        return;
      case "conversation:behind":
        this.run(async () => this.known.get(push.payload.conversation)?.catchUp());
        return;
      case "devices:changed":
        this.run(() => this.devicesChanged(push.payload.user));
        return;
      case "inbox:posted":
        this.run(() => this.readInbox());
        return;
      default:
        return;
    }
  }

  private async devicesChanged(user: UserId): Promise<void> {
    for (const conversation of this.conversations()) {
      if (user === this.user || conversation.peer === user) await conversation.devicesChanged([user]);
    }
  }

  /** Work that a push began: what stops it is left to the next sync. */
  private run(work: () => Promise<unknown>): void {
    work().catch((error: unknown) => this.absorb(error));
  }

  private absorb(error: unknown): void {
    if (!(error instanceof SottoError)) throw error;
    if (error.code === "identity-changed" || error.code === "untrusted-list") this.report({ code: error.code });
  }

  private report(fault: Fault): void {
    if (fault.code === "identity-changed" && fault.user) this.events.emit("identity-changed", { user: fault.user });
    this.events.emit("fault", fault);
  }
}
