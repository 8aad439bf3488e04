/**
 * The leaves of a group's tree after a commit (RFC 9420 §7.7, §12.1): Removes blank theirs, blanks at the right end are cut
 * off, then each Add takes the leftmost blank or a new leaf. Pure: the node keeps its roster by it, members check theirs.
 */
export function nextLeaves<T>(
  leaves: readonly (T | null)[],
  removes: readonly number[],
  adds: readonly T[],
): (T | null)[] {
  const next = leaves.map((leaf, index) => (removes.includes(index) ? null : leaf));
  while (next.length > 0 && next.at(-1) === null) next.pop();
  for (const added of adds) {
    const blank = next.indexOf(null);
    if (blank === -1) next.push(added);
    else next[blank] = added;
  }
  return next;
}
