export function trimWrappers(code: string, words: ReadonlySet<string>): { code: string; calls: Set<string> };
export function trimLoader(
  code: string,
  calls: ReadonlySet<string>,
  load: (bytes: Uint8Array, names: ReadonlySet<string>) => string,
): string;
