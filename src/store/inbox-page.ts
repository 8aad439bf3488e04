/** Rows of an inbox fetched at once, so that a page of large Welcomes does not load many times what it returns. */
export const inboxRowsPerFetch = 4;

/** Gathers a page, whatever the number of fetches: as many entries as were asked for, and bytes as were allowed. */
export class InboxPage<Row extends { welcome: Uint8Array | null; position: number }> {
  readonly rows: Row[] = [];
  /** There is more than the page holds. */
  more = false;
  private bytes = 0;
  private readonly limit: number;
  private readonly maxBytes: number;

  constructor(limit: number, maxBytes: number) {
    this.limit = limit;
    this.maxBytes = maxBytes;
  }

  /** Whether another fetch is of use: `fetched` were all that it could bring, and all of them went in. */
  take(fetched: readonly Row[]): boolean {
    for (const row of fetched) {
      this.bytes += row.welcome?.length ?? 0;
      this.more = this.rows.length === this.limit || (this.bytes > this.maxBytes && this.rows.length > 0);
      if (this.more) return false;
      this.rows.push(row);
    }
    return fetched.length === inboxRowsPerFetch;
  }
}
