import { useEffect, useState } from "preact/hooks";
import { CallFailure } from "../../bridge/caller.ts";
import type { HitFacts } from "../../bridge/contract.ts";
import { bridge } from "../../state/bridge.ts";
import { wordsFor } from "../../state/notices.ts";

export const hitsAtMost = 50;

export interface Search {
  words: string;
  /** Undefined until the first answer. */
  hits: readonly HitFacts[] | undefined;
  isSearching: boolean;
  error: string | undefined;
}

const nothing = { hits: undefined, isSearching: false, error: undefined };

/** Looks for words as they are typed, in one conversation or in all: what was asked before is given up. */
export function useSearch(words: string, conversation?: string): Search {
  const [answer, setAnswer] = useState<Omit<Search, "words">>(nothing);
  useEffect(() => {
    const stop = new AbortController();
    if (words.trim() === "") {
      setAnswer(nothing);
      return undefined;
    }
    setAnswer(({ hits }) => ({ hits, isSearching: true, error: undefined }));
    const given = { words, limit: hitsAtMost, ...(conversation !== undefined && { conversation }) };
    bridge.call("search", given, stop.signal).then(
      (hits) => !stop.signal.aborted && setAnswer({ hits, isSearching: false, error: undefined }),
      (failure: unknown) => {
        if (failure instanceof CallFailure && failure.code === "aborted") return;
        setAnswer({ hits: undefined, isSearching: false, error: wordsFor(failure) });
      },
    );
    return () => stop.abort();
  }, [words, conversation]);
  return { words, ...answer };
}
