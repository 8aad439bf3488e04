import { SottoError } from "../../protocol/errors.ts";
import type { ListOptions, RecordChange } from "./client-store.ts";

const printable = /^[ -~]+$/;

/** Throws `invalid-argument` for a table or an id that is empty or not printable ASCII. */
export function checkChanges(changes: readonly RecordChange[]): void {
  for (const { table, id } of changes) {
    if (!printable.test(table) || !printable.test(id)) {
      throw new SottoError("invalid-argument", { detail: "Tables and ids are printable ASCII." });
    }
  }
}

/** Values by (table, id), listed in the order of ids. Appending in order is cheap; a change elsewhere moves the ids behind it. */
export class OrderedRecords<Value> {
  private readonly tables = new Map<string, { values: Map<string, Value>; ids: string[] }>();

  get(table: string, id: string): Value | undefined {
    return this.tables.get(table)?.values.get(id);
  }

  /** Returns the value it replaces. */
  set(table: string, id: string, value: Value): Value | undefined {
    let entry = this.tables.get(table);
    if (!entry) this.tables.set(table, (entry = { values: new Map(), ids: [] }));
    const former = entry.values.get(id);
    entry.values.set(id, value);
    if (former === undefined) {
      const last = entry.ids.at(-1);
      if (last === undefined || last < id) entry.ids.push(id);
      else entry.ids.splice(firstAtOrAfter(entry.ids, id), 0, id);
    }
    return former;
  }

  /** Returns the value it removes. */
  delete(table: string, id: string): Value | undefined {
    const entry = this.tables.get(table);
    const former = entry?.values.get(id);
    if (!entry || former === undefined) return undefined;
    entry.values.delete(id);
    entry.ids.splice(firstAtOrAfter(entry.ids, id), 1);
    return former;
  }

  list(table: string, options: ListOptions = {}): { id: string; value: Value }[] {
    const entry = this.tables.get(table);
    if (!entry) return [];
    const { ids, values } = entry;
    const prefix = options.prefix ?? "";
    let start = firstAtOrAfter(ids, prefix);
    let end = prefix === "" ? ids.length : firstAtOrAfter(ids, `${prefix}\uffff`);
    if (options.after !== undefined) start = Math.max(start, firstAtOrAfter(ids, `${options.after}\0`));
    if (options.before !== undefined) end = Math.min(end, firstAtOrAfter(ids, options.before));
    const limit = Math.max(0, options.limit ?? Infinity);
    if (options.reverse) start = Math.max(start, end - limit);
    else end = Math.min(end, start + limit);
    const found = ids.slice(start, Math.max(start, end)).map((id) => ({ id, value: values.get(id)! }));
    return options.reverse ? found.reverse() : found;
  }

  *all(): Iterable<{ table: string; id: string; value: Value }> {
    for (const [table, { ids, values }] of this.tables) {
      for (const id of ids) yield { table, id, value: values.get(id)! };
    }
  }
}

function firstAtOrAfter(ids: readonly string[], bound: string): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ids[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
