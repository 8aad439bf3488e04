type ModelRole = "owner" | "admin" | "member";

/** What somebody may try to do to a group. */
export type GroupChange =
  | { kind: "add"; by: string; user: string }
  | { kind: "remove"; by: string; user: string }
  | { kind: "leave"; by: string }
  | { kind: "set-role"; by: string; user: string; role: ModelRole }
  | { kind: "rename"; by: string; name: string };

/** What a change comes to: `none` where it holds already. */
type Verdict = "done" | "none" | "refused";

/** Who reads a message: `must`, and who came or went at the very same time `may`. */
export interface ModelMessage {
  text: string;
  sender: string;
  must: ReadonlySet<string>;
  may: ReadonlySet<string>;
  /** The stay of each user that it was written in. */
  stays: ReadonlyMap<string, number>;
}

/** A group as words: who is in it, as what, how it is called, and who may read what was written. Said without keys, epochs or logs. */
export class GroupModel {
  readonly roles: Map<string, ModelRole>;
  readonly messages: ModelMessage[] = [];
  /** How often each user has come, so that a stay can be told from the next. */
  readonly stays = new Map<string, number>();
  name: string;

  constructor(owner: string, members: readonly string[], name: string) {
    this.roles = new Map([[owner, "owner"], ...members.map((user) => [user, "member"] as const)]);
    for (const user of this.roles.keys()) this.stays.set(user, 1);
    this.name = name;
  }

  isIn(user: string): boolean {
    return this.roles.has(user);
  }

  /** Who is in, in order. */
  users(): string[] {
    return [...this.roles.keys()].toSorted();
  }

  judge(change: GroupChange): Verdict {
    const { kind, by } = change;
    const role = this.roles.get(by);
    if (!role) return kind === "leave" ? "none" : "refused";
    if (kind === "leave") return this.roles.size === 1 || this.mayBecome(by, by, "member") ? "done" : "refused";
    if (kind === "rename") return role === "member" ? "refused" : change.name === this.name ? "none" : "done";
    const { user } = change;
    if (kind === "add") return this.isIn(user) ? "none" : role === "member" ? "refused" : "done";
    if (kind === "set-role") {
      if (this.roles.get(user) === change.role) return "none";
      return this.isIn(user) && this.mayBecome(by, user, change.role) ? "done" : "refused";
    }
    if (user === by) return "refused";
    if (!this.isIn(user)) return "none";
    return role !== "member" && this.mayBecome(by, user, "member") ? "done" : "refused";
  }

  /** Judges the change, and follows it where it is to be done. */
  follow(change: GroupChange): Verdict {
    const verdict = this.judge(change);
    if (verdict !== "done") return verdict;
    const { kind } = change;
    if (kind === "add") {
      this.roles.set(change.user, "member");
      this.stays.set(change.user, (this.stays.get(change.user) ?? 0) + 1);
    } else if (kind === "remove") this.roles.delete(change.user);
    else if (kind === "leave") this.roles.delete(change.by);
    else if (kind === "set-role") this.roles.set(change.user, change.role);
    else this.name = change.name;
    return verdict;
  }

  /** `before`: who was in when it was begun, where people came and went meanwhile. */
  note(text: string, sender: string, before: readonly string[] = this.users()): void {
    const now = this.users();
    const must = new Set(now.filter((user) => before.includes(user)));
    const may = new Set([...now, ...before].filter((user) => !must.has(user)));
    this.messages.push({ text, sender, must, may, stays: new Map(this.stays) });
  }

  /** Whether the user has been in without a break since a message was written. */
  isStill(user: string, { stays }: ModelMessage): boolean {
    return this.isIn(user) && stays.get(user) === this.stays.get(user);
  }

  private mayBecome(by: string, user: string, role: ModelRole): boolean {
    const old = this.roles.get(user)!;
    if (old === role) return true;
    const owners = [...this.roles.values()].filter((held) => held === "owner").length;
    if (old === "owner" && owners === 1) return false;
    if (this.roles.get(by) === "owner") return true;
    return user === by && rank[role] < rank[old];
  }
}

const rank = { member: 0, admin: 1, owner: 2 };
