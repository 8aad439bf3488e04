import type { GroupPolicy, Role } from "../../src/identity/group-policy.ts";

/** One thing that a member may try to do. `device`: its number among the user's devices that are in the group. */
export type Attempt =
  | { kind: "update" }
  | { kind: "add-user"; user: string; count: number }
  | { kind: "add-device"; user: string }
  | { kind: "remove-device"; user: string; device: number }
  | { kind: "remove-user"; user: string }
  | { kind: "add-again"; user: string; device: number }
  | { kind: "give-role"; user: string; role: Role | "member" };

/** A group as plain counts and words, and what may be done in it, said a second time and in another way than the rules. */
export class RoleModel {
  readonly devices = new Map<string, number>([["alice", 1]]);
  readonly roles = new Map<string, Role>([["alice", "owner"]]);
  readonly left = new Set<string>();

  allows(by: string, attempt: Attempt): boolean {
    const isOwner = this.roles.get(by) === "owner";
    const manages = this.roles.has(by);
    switch (attempt.kind) {
      case "update":
        return true;
      // Whoever joins knows nothing of leaves before: none is open when somebody is added.
      case "add-user":
        return manages && this.left.size === 0;
      case "add-device":
      case "add-again":
        return this.left.size === 0;
      case "remove-device":
        if (attempt.user === by) return true;
        return this.devices.get(attempt.user) === 1 && this.mayBeRemoved(attempt.user, manages);
      case "remove-user":
        return this.mayBeRemoved(attempt.user, manages);
      case "give-role": {
        if (isOwner || !manages) return isOwner;
        const old = this.roles.get(attempt.user) ?? "member";
        return attempt.role === old || (attempt.user === by && attempt.role === "member");
      }
    }
  }

  /** After an attempt that was allowed. */
  follow(attempt: Attempt): void {
    const count = (user: string, change: number) => {
      const now = (this.devices.get(user) ?? 0) + change;
      if (now > 0) this.devices.set(user, now);
      else this.devices.delete(user);
      if (now === 0) this.left.delete(user);
    };
    if (attempt.kind === "add-user") count(attempt.user, attempt.count);
    if (attempt.kind === "add-device") count(attempt.user, 1);
    if (attempt.kind === "remove-device") count(attempt.user, -1);
    if (attempt.kind === "remove-user") count(attempt.user, -this.devices.get(attempt.user)!);
    if (attempt.kind === "give-role") {
      if (attempt.role === "member") this.roles.delete(attempt.user);
      else this.roles.set(attempt.user, attempt.role);
    }
  }

  /** The roles as a policy has them. */
  policyRoles(roles: ReadonlyMap<string, Role> = this.roles): GroupPolicy["roles"] {
    const sorted = [...roles].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([user, role]) => ({ user: user as GroupPolicy["roles"][number]["user"], role }));
  }

  private mayBeRemoved(user: string, byManager: boolean): boolean {
    return !this.roles.has(user) && (byManager || this.left.has(user));
  }
}
