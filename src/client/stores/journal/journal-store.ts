import { SottoError } from "../../../protocol/errors.ts";
import { withDeadline } from "../../async/waiting.ts";
import type { OpenClientStore } from "../client-store.ts";
import { checkChanges } from "../ordered-records.ts";
import { encodeBatch } from "./batch-codec.ts";
import type { Journal } from "./journal.ts";
import { WriteQueue } from "./write-queue.ts";

/** How much one frame may hold once it is sealed. */
export const maxFrameBytes = 64 * 1024 * 1024;
/** How much one batch may hold once encoded: the largest frame, less what sealing adds. */
const maxBatchBytes = maxFrameBytes - 1024;

/**
 * A store over a journal. `release` lets go of the lock. `lost`: fires when the store is taken from its opener, with a `SottoError` for
 * its reason, which every later call throws.
 */
export function openJournal(journal: Journal, release: () => Promise<void>, lost?: AbortSignal): OpenClientStore {
  const queue = new WriteQueue(journal);
  let closing: Promise<void> | undefined;
  const mustBeOpen = () => {
    if (closing) throw new SottoError("closed", { detail: "The store has been closed." });
  };
  /** Who loses the store waits for nothing of it any more: a browser may leave what was under way without an answer. */
  const unlessLost = async <Result>(begin: () => Promise<Result>): Promise<Result> => {
    lost?.throwIfAborted();
    return withDeadline(begin(), { signal: lost }).catch((error: unknown) => {
      throw lost?.aborted ? (lost.reason as SottoError) : error;
    });
  };
  const finish = async () => {
    try {
      const { isSound } = await unlessLost(() => queue.drain());
      await unlessLost(() => (isSound ? journal.close() : journal.abandon()));
    } catch (error) {
      if (!lost?.aborted) throw error;
      await journal.abandon();
    } finally {
      await release();
    }
  };
  return {
    ...(lost && { lost }),
    async get(table, id) {
      mustBeOpen();
      return unlessLost(() => journal.get(table, id));
    },
    async list(table, options) {
      mustBeOpen();
      return unlessLost(() => journal.list(table, options));
    },
    async write(changes) {
      mustBeOpen();
      checkChanges(changes);
      if (changes.length === 0) return;
      const batch = encodeBatch(changes);
      if (batch.bytes.length > maxBatchBytes) throw new SottoError("too-large");
      await unlessLost(() => queue.write(batch));
    },
    async close() {
      await (closing ??= finish());
    },
  };
}
