/** Inclusive ranges of sequences, ascending and apart. */
export type Ranges = [number, number][];

/** How many sequences the ranges hold. */
export function countUnopened(ranges: Ranges): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

/**
 * What no device of a user has opened, after one more ack: of what was unopened, the part that this device has not opened
 * either; beyond what was delivered before, this device's own word.
 */
export function mergeUnopened(
  before: Ranges,
  delivered: number,
  ack: { joined: number; sequence: number; unopened: Ranges },
): Ranges {
  const still: Ranges = [];
  const push = (from: number, to: number) => {
    const last = still.at(-1);
    if (from > to) return;
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else still.push([from, to]);
  };
  for (const [from, to] of before) {
    // Below its join and beyond its ack, the device says nothing.
    push(from, Math.min(to, ack.joined - 1));
    for (const [own, ownEnd] of ack.unopened) push(Math.max(from, own, ack.joined), Math.min(to, ownEnd));
    push(Math.max(from, ack.sequence + 1), to);
  }
  for (const [from, to] of ack.unopened) push(Math.max(from, delivered + 1), Math.min(to, ack.sequence));
  return still;
}
