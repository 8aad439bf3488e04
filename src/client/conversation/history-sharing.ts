/**
 * Lets users whom this device has added read what was said before: the node is told, and the keys go to their devices in a sealed
 * message. Owed from before the user is added until that message is in the outbox, so that a crash between leaves it owed.
 */
import { encodeContent } from "../../crypto/content.ts";
import type { HistoryKey } from "../../crypto/history-key.ts";
import { sealHistoryShare, shareSuite, shareThatFits } from "../../crypto/history-share.ts";
import { accountKeyAt } from "../../identity/device-list.ts";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import { roleOf } from "../../identity/group-policy.ts";
import { toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import { newIdAfter, type MessageId, type UserId } from "../../protocol/ids.ts";
import { TaskQueue } from "../async/task-queue.ts";
import { inBackground, type ClientCore } from "../core.ts";
import { KeyPackageClaims } from "../device/key-package-claims.ts";
import type { HistoryDebt } from "../records.ts";
import type { ConversationState } from "./conversation-state.ts";
import { isKept, sharedKeysKept, type HistoryKeys } from "./history-keys.ts";
import type { Outbox } from "./outbox.ts";

export class HistorySharing {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly keys: HistoryKeys;
  private readonly outbox: () => Outbox;
  private readonly claims: KeyPackageClaims;
  private readonly queue = new TaskQueue();
  /** What was said to them did not go out: in this session it is tried again only when a person says so. */
  private readonly failed = new Set<UserId>();

  constructor(core: ClientCore, state: ConversationState, keys: HistoryKeys, outbox: () => Outbox) {
    this.core = core;
    this.state = state;
    this.keys = keys;
    this.outbox = outbox;
    this.claims = new KeyPackageClaims(core);
  }

  /**
   * From now on it is owed to these users, as they are now. Throws `forbidden` without a role, `invalid-argument` where no history is
   * kept, and as the directory does.
   */
  async owe(users: readonly UserId[]): Promise<void> {
    this.requireAllowed();
    const { directory } = this.core;
    await directory.refreshAll(users, this.state.id);
    const debts = users.map((user) => ({ user, accountKey: directory.get(user)?.accountKey ?? null }));
    for (const user of users) this.failed.delete(user);
    await this.state.queue.run(async () => {
      const others = this.owed.filter(({ user }) => !users.includes(user));
      await this.state.commit({ record: { historyDebts: [...others, ...debts] } });
    });
  }

  /** Gives what can be given now; what has to wait is owed on. Throws what is refused, which is owed no more, and as the connection does. */
  settle(): Promise<void> {
    return this.queue.run(async () => {
      for (const debt of this.owed.filter(({ user }) => !this.failed.has(user))) {
        const joinedSequence = this.joinedSequenceOf(debt.user);
        if (joinedSequence === undefined && this.state.record.invited.includes(debt.user)) continue;
        try {
          const isSettled = joinedSequence === undefined || (await this.give(debt, joinedSequence));
          if (isSettled) await this.forget(debt);
        } catch (error) {
          if (error instanceof SottoError && error.code === "too-large") await this.putBack(debt, error);
          else if (error instanceof SottoError && !error.retryable && !isDoubt(error)) await this.forget(debt);
          throw error;
        }
      }
    });
  }

  private get owed(): readonly HistoryDebt[] {
    return this.state.record.historyDebts ?? [];
  }

  /** Whether the user has started over since. Who had no device then is owed it under the first account key that it ever had. */
  private isToAnother({ user, accountKey }: HistoryDebt): boolean {
    const { directory } = this.core;
    const list = directory.get(user);
    if (!list) return false;
    return !equalBytes(accountKey ?? accountKeyAt(directory.entries(user), 1, list.accountKey), list.accountKey);
  }

  private requireAllowed(): void {
    const { group } = this.state;
    if (!group?.policy || roleOf(group.policy, this.core.own.user) === "member") {
      throw new SottoError("forbidden", { detail: "Owners and admins let others read what was before." });
    }
    if (!isKept(group)) throw new SottoError("invalid-argument", { detail: "This group keeps no history." });
  }

  /** Where the user's present stay in the group began; undefined where it is not in it. */
  private joinedSequenceOf(user: UserId): number | undefined {
    let joined: number | undefined;
    for (const { sequence, users } of this.state.record.rosters.toReversed()) {
      if (!users.includes(user)) break;
      joined = sequence;
    }
    return joined;
  }

  /** False where it has to wait: for a key package of the user's, or for a person to compare. True where nothing is owed any more. */
  private async give(debt: HistoryDebt, joinedSequence: number): Promise<boolean> {
    this.requireAllowed();
    const { user } = debt;
    const { id: conversation } = this.state;
    const { own, connection, directory } = this.core;
    // Somebody else may have added the user: this device need not have met it, nor know that it has started over.
    const list = await directory.refresh(user, conversation);
    if (this.isToAnother(debt)) return true;
    if (!list || directory.isHeldBack(user)) return false;
    // This device may have been added later than its user.
    await this.keys.readArchive();
    const members = this.state.group?.members ?? [];
    const devices = members.filter((one) => one.user === user && equalBytes(one.accountKey, list.accountKey));
    const most = shareThatFits(this.core.maxMessageBytes(), devices.length);
    const keys = (await this.keys.all()).slice(-sharedKeysKept);
    const place = { conversation, user, joinedSequence };
    await connection.request("history:share", { ...place, signature: toBase64(own.signHistoryShare(place)) });
    let isSaid = false;
    for (let device = 0; device < devices.length; device += most.recipients) {
      const some = devices.slice(device, device + most.recipients);
      for (let first = 0; first < keys.length; first += most.keys) {
        // A key package is used once: each message takes new ones.
        const packages = await this.claims.take({ conversation, suite: shareSuite, isGroup: true }, some);
        if (packages.length === 0) break;
        await this.say(debt, keys.slice(first, first + most.keys), packages);
        isSaid = true;
      }
    }
    return isSaid;
  }

  private async say(
    debt: HistoryDebt,
    keys: readonly HistoryKey[],
    packages: Parameters<typeof sealHistoryShare>[2],
  ): Promise<void> {
    const sentAt = Date.now();
    const share = await sealHistoryShare({ conversation: this.state.id, user: debt.user }, keys, packages);
    const content = encodeContent({ kind: "history-keys", sentAt, ...share });
    await this.outbox().add(newIdAfter<MessageId>(this.outbox().lastId), content, sentAt, {
      moved: (state, { error = new SottoError("internal") } = {}) => {
        if (state !== "failed" || this.state.record.left) return;
        inBackground(this.core, this.putBack(debt, error), { conversation: this.state.id, user: debt.user });
      },
    });
  }

  /** It was not said after all: it is owed on, and a person hears of it. */
  private async putBack(debt: HistoryDebt, { code }: SottoError): Promise<void> {
    const { user } = debt;
    if (!this.failed.has(user)) this.core.report({ code, conversation: this.state.id, user });
    this.failed.add(user);
    await this.state.queue.run(async () => {
      const others = this.owed.filter((one) => one.user !== user);
      await this.state.commit({ record: { historyDebts: [...others, { ...debt }] } });
    });
  }

  private forget(debt: HistoryDebt): Promise<void> {
    return this.state.queue.run(async () => {
      await this.state.commit({ record: { historyDebts: this.owed.filter((one) => one !== debt) } });
    });
  }
}

/** What the node says of the user's devices is not what was seen before: no reason to owe nothing. */
const isDoubt = ({ code }: SottoError): boolean => code === "identity-changed" || code === "untrusted-list";
