/**
 * The conversation on the screen: the entries that were read of it, in order, and which of them are shown. Pages are read upwards as they are
 * wanted; of what was read only a window is in the document, so that ten thousand messages cost no more than two hundred.
 */
import { batch, computed, effect, signal } from "@preact/signals";
import { CallFailure } from "../bridge/caller.ts";
import type { Entry, HistoryFacts, MessageFacts } from "../bridge/contract.ts";
import { bridge } from "./bridge.ts";
import { chosen } from "./conversations.ts";
import { run } from "./notices.ts";
import { placed, windowOf, type Span } from "./entries.ts";

const pageSize = 50;
/** So many more are shown at once: drawn within a frame, also by a slow machine. */
const stepSize = 25;

const none: readonly Entry[] = [];
const entries = signal(none);
/** Which of the entries are in the document; undefined: the newest. */
const span = signal<Span | undefined>(undefined);
const before = signal<number | undefined>(undefined);
const typing = signal<ReadonlyMap<string, readonly string[]>>(new Map());
/** What was read may not be all: it is read again when something has changed that may bring the rest. */
let mayHaveMore = false;
let reading = new AbortController();

export const earlier = signal<HistoryFacts["earlier"]>("more");
export const firstUnread = signal<number | undefined>(undefined);
export const isLoading = signal(false);
/** The first page is there. */
export const isEntered = signal(false);
export const replyingTo = signal<MessageFacts | undefined>(undefined);
export const editing = signal<MessageFacts | undefined>(undefined);
export const uploads = signal<ReadonlyMap<string, number>>(new Map());

export const shown = computed(() => {
  const { from, to } = windowOf(entries.value.length, span.value);
  return { entries: entries.value.slice(from, to), isFirst: from === 0, isLast: to === entries.value.length };
});
export const typingHere = computed(() => typing.value.get(chosen.value ?? "") ?? []);

export const entryOf = (id: string): Entry | undefined => entries.value.find((entry) => entry.id === id);

/** Follows what is chosen, as long as the client is open. */
export function followChoice(): () => void {
  return effect(() => {
    const id = chosen.value;
    closeConversation();
    if (id !== undefined) run(open(id));
  });
}

export function closeConversation(): void {
  reading.abort();
  reading = new AbortController();
  batch(() => {
    entries.value = none;
    span.value = undefined;
    before.value = undefined;
    earlier.value = "more";
    firstUnread.value = undefined;
    isEntered.value = false;
    mayHaveMore = false;
    isLoading.value = false;
    replyingTo.value = undefined;
    editing.value = undefined;
  });
}

/** What is above: of what was read, or else the page before. */
export async function showEarlier(): Promise<void> {
  const { from, to } = windowOf(entries.value.length, span.value);
  if (from > 0) span.value = { from: Math.max(0, from - stepSize), to };
  else if (before.value !== undefined && !isLoading.value) await readPage(chosen.value!, before.value);
}

export function showLater(): void {
  const { from, to } = windowOf(entries.value.length, span.value);
  const end = to + stepSize;
  span.value = end >= entries.value.length ? undefined : { from, to: end, isDownwards: true };
}

export function showLatest(): void {
  span.value = undefined;
}

async function open(conversation: string): Promise<void> {
  const { signal: stop } = reading;
  const { firstUnread: first } = await bridge.call("enter", { conversation }, stop);
  if (stop.aborted) return;
  firstUnread.value = first;
  await readPage(conversation, undefined);
}

async function readPage(conversation: string, from: number | undefined): Promise<void> {
  const { signal: stop } = reading;
  isLoading.value = true;
  try {
    const request = { conversation, limit: pageSize, ...(from !== undefined && { before: from }) };
    const page = await bridge.call("history", request, stop);
    if (stop.aborted) return;
    batch(() => {
      const sizeBefore = entries.value.length;
      const { to } = windowOf(sizeBefore, span.value);
      entries.value = placed(entries.value, page.entries);
      // What is looked at stays: a page that comes in above moves the window down by what it brought.
      const added = entries.value.length - sizeBefore;
      if (from !== undefined) span.value = { from: Math.max(0, added - stepSize), to: to + added };
      mayHaveMore = page.earlier === "not-now" || !page.isComplete || entries.value.length === 0;
      before.value = page.before;
      earlier.value = page.earlier;
      isEntered.value = true;
    });
  } catch (error) {
    if (!(error instanceof CallFailure && error.code === "offline")) throw error;
    mayHaveMore = true;
    earlier.value = "not-now";
  } finally {
    if (!stop.aborted) {
      isLoading.value = false;
      isEntered.value = true;
    }
  }
}

function take(entry: Entry): void {
  if (entry.conversation === chosen.value) entries.value = placed(entries.value, [entry]);
}

export function add(message: MessageFacts): void {
  take(message);
  showLatest();
}

export function drop(id: string): void {
  entries.value = entries.value.filter((entry) => entry.id !== id);
}

/** A device that was just linked is let in a little later; and who was offline comes back. */
function readAgain(): void {
  const conversation = chosen.value;
  if (conversation !== undefined && mayHaveMore && isEntered.value && !isLoading.value) {
    run(readPage(conversation, undefined));
  }
}

bridge.on("conversation", ({ id }) => id === chosen.value && readAgain());
bridge.on("connection", ({ state }) => state === "online" && readAgain());
bridge.on("message", take);
bridge.on("unopened", take);
bridge.on("disappeared", ({ message }) => drop(message));
bridge.on("typing", ({ conversation, user, isTyping }) => {
  const others = (typing.value.get(conversation) ?? []).filter((one) => one !== user);
  typing.value = new Map(typing.value).set(conversation, isTyping ? [...others, user] : others);
});
bridge.on("upload", ({ message, index, sent, total }) => {
  uploads.value = new Map(uploads.value).set(`${message}/${index}`, total === 0 ? 1 : sent / total);
});
bridge.on("download", ({ message, index, received, total }) => {
  uploads.value = new Map(uploads.value).set(`${message}/${index}`, total === 0 ? 1 : received / total);
});
