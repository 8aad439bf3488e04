/** Each device counts its messages, and signs the count: what is left out of a history, or has changed places with another, shows. */
import type { DeviceId } from "../../protocol/ids.ts";
import type { LogEntry } from "../../protocol/log-entry.ts";

/** Places that were told of. */
const toldAtMost = 1024;

export class NumberComparison {
  /** How far down numbers have been compared in one go, and the lowest of each device in it. */
  private comparedTo = Infinity;
  private readonly lowest = new Map<DeviceId, number>();
  private readonly told = new Set<number>();

  /** Entries before which something is missing, each told of once. `entries`: a page, ascending; pages may come in any order. */
  missingIn(entries: readonly LogEntry[]): LogEntry[] {
    const missing: LogEntry[] = [];
    // Only what lies next to each other is compared.
    if (entries.at(-1)?.sequence !== this.comparedTo - 1) this.lowest.clear();
    for (const entry of entries.toReversed()) {
      const { kind, sequence, sender, number } = entry;
      this.comparedTo = sequence;
      if (kind !== "message") continue;
      const lowest = this.lowest.get(sender.device);
      this.lowest.set(sender.device, number);
      if (lowest === undefined || number === lowest - 1 || this.told.has(sequence)) continue;
      if (this.told.size < toldAtMost) this.told.add(sequence);
      missing.push(entry);
    }
    return missing;
  }
}
