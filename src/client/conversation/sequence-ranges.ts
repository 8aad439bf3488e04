/** Sets of sequences as inclusive ranges, ascending and apart: what an ack says could not be opened. */
export type SequenceRanges = [number, number][];

/**
 * The ranges with [from, to] added. Past `maxRanges` the closest two grow together: the set may then claim too much, which
 * is the honest side to err on for what was *not* opened.
 */
export function addRange(ranges: SequenceRanges, from: number, to: number, maxRanges: number): SequenceRanges {
  const sorted = [...ranges, [from, to] as [number, number]].sort((a, b) => a[0] - b[0]);
  const merged: SequenceRanges = [];
  for (const [start, end] of sorted) {
    const last = merged.at(-1);
    if (last && start <= last[1] + 1) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  while (merged.length > maxRanges) mergeClosest(merged);
  return merged;
}

export function includesSequence(ranges: SequenceRanges, sequence: number): boolean {
  return ranges.some(([from, to]) => from <= sequence && sequence <= to);
}

/** The part of the ranges that does not go beyond a sequence. */
export function rangesUpTo(ranges: SequenceRanges, sequence: number): SequenceRanges {
  return ranges.flatMap(([from, to]): SequenceRanges => (from > sequence ? [] : [[from, Math.min(to, sequence)]]));
}

/** What of [from, to] is in none of the ranges, ascending. */
export function gapsIn(ranges: SequenceRanges, from: number, to: number): SequenceRanges {
  const gaps: SequenceRanges = [];
  let next = from;
  for (const [start, end] of ranges) {
    if (end < next) continue;
    if (start > to) break;
    if (start > next) gaps.push([next, start - 1]);
    next = end + 1;
  }
  if (next <= to) gaps.push([next, to]);
  return gaps;
}

function mergeClosest(ranges: SequenceRanges): void {
  let closest = 0;
  for (let at = 1; at < ranges.length - 1; at++) {
    if (gapAfter(ranges, at) < gapAfter(ranges, closest)) closest = at;
  }
  ranges.splice(closest, 2, [ranges[closest]![0], ranges[closest + 1]![1]]);
}

const gapAfter = (ranges: SequenceRanges, at: number): number => ranges[at + 1]![0] - ranges[at]![1];
