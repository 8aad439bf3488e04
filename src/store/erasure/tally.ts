import type { ErasedRows } from "../../actors/ports/store-erasure.ts";

/** How many rows of each table went, and how many stay changed. */
export class Tally {
  private readonly tables = new Map<string, ErasedRows>();

  deleted(table: string, rows: number): void {
    this.of(table).deleted += rows;
  }

  kept(table: string, rows: number): void {
    this.of(table).kept += rows;
  }

  get rows(): ErasedRows[] {
    return [...this.tables.values()].filter(({ deleted, kept }) => deleted + kept > 0);
  }

  private of(table: string): ErasedRows {
    const known = this.tables.get(table) ?? { table, deleted: 0, kept: 0 };
    this.tables.set(table, known);
    return known;
  }
}
