/** A conversation from its beginning to its end, page by page, over refusals that pass and a connection that was lost. */
import { SottoError } from "../../protocol/errors.ts";
import { withDeadline } from "../async/waiting.ts";
import type { Conversation } from "../conversation/conversation.ts";
import type { HistoryPage } from "../conversation/history-pages.ts";
import { pauseBeforeRetry, type ClientCore } from "../core.ts";

/** `closing`: also where the caller has had enough. */
type Core = Pick<ClientCore, "connection" | "closing">;

const messagesPerPage = 200;
/** Refusals that pass, in a row. */
const triesAtMost = 8;
/** For a connection that was lost to come back. */
const patienceMs = 60_000;

/** From old to new. Of the first page `earlier` is what lies before all; of others `more`. That one is not complete is said once. */
export async function* wholeHistory(
  core: Core,
  conversation: Conversation,
  signal: AbortSignal | undefined,
): AsyncGenerator<HistoryPage, void, void> {
  const read = (after: number | undefined): Promise<HistoryPage> => readPage(core, conversation, after, signal);
  let isComplete = true;
  for (let after: number | undefined = 0, isFirst = true; after !== undefined; isFirst = false) {
    const page = await read(after);
    const earlier = isFirst ? await beginningOf(page, read) : "more";
    yield { ...page, earlier, isComplete: page.isComplete || !isComplete };
    isComplete &&= page.isComplete;
    ({ after } = page);
  }
}

/** Where nothing is there to begin with, the newest page says why. */
async function beginningOf(
  { messages, earlier }: HistoryPage,
  read: (after: number | undefined) => Promise<HistoryPage>,
): Promise<HistoryPage["earlier"]> {
  const said = messages.length === 0 ? (await read(undefined)).earlier : earlier;
  return said === "more" ? "not-now" : said;
}

async function readPage(
  core: Core,
  conversation: Conversation,
  after: number | undefined,
  signal: AbortSignal | undefined,
): Promise<HistoryPage> {
  for (let attempt = 0; ; attempt += 1) {
    await backOnline(core);
    try {
      const from = after === undefined ? {} : { after };
      return await conversation.history({ ...from, limit: messagesPerPage, ...(signal && { signal }) });
    } catch (error) {
      // It was lost meanwhile. What is here can be read without one.
      if (error instanceof SottoError && error.code === "offline" && attempt < triesAtMost) continue;
      if (attempt === triesAtMost) throw error;
      await pauseBeforeRetry(core, error, attempt);
    }
  }
}

/** One that was lost is waited for; where there was none, what is here is all there is. */
async function backOnline({ connection, closing }: Core): Promise<void> {
  if (connection.state !== "reconnecting") return;
  let off = (): void => undefined;
  const moved = new Promise<void>((resolve) => {
    off = connection.on("state", ({ state }) => {
      if (state !== "reconnecting") resolve();
    });
  });
  await withDeadline(moved, { timeoutMs: patienceMs, signal: closing }).catch(() => undefined);
  off();
}
