/** Inclusive ranges of sequences, ascending and apart. As a column: JSON. */
export type SequenceRanges = [number, number][];

/** The range of what follows a sequence, without end. */
export const allAfter = (sequence: number): [number, number] => [sequence + 1, Number.MAX_SAFE_INTEGER];

/** The ranges of a column. */
export function parseRanges(column: string): SequenceRanges {
  return column === "[]" ? [] : (JSON.parse(column) as SequenceRanges);
}

/** What is in either. Ranges that end before they begin count as empty. */
export function unionOf(a: SequenceRanges, b: SequenceRanges): SequenceRanges {
  const union: SequenceRanges = [];
  const all = [...a, ...b].filter(([from, to]) => from <= to).sort(([one], [other]) => one - other);
  for (const [from, to] of all) {
    const last = union.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else union.push([from, to]);
  }
  return union;
}

/** What is in `from` and not in `taken`. */
export function withoutRanges(from: SequenceRanges, taken: SequenceRanges): SequenceRanges {
  let rest = from.filter(([start, end]) => start <= end);
  for (const [first, last] of taken) {
    if (first > last) continue;
    rest = rest.flatMap(([start, end]): SequenceRanges => {
      if (last < start || first > end) return [[start, end]];
      const parts: SequenceRanges = [
        [start, first - 1],
        [last + 1, end],
      ];
      return parts.filter(([begin, to]) => begin <= to);
    });
  }
  return rest;
}

/** What is in both. */
export function commonRanges(a: SequenceRanges, b: SequenceRanges): SequenceRanges {
  return withoutRanges(a, withoutRanges(a, b));
}

/** How many sequences they hold. */
export function countSequences(ranges: SequenceRanges): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}
