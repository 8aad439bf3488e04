/**
 * What becomes of a message by the changes that follow it in the log: a pure function of the log, so that all devices come to the same.
 *
 *   edits, retraction   count from the message's own author alone; the last edit is the text; a retraction is final
 *   reactions           a user's last word on an emoji counts
 */
import type { DeviceId, UserId } from "../../../protocol/ids.ts";
import type { ChangeRecord } from "../../records.ts";

export interface Sender {
  user: UserId;
  device: DeviceId;
}

export type Reactions = ReadonlyMap<string, readonly UserId[]>;

export interface Outcome<Change> {
  isRetracted: boolean;
  /** The last one that counts. */
  edit: Change | undefined;
  reactions: Reactions;
}

/** Different emoji of one user on one message; a further one has no effect. */
export const emojiPerUser = 20;

/** `changes`: those that come after the message, in the order of the log. */
export function outcomeOf<Change extends Omit<ChangeRecord, "sequence">>(
  changes: readonly Change[],
  isAuthor: (sender: Sender) => boolean,
): Outcome<Change> {
  let edit: Change | undefined;
  const reactions = new ReactionTally();
  for (const change of changes) {
    if (change.kind === "reaction") reactions.take(change);
    else if (!isAuthor(change.sender)) continue;
    else if (change.kind === "retraction") return { isRetracted: true, edit: undefined, reactions: new Map() };
    else edit = change;
  }
  return { isRetracted: false, edit, reactions: reactions.result() };
}

/** Emoji in the order in which they were first there, users of each in the order in which they came to it. */
class ReactionTally {
  private readonly users = new Map<string, Set<UserId>>();

  take({ emoji = "", isRemoved, sender: { user } }: Pick<ChangeRecord, "emoji" | "isRemoved" | "sender">): void {
    const those = this.users.get(emoji);
    if (isRemoved) {
      those?.delete(user);
      if (those?.size === 0) this.users.delete(emoji);
    } else if (those) {
      if (those.has(user) || this.hasRoom(user)) those.add(user);
    } else if (this.hasRoom(user)) {
      this.users.set(emoji, new Set([user]));
    }
  }

  result(): Reactions {
    return new Map([...this.users].map(([emoji, users]) => [emoji, [...users]]));
  }

  private hasRoom(user: UserId): boolean {
    return [...this.users.values()].filter((users) => users.has(user)).length < emojiPerUser;
  }
}
