/**
 * Keeps this device in step with the node: on every admission, and now and then while quiet, everything is compared;
 * between, pushes say what to look at. A push that is lost costs time only: the next comparison finds the same.
 */
import { SottoError } from "../protocol/errors.ts";
import type { InboxEntry, ReplyOf } from "../protocol/requests.ts";
import type { UserId } from "../protocol/ids.ts";
import type { PushOf } from "../protocol/pushes.ts";
import { FreshRun } from "./async/fresh-run.ts";
import { TaskQueue } from "./async/task-queue.ts";
import { delay } from "./async/waiting.ts";
import type { Push } from "./connection/session.ts";
import type { ConversationRegistry } from "./conversation/conversation-registry.ts";
import type { ArchiveKeys } from "./device/archive-keys.ts";
import type { DeviceNames } from "./device/device-names.ts";
import type { RecoveryUpkeep } from "./recovery/recovery-upkeep.ts";
import { inBackground, reportFailure, type ClientCore } from "./core.ts";

type KeyPackageStock = ReplyOf<"session:prove">["keyPackages"];

export class NodeSync {
  private readonly core: ClientCore;
  private readonly conversations: ConversationRegistry;
  /** What the node said at the last admission. */
  private readonly stock: () => KeyPackageStock | undefined;
  private readonly archiveKeys: ArchiveKeys;
  private readonly names: DeviceNames;
  private readonly recovery: RecoveryUpkeep;
  private readonly inbox = new TaskQueue();
  private session: AbortController | undefined;
  private readonly comparisons = new FreshRun<void>();

  constructor(
    core: ClientCore,
    conversations: ConversationRegistry,
    { archiveKeys, names, recovery }: { archiveKeys: ArchiveKeys; names: DeviceNames; recovery: RecoveryUpkeep },
    stock: () => KeyPackageStock | undefined,
  ) {
    this.core = core;
    this.conversations = conversations;
    this.stock = stock;
    this.archiveKeys = archiveKeys;
    this.names = names;
    this.recovery = recovery;
    core.directory.on("distrusted", (fault) => {
      core.report(fault);
      this.trustChanged(fault.user);
    });
    core.directory.on("startedOver", ({ user }) => {
      core.report({ code: "identity-changed", user, reason: "started-over" });
      this.trustChanged(user);
    });
    core.directory.on("confirmed", ({ user }) => {
      this.trustChanged(user);
      this.run(() => this.recovery.save());
    });
    core.connection.on("push", (push) => this.route(push));
    core.connection.on("state", ({ state }) => {
      this.session?.abort();
      if (state === "online") inBackground(core, this.stayInStep());
    });
  }

  /**
   * Compares everything, in a comparison that begins after the call: one that is under way may have passed by what the caller
   * is after. One comparison at a time, and one for all who wait for it. Errors: those of the connection.
   */
  sync(): Promise<void> {
    return this.comparisons.run(() => this.syncAll());
  }

  private async stayInStep(): Promise<void> {
    this.session = new AbortController();
    const over = AbortSignal.any([this.session.signal, this.core.closing]);
    for (const actor of this.conversations.actors()) actor.wake();
    while (!over.aborted) {
      await this.sync().catch((error: unknown) => reportFailure(this.core, error));
      const { syncEveryMs } = this.core.timings;
      await delay(syncEveryMs * (1 + Math.random() / 2), over).catch(() => undefined);
    }
  }

