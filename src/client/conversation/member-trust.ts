/**
 * Whether this device knows the keys of those it would seal for. Nobody's key refuses a commit, for that depends on the log alone: a key
 * that the lists do not account for, or that a person has to compare first, holds messages back.
 */
import type { UserId } from "../../protocol/ids.ts";
import type { ClientCore } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";

export class MemberTrust {
  private readonly core: ClientCore;
  private readonly state: ConversationState;

  constructor(core: ClientCore, state: ConversationState) {
    this.core = core;
    this.state = state;
  }

  /** Whether somebody would read along whom the person had verified, and whose key is in doubt since; or under a key that is not known. */
  get isHeldBack(): boolean {
    const { directory } = this.core;
    const { peer } = this.state.record;
    const users = peer === null ? this.members.map(({ user }) => user) : [peer];
    return this.unaccounted().length > 0 || users.some((user) => directory.isHeldBack(user));
  }

  /**
   * Somebody else has replaced a user, maybe before this device heard that the user has started over: the list says whether that is so.
   * `refresh`: asks for lists. Who stays unaccounted for is reported.
   */
  async learnKeys(refresh: (users: UserId[]) => Promise<void>): Promise<void> {
    const users = this.unaccounted();
    if (users.length > 0) await refresh(users);
    for (const user of this.unaccounted()) {
      this.core.report({ code: "identity-changed", conversation: this.state.id, user });
    }
  }

  private get members() {
    return this.state.group?.members ?? [];
  }

  /** Users in the group under an account key that their list, as it is known here, does not account for. */
  private unaccounted(): UserId[] {
    const strange = this.members.filter((member) => !this.core.directory.accountsFor(member));
    return [...new Set(strange.map(({ user }) => user))];
  }
}
