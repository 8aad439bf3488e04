/**
 * That there is a store of this name, said where the browser does not clear it together with IndexedDB when it runs out of room: in
 * localStorage. Workers have none, and some browsers clear both.
 */
const markOf = (name: string): string => `sotto/${name}`;

/** Undefined where there is none, or this page may not use it. */
function place(): Storage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}

export function isMarked(name: string): boolean {
  return (place()?.getItem(markOf(name)) ?? null) !== null;
}

/** Best effort: it may be full. */
export function mark(name: string): void {
  try {
    place()?.setItem(markOf(name), "");
  } catch {
    // Eviction goes unnoticed then, as in a worker.
  }
}

export function unmark(name: string): void {
  place()?.removeItem(markOf(name));
}
