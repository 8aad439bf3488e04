import type { Entry } from "../bridge/contract.ts";

/** Of the entries that were read, those that are in the document: from, and up to but not with. */
export interface Span {
  from: number;
  to: number;
  /** It grew at its lower end: what is too much goes from the upper one. */
  isDownwards?: boolean;
}

/** In the document at most. */
const windowSize = 200;

export function windowOf(count: number, span: Span | undefined): Span {
  if (!span) return { from: Math.max(0, count - windowSize), to: count };
  const to = Math.min(span.to, count);
  if (to - span.from <= windowSize) return { from: span.from, to };
  return span.isDownwards ? { from: to - windowSize, to } : { from: span.from, to: span.from + windowSize };
}

/** By the log; what it does not have yet stands at the end, as it was written. */
const orderOf = ({ sequence }: Entry): number => sequence ?? Infinity;

/** Takes new ones in, and what is known already as it is now. What was there keeps its place among its like. */
export function placed(known: readonly Entry[], more: readonly Entry[]): readonly Entry[] {
  const latest = new Map(more.map((entry) => [entry.id, entry]));
  const kept = known.map((entry) => {
    const now = latest.get(entry.id);
    latest.delete(entry.id);
    return now ?? entry;
  });
  // A page before what is known needs no place looked for.
  if (latest.size === more.length && arePast(known, more)) return [...more, ...kept];
  return [...kept, ...latest.values()].sort((one, other) => {
    const [first, second] = [orderOf(one), orderOf(other)];
    return first === second ? 0 : first - second;
  });
}

function arePast(known: readonly Entry[], more: readonly Entry[]): boolean {
  const [first, last] = [known[0], more.at(-1)];
  return first !== undefined && last !== undefined && orderOf(last) < orderOf(first);
}
