import type { CheckedPolicy } from "../actors/ports/public-checks.ts";
import type { HistoryShareOutcome, HistoryShareRow } from "../actors/ports/store-history.ts";

/** Where the log that a member may read begins. For a row `m` of members, with `joinOfShares`. */
export const firstReadable = "COALESCE(s.first_sequence, m.joined_sequence)";
/** What was shared with a member in its present stay: an earlier one's counts for nothing. */
export const joinOfShares = `LEFT JOIN history_shares s
  ON s.conversation = m.conversation AND s.user = m.user AND s.joined_sequence = m.joined_sequence`;
/**
 * Whether a member `o` was there while that was said which `m` may read. With `joinOfShares`. Who is out of the group meets nobody who came
 * after it was out.
 */
export const isMet = `o.joined_sequence IS NOT NULL
  AND (m.left_sequence IS NULL OR o.joined_sequence <= m.left_sequence)
  AND (o.left_sequence IS NULL OR o.left_sequence >= ${firstReadable})`;

/** Who shares: in the group now, with this device of theirs. Values: device, conversation, user. Row: `SharingGround.by`. */
export const findSharer = `SELECT ${firstReadable} AS first, g.policy FROM members m ${joinOfShares}
    JOIN conversation_groups g ON g.conversation = m.conversation
    JOIN conversation_devices cd ON cd.conversation = m.conversation AND cd.device = ? AND cd.left_sequence IS NULL
    JOIN devices d ON d.device = cd.device AND d.user = m.user AND d.revoked_at IS NULL
  WHERE m.conversation = ? AND m.user = ? AND m.joined_sequence IS NOT NULL AND m.left_sequence IS NULL`;
/** With whom, in the group now. Values: conversation, user. Row: `SharingGround.with`. */
export const findSharedWith = `SELECT ${firstReadable} AS first, m.joined_sequence AS joined FROM members m ${joinOfShares}
  WHERE m.conversation = ? AND m.user = ? AND m.joined_sequence IS NOT NULL AND m.left_sequence IS NULL`;

/** The two members that a share is about, as they are in the group now; undefined where they are not. `policy`: JSON. */
export interface SharingGround {
  by: { first: number; policy: string | null } | undefined;
  with: { first: number; joined: number } | undefined;
}

/** From where the member may read from now on: nobody gives more than it has. Or why not. */
export function sharedFrom(
  share: HistoryShareRow,
  ground: SharingGround,
): { first: number } | Exclude<HistoryShareOutcome, "shared"> {
  if (!ground.by) return "not-a-member";
  const policy = ground.by.policy === null ? null : (JSON.parse(ground.by.policy) as CheckedPolicy);
  const mayShare = policy?.history === "kept" && policy.roles.some(({ user }) => user === share.by.user);
  if (!mayShare || share.user === share.by.user) return "forbidden";
  if (ground.with?.joined !== share.joinedSequence) return "not-a-member";
  return { first: Math.min(ground.by.first, ground.with.first) };
}
