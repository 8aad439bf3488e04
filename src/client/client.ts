/**
 * One device of one user, as an application holds it. Owns the life of the parts: they are made when the store opens, fed
 * by the connection, and stopped together. Everything that a restart must find again is in the store.
 */
import type { GroupEngine } from "../crypto/group-engine.ts";
import { SottoError } from "../protocol/errors.ts";
import { userId, type ConversationId, type DeviceId, type UserId } from "../protocol/ids.ts";
import { limits, suites } from "../protocol/limits.ts";
import type { ReplyOf } from "../protocol/requests.ts";
import { TypedEmitter } from "./async/typed-emitter.ts";
import { delay, withDeadline } from "./async/waiting.ts";
import type { Files } from "./attachments/attachment-source.ts";
import { BlobClient } from "./attachments/blob-client.ts";
import { Uploads } from "./attachments/uploads.ts";
import { BlockList } from "./block-list.ts";
import { Connection, type ConnectionState, type TokenSource } from "./connection/connection.ts";
import type { Challenge, Session } from "./connection/session.ts";
import { ConversationRegistry } from "./conversation/conversation-registry.ts";
import type { Conversation } from "./conversation/conversation.ts";
import type { Direct } from "./conversation/direct.ts";
import { requireName } from "./conversation/group-naming.ts";
import { requireRoom } from "./conversation/group-room.ts";
import type { Group } from "./conversation/group.ts";
import type { Message } from "./conversation/message.ts";
import { defaultTimings, inBackground, reportFailure, type ClientCore, type Fault, type Timings } from "./core.ts";
import { ArchiveKeys } from "./device/archive-keys.ts";
import { DeviceDirectory } from "./device/device-directory.ts";
import { DeviceNames, type DeviceNamed } from "./device/device-names.ts";
import { Devices } from "./device/devices.ts";
import { KeyPackageSupply, type StockLevels } from "./device/key-package-supply.ts";
import { OwnDevice } from "./device/own-device.ts";
import { Drafts } from "./drafts.ts";
import type { ExportRecord } from "./export/export-records.ts";
import { HistoryExport, type ExportOptions } from "./export/history-export.ts";
import { NodeSync } from "./node-sync.ts";
import { Presence, type PresenceEvent } from "./presence.ts";
import { Privacy, type PrivacyChoices } from "./privacy.ts";
import { RecoveryUpkeep } from "./recovery/recovery-upkeep.ts";
import { Recovery } from "./recovery/recovery.ts";
import { requireUserId } from "./require-user-id.ts";
import { search, type SearchHit, type SearchOptions } from "./search.ts";
import type { ClientStore, OpenClientStore } from "./stores/client-store.ts";
import { Verification } from "./verification.ts";
import { WebPush } from "./web-push.ts";

export interface ClientOptions {
  /** Of a node, or of the load balancer in front of many: `http://` or `https://`. */
  url: string;
  /** This user's id in the host application. */
  user: string;
  /** Answers a JWT for this user; called again when one has expired. */
  token: TokenSource;
  store: ClientStore;
  /** What this device is called among this user's own; taken when it is new. See `devices.rename`. */
  deviceName?: string;
  /** Lets attachments be given by a path, and found again after a restart: in Node `nodeFiles` of `sotto/client/node`. */
  files?: Files;
  /** How long things wait. The defaults suit people; tests shorten them. */
  timings?: Partial<Timings>;
  /** How many key packages are kept ready at the node, of each suite. */
  keyPackages?: StockLevels;
}

export interface GroupOptions {
  /** 1 to 256 bytes of UTF-8. */
  name?: string;
  /** User ids; this user is in it anyway. */
  members?: readonly string[];
  /** `default`: post-quantum, up to 256 devices. `large`: up to 1,000, without. Fixed for good. */
  size?: "default" | "large";
  /** Whether devices that are added later can read what was before them. */
  history?: "kept" | "off";
}

export interface ClientEvents {
  /** A message of somebody else, or of another device of one's own: opened, in order, once. */
  message: { conversation: Conversation; message: Message };
  /** A message was edited or retracted, or what people feel about it has changed: the message says it now. */
  "message-changed": { conversation: Conversation; message: Message };
  /** A conversation that this device did not know before. */
  conversation: Conversation;
  connection: ConnectionState;
  /**
   * The identity key of a contact is not the one that was pinned. `reason: "started-over"`: the contact has lost all devices, and the new key
   * counts from now on; was the old one confirmed, messages wait until the new one is. Without a reason: the key is refused.
   */
  "identity-changed": { user: UserId; reason?: "started-over" };
  /** A watched user has come or gone: see `presence.watch`. */
  presence: PresenceEvent;
  /** What this user lets others see, after a change on this device or another. */
  privacy: PrivacyChoices;
  /** Whom this user has blocked, after a change on this device or another. */
  blocked: UserId[];
  /** Another of this user's devices has named one of them. */
  "device-renamed": DeviceNamed;
  /** Something is wrong that a person may have to know: see `docs/threat-model.md`. */
  fault: Fault;
}

