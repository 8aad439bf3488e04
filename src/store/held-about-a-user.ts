/**
 * What a database holds about one user, table by table: what `sotto export` gives out, and what `sotto erase` takes away. Both stores ask
 * the same. A table is either here or among those that are about nobody, with the reason: a test reads the schema and fails where one is in neither.
 */
import type { HeldKey, HeldPage, HeldRow } from "../actors/ports/store-held.ts";
import type { UserId } from "../protocol/ids.ts";
import { idOf } from "./blobs.ts";

interface HeldTable {
  /** Which of its rows; each `?` is the user. */
  readonly where: string;
  /** Columns that no two rows share, in whose order rows are read. */
  readonly key: readonly string[];
  /** Columns that are left out. */
  readonly omits?: readonly string[];
  /** What becomes of the rows when the user is erased. */
  readonly erased: Erased;
}

/**
 * `gone`: they are deleted. `gone-with-devices`: the same, found by devices that are under the pseudonym by then. A column: the pseudonym takes the name's place in it.
 * `by-conversation`: `erase-conversation.ts` says what.
 */
type Erased = "gone" | "gone-with-devices" | "by-conversation" | { readonly renamed: string };

const ofOwnDevices = "device IN (SELECT device FROM devices WHERE user = ?)";
const byUser = { where: "user = ?", key: ["user"], erased: "gone" } as const;
const byDevice = { where: ofOwnDevices, erased: "gone-with-devices" } as const;

export const heldTables: Readonly<Record<string, HeldTable>> = {
  // What the password is kept as would only help somebody to guess it.
  accounts: { ...byUser, omits: ["password_hash"] },
  device_lists: byUser,
  device_list_entries: { where: "user = ?", key: ["version"], erased: "gone" },
  devices: { where: "user = ?", key: ["device"], erased: { renamed: "user" } },
  device_names: { ...byDevice, key: ["device"] },
  link_offers: { where: "user = ?", key: ["channel"], erased: "gone" },
  key_packages: { ...byDevice, key: ["id"] },
  inbox: { ...byDevice, key: ["device", "position"] },
  readd_requests: { where: "user = ?", key: ["conversation", "device"], erased: "gone" },
  directs: { where: "(user_a = ? OR user_b = ?)", key: ["user_a", "user_b"], erased: "by-conversation" },
  conversation_groups: {
    where: "creator = ?",
    key: ["conversation"],
    omits: ["policy", "leavers"],
    erased: "by-conversation",
  },
  group_members: { where: "user = ?", key: ["conversation"], erased: "by-conversation" },
  members: { where: "user = ?", key: ["conversation"], erased: "by-conversation" },
  conversation_devices: { where: "user = ?", key: ["conversation", "device"], erased: "by-conversation" },
  messages: {
    where: "conversation IN (SELECT conversation FROM members WHERE user = ?) AND sender_user = ?",
    key: ["conversation", "sequence"],
    erased: "by-conversation",
  },
  receipts: {
    where: "conversation IN (SELECT conversation FROM members WHERE user = ?) AND user = ?",
    key: ["conversation", "version"],
    erased: "by-conversation",
  },
  history_keys: { where: "user = ?", key: ["conversation", "generation", "epoch"], erased: "gone" },
  history_shares: { where: "user = ?", key: ["conversation"], erased: "gone" },
  archive_grants: { ...byDevice, key: ["device", "generation", "given_by"] },
  recovery_keys: byUser,
  recovery_grants: { where: "user = ?", key: ["by_device", "generation"], erased: "gone" },
  blobs: { where: "user = ?", key: ["id"], erased: { renamed: "user" } },
  blocks: { where: "user = ?", key: ["blocked"], erased: "gone" },
  privacy_settings: byUser,
  wakes: byUser,
  push_subscriptions: { where: "user = ?", key: ["device"], erased: "gone" },
};

/** Tables that hold nothing about one user alone, and why. */
export const heldAboutNobody: Readonly<Record<string, string>> = {
  conversations: "how far a conversation is, whoever is in it",
  rosters: "the devices of all members; one's own stand in conversation_devices",
  welcomes: "sealed for all who were added at once; who it is for stands in inbox",
  commits: "where commits stand in messages",
  disappearing: "which messages go early, whoever sent them",
  due: "which conversations wait, whoever is in them",
  sweeps: "when the node's timers ran",
  sweep_reports: "what the last of them found, by table",
  node_keys: "keys of the deployment",
  erasures: "who was erased under which pseudonym, without the name, and who is being erased just now",
  schema_migrations: "the schema",
};

/** Columns of 16 bytes that are UUIDs. */
const ids = new Set([
  "device",
  "conversation",
  "id",
  "sender_device",
  "last_id",
  "subject",
  "by_device",
  "read_device",
]);

/** The statement for one page of a table, and its parameters. The table is one of `heldTables`. */
export function heldQuery<Value>(
  user: UserId,
  table: string,
  page: { after: HeldKey | undefined; limit: number },
): { sql: string; parameters: (Value | string | number)[] } {
  const { where, key } = tableOf(table);
  const isAfter = page.after ? `AND (${key.join(", ")}) > (${key.map(() => "?").join(", ")})` : "";
  const sql = `SELECT * FROM ${table} WHERE ${where} ${isAfter} ORDER BY ${key.join(", ")} LIMIT ${page.limit}`;
  const users = Array.from(where.matchAll(/\?/g), () => user);
  return { sql, parameters: [...users, ...((page.after ?? []) as (Value | string | number)[])] };
}

/** Rows as they are given out: UUIDs as text, other bytes in base64, what is left out left out. */
export function heldPage(table: string, rows: readonly Record<string, unknown>[], limit: number): HeldPage {
  const { key, omits = [] } = tableOf(table);
  const last = rows.length < limit ? undefined : rows.at(-1);
  return {
    rows: rows.map((row) => plainRow(row, omits)),
    after: last && (key.map((column) => last[column]) as HeldKey),
  };
}

function tableOf(table: string): HeldTable {
  const held = heldTables[table];
  if (!held) throw new RangeError("nothing about a user is held there");
  return held;
}

function plainRow(row: Record<string, unknown>, omits: readonly string[]): HeldRow {
  const plain = Object.entries(row).filter(([column]) => !omits.includes(column));
  return Object.fromEntries(plain.map(([column, value]) => [column, plainValue(column, value)]));
}

function plainValue(column: string, value: unknown): HeldRow[string] {
  if (value instanceof ArrayBuffer) return plainValue(column, new Uint8Array(value));
  if (!(value instanceof Uint8Array)) return value as HeldRow[string];
  return ids.has(column) && value.length === 16 ? idOf(value) : Buffer.from(value).toString("base64");
}
