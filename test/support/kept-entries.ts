import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import type { ClientStore } from "../../src/client/index.ts";
import { decodeRecord, tables, type EntryRecord } from "../../src/client/records.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { openDriver } from "../../src/store/sqlite/driver.ts";
import { tempFolder } from "./temp-folder.ts";

/** One entry of a log as somebody keeps it. `id` without dashes. */
export interface KeptEntry {
  sequence: number;
  id: string;
  sender: string;
  /** 0: a message, 1: a commit. */
  kind: number;
}

/** What a closed client's store holds of its conversations, in order. */
export async function entriesOf(store: ClientStore): Promise<EntryRecord[]> {
  const opened = await store.open();
  try {
    return (await opened.list(tables.entries)).map(({ bytes }) => decodeRecord<EntryRecord>(bytes));
  } finally {
    await opened.close();
  }
}

/** An entry in one line, the same on every device that holds the same log: what, whose, and everything before it. */
export function lineOf({ sequence, id, sender, logHash }: EntryRecord): string {
  return `${sequence} ${id} ${sender.device} ${toBase64(logHash)}`;
}

/** What stands in a database file that no process has open, read from a copy: the file stays as the last process left it. */
export async function entriesInFile(file: string): Promise<KeptEntry[]> {
  const folder = await tempFolder();
  const copy = join(folder.path, "copy.db");
  for (const ending of ["", "-wal"]) if (existsSync(file + ending)) copyFileSync(file + ending, copy + ending);
  const database = openDriver(copy);
  try {
    const rows = database
      .prepare(
        "SELECT sequence, lower(hex(id)) AS id, sender_user AS sender, kind FROM messages ORDER BY conversation, sequence",
      )
      .all([]);
    return rows as unknown as KeptEntry[];
  } finally {
    database.close();
    await folder.remove();
  }
}

/** As `KeptEntry` has it. */
export const plainId = (id: string): string => id.replaceAll("-", "");
export const dashedId = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
