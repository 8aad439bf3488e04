import type { GroupFacts } from "../actors/ports/store-conversations.ts";
import type { CheckedPolicy } from "../actors/ports/public-checks.ts";
import type { UserId } from "../protocol/ids.ts";

/** A row of `conversation_groups`, joined to its conversation; all null for a direct. */
export interface GroupColumns {
  suite: number | null;
  creator: UserId | null;
  policy: string | null;
  leavers: string | null;
}

export const groupColumns = "g.suite, g.creator, g.policy, g.leavers";

/** Null of a direct. */
export function groupFactsOf({ suite, creator, policy, leavers }: GroupColumns): GroupFacts | null {
  if (suite === null || creator === null) return null;
  return {
    suite: suite === 3 ? 3 : 84,
    creator,
    policy: policy === null ? null : (JSON.parse(policy) as CheckedPolicy),
    leavers: JSON.parse(leavers ?? "[]") as UserId[],
  };
}
