import { rowsWhere, type PurgeRule } from "./purge-rule.ts";

/** Somebody who was erased so long ago that retention has passed all that they said. */
const isLongErased = (user: string) => `${user} IN (SELECT e.pseudonym FROM erasures e WHERE e.erased_at < ?)`;
const isNowhere = (user: string) => `NOT EXISTS (SELECT 1 FROM members m WHERE m.user = ${user})`;

/** What is left of who was erased, in the order in which it goes. */
export const erasedUsers: readonly PurgeRule[] = [
  rowsWhere({
    table: "members",
    key: ["conversation", "user"],
    condition: `${isLongErased("members.user")} AND NOT EXISTS (SELECT 1 FROM group_members g WHERE g.user = members.user
      AND g.conversation = members.conversation) AND NOT EXISTS (SELECT 1 FROM directs d WHERE d.conversation = members.conversation)`,
    at: "retention",
    rule: "users who were erased before the retention, in groups that they are removed from",
  }),
  rowsWhere({
    table: "devices",
    key: ["device"],
    condition: `${isLongErased("devices.user")} AND ${isNowhere("devices.user")}`,
    at: "retention",
    rule: "keys of who was erased: with the last of their messages",
  }),
  rowsWhere({
    table: "blocks",
    key: ["user", "blocked"],
    condition: `${isLongErased("blocks.user")} AND ${isNowhere("blocks.user")}`,
    at: "retention",
    rule: "of who was erased: the same",
  }),
  rowsWhere({
    table: "device_lists",
    key: ["user"],
    condition: `${isLongErased("device_lists.user")} AND ${isNowhere("device_lists.user")}
      AND NOT EXISTS (SELECT 1 FROM devices d WHERE d.user = device_lists.user)`,
    at: "retention",
    rule: "of who was erased: the same",
  }),
  rowsWhere({
    table: "erasures",
    key: ["pseudonym"],
    condition: `erased_at < ? AND ${isNowhere("erasures.pseudonym")}
      AND NOT EXISTS (SELECT 1 FROM device_lists l WHERE l.user = erasures.pseudonym)`,
    at: "retention",
    rule: "with all that is left of who was erased",
  }),
];
