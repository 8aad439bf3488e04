import type { UserId } from "../../protocol/ids.ts";

/** One row as it is given out: UUIDs as text, other bytes in base64. */
export type HeldRow = Record<string, string | number | null>;
/** Where in a table a page ended. */
export type HeldKey = readonly (string | number | Uint8Array)[];

export interface HeldPage {
  rows: HeldRow[];
  /** Pass as `after` for the next page; undefined after the last. */
  after: HeldKey | undefined;
}

/** What is held about one user, for who asks for it: everything but what would help to be taken for that user. */
export interface HeldStore {
  /** A user's rows of one table, in order of its key. A table is one of `heldTables` in `src/store/held-about-a-user.ts`. */
  readHeld(user: UserId, table: string, page: { after: HeldKey | undefined; limit: number }): Promise<HeldPage>;
}
