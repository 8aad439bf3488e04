import type { Page } from "playwright-core";
import { createClient, memoryStore, type Client } from "../src/client/index.ts";
import { NodeProcess } from "../test/support/node-process.ts";
import { WebWorld, webSettings, type Person } from "../test/support/browser/web-world.ts";
import type { Figure, Scale } from "./figures.ts";
import { frameCosts } from "./trace.ts";

const plenty = "1000000";
const atOnce = 500;
/** What may be in a frame, by the target. */
const frameMs = 50;
const step = 600;

/** P10 web: a conversation of 10,000 messages in the web client: what opening it opens, and the longest frame while all of it goes by. */
export async function webConversation({ quick }: Scale): Promise<Figure[]> {
  const count = quick ? 1_000 : 10_000;
  const node = await NodeProcess.start({
    ...webSettings,
    RATE_REQUESTS_PER_SECOND: plenty,
    RATE_MESSAGES_PER_SECOND: plenty,
  });
  const world = await WebWorld.on(node);
  try {
    const alice = await world.person("alice", { viewport: { width: 1280, height: 800 } });
    await receive(node, count);
    await alice.page.getByRole("link", { name: /bob/ }).getByText(`message ${count} `).waitFor({ timeout: 600_000 });
    return await measured(world, alice, count);
  } finally {
    await world.leave();
    await node.close();
  }
}

/** Somebody else writes so many messages to alice, who gets them all. */
async function receive({ url }: NodeProcess, count: number): Promise<void> {
  const response = await fetch(`${url}/v1/accounts`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user: "bob", password: "correct horse battery" }),
  });
  const { token } = (await response.json()) as { token: string };
  const bob: Client = await createClient({ url, user: "bob", token: async () => token, store: memoryStore() });
  await bob.connect();
  const chat = await bob.direct("alice");
  for (let sent = 0; sent < count;) {
    let last;
    for (const end = Math.min(sent + atOnce, count); sent < end;) {
      sent += 1;
      last = chat.send(`message ${sent} of many, ${"as long as people write when they have time ".repeat(sent % 5)}`);
    }
    await last?.reached("delivered", { timeout: 120_000 });
  }
  await bob.close();
}

async function measured(world: WebWorld, alice: Person, count: number): Promise<Figure[]> {
  const { page } = alice;
  await page.reload();
  const unlockedAt = performance.now();
  await alice.unlock();
  await page.getByRole("link", { name: /bob/ }).getByText(`message ${count} `).waitFor();
  const unlockMs = performance.now() - unlockedAt;
  const reads = await countReads(page);
  const openedAt = performance.now();
  await page.getByRole("link", { name: /bob/ }).click();
  await alice.sees(`message ${count} `);
  const openMs = performance.now() - openedAt;
  const opening = await reads();
  const shown = await page.getByRole("article").count();

  await world.browser.startTracing(page, {
    categories: ["devtools.timeline", "disabled-by-default-devtools.timeline"],
  });
  const scrolledMs = await scrollThrough(page);
  const frames = frameCosts(await world.browser.stopTracing());
  if (frames.frames < 100) throw new Error(`The trace has ${frames.frames} frames: it is not whole.`);
  const said = (costs: Record<string, number>): string =>
    Object.entries(costs)
      .sort(([, one], [, other]) => other - one)
      .map(([work, ms]) => `${work} ${ms.toFixed(ms < 10 ? 1 : 0)}`)
      .join(", ");
  const title = `${count.toLocaleString("en")} messages in the browser`;
  const [records, all] = [opening.records, opening.recordsInAll];
  return [
    {
      name: "P10 web",
      title: `${title}, opened`,
      unit: "messages",
      reference: shown,
      sotto: opening.messages,
      ratio: opening.messages / shown,
      toReach: 1,
      detail: `shown and opened; ${records} of ${all} sealed frames read from the disk for it; shown after ${openMs.toFixed(0)} ms, and ${unlockMs.toFixed(0)} ms after the password`,
    },
    {
      name: "P10 web",
      title: `${title}, longest frame`,
      unit: "CPU ms",
      reference: frameMs,
      sotto: frames.longestMs,
      ratio: frames.longestMs / frameMs,
      toReach: 1,
      detail: `of the main thread: ${said(frames.inLongest)}; ${frames.over} of ${frames.frames} frames over ${frameMs} ms; from frame to frame ${frames.medianGapMs.toFixed(1)} ms, ${frames.longestGapMs.toFixed(0)} at most, ${frames.gapsOver} over ${frameMs}; ${(scrolledMs / 1000).toFixed(0)} s up and down: ${said(frames.inAll)}`,
    },
  ];
}

interface Reads {
  /** That the page was given. */
  messages: number;
  records: number;
  recordsInAll: number;
}

/** From now on: what the worker reads and gives out. */
async function countReads(page: Page): Promise<() => Promise<Reads>> {
  const [worker] = page.workers();
  if (!worker) throw new Error("There is no worker.");
  // What the compiler puts around functions with a name.
  const name = "globalThis.__name = (named) => named";
  await Promise.all([page.evaluate(name), worker.evaluate(name)]);
  await worker.evaluate(() => {
    const counted = { messages: 0, records: 0 };
    Object.assign(globalThis, { counted });
    // oxlint-disable-next-line typescript/unbound-method
    const { getAll } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.getAll = function (this: IDBObjectStore, ...given) {
      const request = getAll.apply(this, given);
      request.addEventListener("success", () => (counted.records += request.result.length));
      return request;
    };
    const post = globalThis.postMessage.bind(globalThis) as (message: unknown) => void;
    globalThis.postMessage = (message: { value?: { entries?: unknown[] } }) => {
      counted.messages += message.value?.entries?.length ?? 0;
      post(message);
    };
  });
  return () =>
    worker.evaluate(async () => {
      const { counted } = globalThis as unknown as { counted: { messages: number; records: number } };
      const answer = <Result>(request: IDBRequest<Result>): Promise<Result> =>
        new Promise((resolve) => request.addEventListener("success", () => resolve(request.result)));
      const [first] = await indexedDB.databases();
      const database = await answer(indexedDB.open(first!.name!));
      const recordsInAll = await answer(database.transaction("frames").objectStore("frames").count());
      database.close();
      return { ...counted, recordsInAll };
    });
}

/** From the end to the beginning and back, a step in each frame. Resolves with how long it took, in ms. */
function scrollThrough(page: Page): Promise<number> {
  return page.evaluate(async (by) => {
    const log = document.querySelector<HTMLElement>("[role=log]")!;
    const began = performance.now();
    for (const direction of [-1, 1]) {
      await new Promise<void>((resolve) => {
        const next = (): void => {
          log.scrollTop += direction * by;
          const isAtEnd =
            direction < 0
              ? log.scrollTop === 0 && log.querySelector(".log-inner > .log-note") !== null
              : log.scrollHeight - log.scrollTop - log.clientHeight < 2 && document.querySelector(".jump") === null;
          if (isAtEnd) resolve();
          else requestAnimationFrame(next);
        };
        requestAnimationFrame(next);
      });
    }
    return performance.now() - began;
  }, step);
}
