export function wordsOfSources(): Set<string>;