  /** First the inbox, so that groups are joined; then every conversation. */
  private async syncAll(): Promise<void> {
    if (!this.core.own.isCertified) return;
    const { user, accountKey } = this.core.own;
    if (accountKey) this.core.directory.pinOwn(user, accountKey);
    await this.core.directory.refresh(user);
    // Before anything is read that it decides about; a node that cannot tell leaves the list as it was.
    await this.attempt(() => this.core.blocks.refresh());
    await this.attempt(() => this.core.privacy.settle());
    const stock = this.stock();
    if (stock) await this.core.supply.refill(stock);
    await this.attempt(() => this.archiveKeys.settle());
    await this.attempt(() => this.names.settle());
    await this.readInbox();
    const listed = new Set<string>();
    for await (const summary of this.conversations.listed()) {
      listed.add(summary.conversation);
      await this.attempt(async () => {
        await this.conversations.meet(summary);
        const actor = this.conversations.actor(summary.conversation);
        if (actor?.mayBeWelcomed(summary)) await this.readInbox();
        await actor?.sync(summary);
      });
    }
    const unlisted = this.conversations.actors().filter(({ state }) => !listed.has(state.id));
    for (const actor of unlisted) await this.attempt(() => actor.syncUnlisted());
    await this.attempt(() => this.recovery.save());
  }

  /** One conversation's fault keeps no other from being compared. */
  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      reportFailure(this.core, error);
    }
  }

  /** One reading at a time: a Welcome is taken once. */
  private readInbox(): Promise<void> {
    return this.inbox.run(async () => {
      for (let after = 0; ;) {
        const page = await this.core.connection.request("inbox:read", { after });
        for (const entry of page.entries) {
          await this.takeInboxEntry(entry);
          after = entry.position;
        }
        if (page.entries.length > 0) await this.core.connection.request("inbox:ack", { position: after });
        if (!page.more) return;
      }
    });
  }

  /** What cannot be taken now for want of a connection stays in the inbox; anything else is done with. */
  private async takeInboxEntry(entry: InboxEntry): Promise<void> {
    try {
      await this.conversations.find(entry.conversation);
      await this.conversations.actor(entry.conversation)?.inboxed(entry);
    } catch (error) {
      if (error instanceof SottoError && error.retryable) throw error;
      reportFailure(this.core, error);
    }
  }

  private route(push: Push): void {
    switch (push.name) {
      case "message:posted":
        this.conversations.actor(push.payload.conversation)?.posted(push.payload);
        return;
      case "message:delivered":
      case "message:expired":
      case "message:read":
        this.conversations.actor(push.payload.conversation)?.receipted(push.payload);
        return;
      case "typing:sent":
        this.conversations.actor(push.payload.conversation)?.typed(push.payload);
        return;
      case "conversation:behind":
        this.run(() => this.catchUp(push.payload));
        return;
      case "devices:changed":
        this.run(() => this.devicesChanged(push.payload.user));
        return;
      case "blocks:changed":
        this.run(() => this.core.blocks.refresh());
        return;
      case "privacy:changed":
        this.run(() => this.core.privacy.settle());
        return;
      case "inbox:posted":
        this.run(() => this.readInbox());
        return;
      default:
        return;
    }
  }

  /** Where a device is not in the group yet, what it is behind with may be its own Welcome. */
  private async catchUp({ conversation, head, receiptVersion }: PushOf<"conversation:behind">): Promise<void> {
    const actor = this.conversations.actor(conversation);
    if (!actor?.isJoined || !actor.state.isMember) return this.sync();
    if (receiptVersion === undefined || head > actor.state.record.position) await actor.catchUp();
    if (actor.awaitsWelcome) await this.readInbox();
    if (receiptVersion !== undefined) await actor.receiptsBehind(receiptVersion);
  }

  private trustChanged(user: UserId): void {
    for (const actor of this.conversations.actors()) actor.trustChanged(user);
  }

  private async devicesChanged(user: UserId): Promise<void> {
    if (user === this.core.own.user) {
      this.run(async () => {
        await this.attempt(() => this.archiveKeys.settle());
        await this.names.settle();
      });
    }
    for (const actor of this.conversations.actors()) {
      const isOurs = user === this.core.own.user || actor.concerns(user);
      if (isOurs) await actor.devicesChanged([user]);
    }
  }

  /** Work that a push began: what stops it is left to the next comparison. */
  private run(work: () => Promise<unknown>): void {
    inBackground(this.core, work());
  }
}
