/**
 * What a database holds about one user, table by table: what `sotto export` gives out. Both stores ask the same. A table is either
 * here or among those that are about nobody, with the reason: a test reads the schema and fails where one is in neither.
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
}

const ofOwnDevices = "device IN (SELECT device FROM devices WHERE user = ?)";
const byUser = { where: "user = ?", key: ["user"] };

export const heldTables: Readonly<Record<string, HeldTable>> = {
  // What the password is kept as would only help somebody to guess it.
  accounts: { ...byUser, omits: ["password_hash"] },
  device_lists: byUser,
  device_list_entries: { where: "user = ?", key: ["version"] },
  devices: { where: "user = ?", key: ["device"] },
  device_names: { where: ofOwnDevices, key: ["device"] },
  link_offers: { where: "user = ?", key: ["channel"] },
  key_packages: { where: ofOwnDevices, key: ["id"] },
  inbox: { where: ofOwnDevices, key: ["device", "position"] },
  readd_requests: { where: "user = ?", key: ["conversation", "device"] },
  directs: { where: "(user_a = ? OR user_b = ?)", key: ["user_a", "user_b"] },
  conversation_groups: { where: "creator = ?", key: ["conversation"], omits: ["policy", "leavers"] },
  group_members: { where: "user = ?", key: ["conversation"] },
  members: { where: "user = ?", key: ["conversation"] },
  conversation_devices: { where: "user = ?", key: ["conversation", "device"] },
  messages: {
    where: "conversation IN (SELECT conversation FROM members WHERE user = ?) AND sender_user = ?",
    key: ["conversation", "sequence"],
  },
  receipts: {
    where: "conversation IN (SELECT conversation FROM members WHERE user = ?) AND user = ?",
    key: ["conversation", "version"],
  },
  history_keys: { where: "user = ?", key: ["conversation", "generation", "epoch"] },
  history_shares: { where: "user = ?", key: ["conversation"] },
  archive_grants: { where: ofOwnDevices, key: ["device", "generation", "given_by"] },
  recovery_keys: byUser,
  recovery_grants: { where: "user = ?", key: ["by_device", "generation"] },
  blobs: { where: "user = ?", key: ["id"] },
  blocks: { where: "user = ?", key: ["blocked"] },
  privacy_settings: byUser,
  wakes: byUser,
  push_subscriptions: { where: "user = ?", key: ["device"] },
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
