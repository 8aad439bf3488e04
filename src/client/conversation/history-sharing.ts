/**
 * Lets users whom this device has added read what was said before: the node is told, and the keys go to their devices in a sealed
 * message. Owed from before the user is added until that message is in the outbox, so that a crash between leaves it owed.
 */
import { encodeContent } from "../../crypto/content.ts";
import type { HistoryKey } from "../../crypto/history-key.ts";
import { keysPerShare, sealHistoryShare, shareSuite } from "../../crypto/history-share.ts";
import { roleOf } from "../../identity/group-policy.ts";
import { toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import { newIdAfter, type MessageId, type UserId } from "../../protocol/ids.ts";
import { TaskQueue } from "../async/task-queue.ts";
import type { ClientCore } from "../core.ts";
import { KeyPackageClaims } from "../device/key-package-claims.ts";
import type { ConversationState } from "./conversation-state.ts";
import { unheard } from "./group-naming.ts";
import { isKept, sharedKeysKept, type HistoryKeys } from "./history-keys.ts";
import type { Outbox } from "./outbox.ts";

export class HistorySharing {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly keys: HistoryKeys;
  private readonly outbox: () => Outbox;
  private readonly claims: KeyPackageClaims;
  private readonly queue = new TaskQueue();

  constructor(core: ClientCore, state: ConversationState, keys: HistoryKeys, outbox: () => Outbox) {
    this.core = core;
    this.state = state;
    this.keys = keys;
    this.outbox = outbox;
    this.claims = new KeyPackageClaims(core);
  }

  /** From now on it is owed to these users. Throws `forbidden` without a role, `invalid-argument` where no history is kept. */
  async owe(users: readonly UserId[]): Promise<void> {
    this.requireAllowed();
    await this.state.queue.run(async () => {
      const owesHistoryTo = [...new Set([...this.owed, ...users])];
      await this.state.commit({ record: { owesHistoryTo } });
    });
  }

  /** Gives what can be given now; what has to wait is owed on. Throws what is refused, which is owed no more, and as the connection does. */
  settle(): Promise<void> {
    return this.queue.run(async () => {
      for (const user of this.owed) {
        const joinedSequence = this.joinedSequenceOf(user);
        if (joinedSequence === undefined && this.state.record.invited.includes(user)) continue;
        try {
          const isGiven = joinedSequence === undefined || (await this.give(user, joinedSequence));
          if (isGiven) await this.forget(user);
        } catch (error) {
          if (error instanceof SottoError && !error.retryable) await this.forget(user);
          throw error;
        }
      }
    });
  }

  private get owed(): readonly UserId[] {
    return this.state.record.owesHistoryTo ?? [];
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

  /** False where no device of the user's has a key package now. */
  private async give(user: UserId, joinedSequence: number): Promise<boolean> {
    this.requireAllowed();
    const { id: conversation, group } = this.state;
    const { own, connection, directory } = this.core;
    // This device may have been added later than its user.
    await this.keys.readArchive();
    const keys = (await this.keys.all()).slice(-sharedKeysKept);
    const place = { conversation, user, joinedSequence };
    await connection.request("history:share", { ...place, signature: toBase64(own.signHistoryShare(place)) });
    // Somebody else may have added the user: this device need not have met it.
    await directory.refresh(user, conversation);
    const devices = group!.members.filter((member) => member.user === user);
    const packages = await this.claims.take({ conversation, suite: shareSuite, isGroup: true }, devices);
    if (packages.length === 0) return false;
    for (let first = 0; first < keys.length; first += keysPerShare) {
      await this.say(user, keys.slice(first, first + keysPerShare), packages);
    }
    return true;
  }

  private async say(
    user: UserId,
    keys: readonly HistoryKey[],
    packages: Parameters<typeof sealHistoryShare>[2],
  ): Promise<void> {
    const sentAt = Date.now();
    const share = await sealHistoryShare({ conversation: this.state.id, user }, keys, packages);
    const content = encodeContent({ kind: "history-keys", sentAt, ...share });
    await this.outbox().add(newIdAfter<MessageId>(this.outbox().lastId), content, sentAt, unheard);
  }

  private forget(user: UserId): Promise<void> {
    return this.state.queue.run(async () => {
      const owesHistoryTo = this.owed.filter((one) => one !== user);
      await this.state.commit({ record: { owesHistoryTo } });
    });
  }
}