/** How long `close` waits for acks that are under way; a node that does not answer gets them after the next start. */
const closingPatienceMs = 3000;
const defaultStock: StockLevels = { full: 100, low: 25 };

export class Client {
  readonly user: UserId;
  /** Of the node, as it was given. */
  readonly url: string;
  readonly devices: Devices;
  readonly presence: Presence;
  /** The words that bring everything back when all devices are lost. */
  readonly recovery: Recovery;
  /** What this user lets others see. */
  readonly privacy: Privacy;
  /** Waking this device while it is closed. */
  readonly push: WebPush;
  private readonly events = new TypedEmitter<ClientEvents>();
  private readonly core: ClientCore;
  private readonly names: DeviceNames;
  private readonly stop = new AbortController();
  private readonly registry: ConversationRegistry;
  private readonly nodeSync: NodeSync;
  private admitted: ReplyOf<"session:prove"> | undefined;
  /** How far the node's clock is ahead of this device's. */
  private aheadMs = 0;
  private closed: Promise<void> | undefined;

  /** Opens the store and its device. Errors: `invalid-argument`, and those of opening the store. */
  static async create(options: ClientOptions, engine: GroupEngine): Promise<Client> {
    const user = requireUserId(options.user);
    if (!URL.canParse(options.url) || !/^https?:\/\//.test(options.url)) {
      throw new SottoError("invalid-argument", { detail: "The url begins with http:// or https://." });
    }
    const store = await options.store.open();
    try {
      const client = new Client(options, engine, store, await OwnDevice.load(store, user));
      await client.core.directory.load();
      await client.core.blocks.load();
      await client.core.drafts.load();
      await client.privacy.load();
      await client.names.load();
      const { own } = client.core;
      if (options.deviceName !== undefined && !own.isCertified) await client.names.set(own.device, options.deviceName);
      await client.registry.load();
      client.endWhenLost(store.lost);
      inBackground(client.core, client.forgetNowAndThen());
      return client;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  private constructor(options: ClientOptions, engine: GroupEngine, store: OpenClientStore, own: OwnDevice) {
    const timings = { ...defaultTimings, ...options.timings };
    const connection = new Connection({
      url: options.url,
      token: options.token,
      admit: (session, challenge) => this.admit(session, challenge),
      requestTimeoutMs: timings.requestTimeoutMs,
      reconnect: { baseMs: timings.reconnectBaseMs, maxMs: timings.reconnectMaxMs },
    });
    const levels = options.keyPackages ?? defaultStock;
    const blobs = new BlobClient(options.url, connection);
    const closing = this.stop.signal;
    const report = (fault: Fault): void => this.report(fault);
    const directory = new DeviceDirectory(store, connection);
    this.privacy = new Privacy({
      store,
      connection,
      directory,
      own,
      changed: (choices) => this.events.emit("privacy", choices),
    });
    this.core = {
      store,
      connection,
      engine,
      own,
      directory,
      supply: new KeyPackageSupply({ store, connection, engine, own, levels }),
      blocks: new BlockList({ store, connection, own, changed: (users) => this.blocksChanged(users) }),
      drafts: new Drafts(store),
      blobs,
      uploads: new Uploads({ store, connection, blobs, timings, closing, files: options.files, report }),
      privacy: this.privacy,
      timings,
      now: () => Date.now() + this.aheadMs,
      closing,
      maxMessageBytes: () => this.admitted?.limits.messageBytes ?? limits.messageBytes,
      report,
    };
    this.user = own.user;
    this.url = options.url;
    const upkeep = new RecoveryUpkeep(this.core);
    const archiveKeys = new ArchiveKeys(this.core, () => upkeep.grant());
    this.names = new DeviceNames(this.core, (named) => this.events.emit("device-renamed", named));
    this.devices = new Devices(this.core, archiveKeys, this.names);
    this.presence = new Presence(connection, (event) => this.events.emit("presence", event));
    this.push = new WebPush(connection);
    this.registry = new ConversationRegistry(this.core, (conversation, isNew) => this.follow(conversation, isNew));
    this.recovery = new Recovery({
      core: this.core,
      upkeep,
      archiveKeys,
      devices: this.devices,
      connect: (how) => this.connect(how),
      keptConversations: () => this.registry.actors().filter(({ state }) => state.record.historyKeys.length > 0).length,
    });
    this.nodeSync = new NodeSync(
      this.core,
      this.registry,
      { archiveKeys, names: this.names, recovery: upkeep },
      () => this.admitted?.keyPackages,
    );
    connection.on("state", ({ state }) => this.events.emit("connection", state));
  }

  get connection(): ConnectionState {
    return this.core.connection.state;
  }
  /** Why the connection is `refused`; undefined while it is not. */
  get refusal(): SottoError | undefined {
    return this.core.connection.refusal;
  }
  /** Whether this device is one of its user's: registered, linked or restored, once. Known offline, too. */
  get isSetUp(): boolean {
    return this.core.own.isCertified;
  }
  /** This device's id. */
  get device(): DeviceId {
    return this.core.own.device;
  }

  /** Returns its own unsubscribe. */
  on<Name extends keyof ClientEvents>(event: Name, listener: (payload: ClientEvents[Name]) => void): () => void {
    return this.events.on(event, listener);
  }

  /**
   * Connects, and stays connected until `close`. Registers the device when it is new. Resolves when a node has admitted
   * it; rejects when refused for good (`link-required`: the user has a device already: link this one from it, or where none is left,
   * `recovery.restore`, or `startOver`).
   */
  async connect(options: { signal?: AbortSignal } = {}): Promise<void> {
    if (this.stop.signal.aborted) throw new SottoError("closed");
    await this.core.connection.connect(options.signal);
  }

  /**
   * For who has lost **all** devices, and the words of the recovery key, if there was one; on a new device, instead of `connect` or `devices.link`. The user starts over: a new identity key, with
   * this device alone. Every other device of the user is closed out for good, and what only those could give back, earlier
   * messages before all, is lost. Contacts are told (`identity-changed`), and who had compared safety numbers compares anew; conversations go
   * on as soon as somebody in them is there. A user without any device is registered. Errors: `invalid-argument` on a device that is set
   * up, `forbidden` after a few times a day, and those of `connect`.
   */
  async startOver(options: { signal?: AbortSignal } = {}): Promise<void> {
    const { own, connection } = this.core;
    if (own.isCertified) throw new SottoError("invalid-argument", { detail: "This device is set up already." });
    own.startOver();
    this.devices.abandonLink();
    connection.renew();
    await this.connect(options);
  }

  /** The direct conversation with a user, made on first use. Error: `offline` where it is not known yet. */
  async direct(peer: string): Promise<Direct> {
    const parsed = userId.safeParse(peer);
    if (!parsed.success || parsed.data === this.user) {
      throw new SottoError("invalid-argument", { detail: "A direct conversation is with another user." });
    }
    return this.registry.open(parsed.data);
  }

  /**
   * A new group, with this user as its owner. Members who have no device yet are added as soon as they have one. Errors:
   * `invalid-argument`, `group-full`, and those of the connection.
   */
  async createGroup({ name, members = [], size = "default", history = "kept" }: GroupOptions = {}): Promise<Group> {
    const users = [...new Set(members.map(requireUserId))].filter((user) => user !== this.user);
    if (!(size in suites) || !["kept", "off"].includes(history)) {
      throw new SottoError("invalid-argument", { detail: "A size is default or large, a history kept or off." });
    }
    if (name !== undefined) requireName(name);
    requireRoom(suites[size], users.length + 1);
    const founding = { roles: [{ user: this.user, role: "owner" as const }], history };
    const group = await this.registry.createGroup({ name: name ?? null, founding, suite: suites[size] });
    await group.addAll(users);
    return group;
  }

  /** Conversations that this device knows. */
  conversations(): Conversation[] {
    return this.registry.all();
  }

  conversation(id: string): Conversation | undefined {
    return this.registry.get(id as ConversationId);
  }

  /**
   * Messages that this device holds, by their words: for each word that is given, the text as it stands now has one that begins so, whatever
   * its case and diacritics. Newest first. What was never read here is not found. Errors: `invalid-argument`, `aborted`.
   */
  search(words: string, options: SearchOptions = {}): Promise<SearchHit[]> {
    return search(this.registry, words, options);
  }

  /**
   * Everything that this device can read, as it stands, in records of plain JSON, of which each is a line of a file: see `docs/export.md`.
   * What the device does not hold comes from the node, so that it is to be online; one page is in memory. Errors: `conversation-unknown`,
   * `aborted`, `closed`; what cannot be read is a record.
   */
  export(options: ExportOptions = {}): AsyncGenerator<ExportRecord, void, void> {
    return new HistoryExport(this.core, this.registry.all(), options).records();
  }

  /** What to compare with the other side, by voice or face to face. Error: `device-unknown` while they have no device. */
  async verification(user: string): Promise<Verification> {
    return Verification.of(this.core, requireUserId(user));
  }

  /**
   * Contacts of whom `identity-changed` was told, in this run or an earlier one, and whom nobody has compared or accepted since
   * (`verification(user)`); in order.
   */
  changedIdentities(): UserId[] {
    return this.core.directory.unsettled();
  }

  /**
   * Nothing more of this user from now on, on none of one's devices: no direct message reaches this one, nor do they see its receipts
   * and presence; what they say in groups is not shown. They are not told, and may find out. Errors: `invalid-argument`,
   * `too-many-blocks`, those of the connection.
   */
  async block(user: string): Promise<void> {
    await this.core.blocks.set(requireUserId(user), true);
  }

  /** What they said in groups meanwhile is in `history()` again; direct messages that were refused do not come. Errors: as of `block`. */
  async unblock(user: string): Promise<void> {
    await this.core.blocks.set(requireUserId(user), false);
  }

  /** Whom this user has blocked, as far as this device has heard; in order. */
  blocked(): UserId[] {
    return this.core.blocks.users();
  }

  /** Compares everything with the node, beginning after the call: what a push should have told, and did not. Errors: those of the connection. */
  sync(): Promise<void> {
    return this.nodeSync.sync();
  }

  /** Stores and acks what is under way, then lets go of the connection and the store. Idempotent. */
  close(): Promise<void> {
    this.closed ??= this.shutDown();
    return this.closed;
  }

  private async shutDown(): Promise<void> {
    const settled = Promise.all(this.registry.actors().map((actor) => actor.settled()));
    await withDeadline(settled, { timeoutMs: closingPatienceMs }).catch(() => undefined);
    this.stop.abort();
    await this.core.connection.close();
    await Promise.all(this.registry.actors().map((actor) => actor.settled()));
    await this.core.uploads.settled();
    await this.core.drafts.settled();
    await this.core.store.close();
  }

  /** Without its store a device can do nothing more: what it would send could not be kept. */
  private endWhenLost(lost: AbortSignal | undefined): void {
    lost?.throwIfAborted();
    lost?.addEventListener("abort", () => {
      if (this.stop.signal.aborted) return;
      this.report({ code: (lost.reason as SottoError).code });
      inBackground(this.core, this.close());
    });
  }

  private async admit(session: Session, challenge: Challenge): Promise<void> {
    if (await this.devices.admitLinking(session)) return;
    const restored = await this.recovery.admitRestoring(session, challenge);
    this.admitted = restored ?? (await this.core.own.admit(session, challenge));
    this.aheadMs = this.admitted.serverTime - Date.now();
    inBackground(this.core, this.core.own.noteRetention(this.admitted.limits.historyRetentionDays));
  }

  /** What retention has passed, while the client is open. */
  private async forgetNowAndThen(): Promise<void> {
    const { timings, closing } = this.core;
    while (!closing.aborted) {
      await delay(timings.forgetEveryMs, closing).catch(() => undefined);
      for (const actor of closing.aborted ? [] : this.registry.actors()) {
        await actor.retention.sweep().catch((error: unknown) => {
          reportFailure(this.core, error, { conversation: actor.state.id });
        });
      }
    }
  }

  private follow(conversation: Conversation, isNew: boolean): void {
    conversation.on("message", (message) => this.events.emit("message", { conversation, message }));
    conversation.on("message-changed", (message) => this.events.emit("message-changed", { conversation, message }));
    if (isNew) this.events.emit("conversation", conversation);
  }

  private blocksChanged(users: UserId[]): void {
    for (const actor of this.registry.actors()) actor.messages.blocksChanged();
    this.events.emit("blocked", users);
  }

  private report(fault: Fault): void {
    const { code, user, reason } = fault;
    if (code === "identity-changed" && user) {
      this.events.emit("identity-changed", { user, ...(reason === "started-over" && { reason }) });
    }
    this.events.emit("fault", fault);
  }
}
