/**
 * The conversation on the screen: the entries that were read of it, in order, and which of them are shown. Pages are read upwards as they are
 * wanted, or from a message that was looked for in both directions; what was read has no gaps. Of it only a window is in the document, so that
 * ten thousand messages cost no more than two hundred.
 */
import { batch, computed, effect, signal } from "@preact/signals";
import { CallFailure } from "../bridge/caller.ts";
import type { Entry, HistoryFacts, HitFacts, MessageFacts } from "../bridge/contract.ts";
import { bridge } from "./bridge.ts";
import { choose, chosen } from "./conversations.ts";
import { isChatSearchOpen } from "./dialogs.ts";
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
/** Where what was read ends before the newest: the page after it. */
const after = signal<number | undefined>(undefined);
const typing = signal<ReadonlyMap<string, readonly string[]>>(new Map());
/** What was read may not be all: it is read again when something has changed that may bring the rest. */
let mayHaveMore = false;
let reading = new AbortController();
/** What is to be shown as soon as its conversation is. */
let wanted: HitFacts | undefined;

export const earlier = signal<HistoryFacts["earlier"]>("more");
export const firstUnread = signal<number | undefined>(undefined);
/** The message that was looked for: it is brought into sight, once, and marked. */
export const found = signal<{ id: string } | undefined>(undefined);
export const isLoading = signal(false);
/** The first page is there. */
export const isEntered = signal(false);
export const replyingTo = signal<MessageFacts | undefined>(undefined);
export const editing = signal<MessageFacts | undefined>(undefined);
export const uploads = signal<ReadonlyMap<string, number>>(new Map());

export const shown = computed(() => {
  const { from, to } = windowOf(entries.value.length, span.value);
  const isLast = to === entries.value.length && after.value === undefined;
  return { entries: entries.value.slice(from, to), isFirst: from === 0, isLast };
});
export const typingHere = computed(() => typing.value.get(chosen.value ?? "") ?? []);

export const entryOf = (id: string): Entry | undefined => entries.value.find((entry) => entry.id === id);

/** Follows what is chosen, as long as the client is open. */
export function followChoice(): () => void {
  return effect(() => {
    const id = chosen.value;
    closeConversation();
    isChatSearchOpen.value = false;
    if (id !== undefined) run(open(id));
  });
}

export function closeConversation(): void {
  stopReading();
  batch(() => {
    entries.value = none;
    span.value = undefined;
    before.value = undefined;
    after.value = undefined;
    found.value = undefined;
    earlier.value = "more";
    firstUnread.value = undefined;
    isEntered.value = false;
    mayHaveMore = false;
    isLoading.value = false;
    replyingTo.value = undefined;
    editing.value = undefined;
  });
}

/** What is under way is not taken in any more. */
function stopReading(): void {
  reading.abort();
  reading = new AbortController();
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
  if (to < entries.value.length) {
    const isAllShown = end >= entries.value.length && after.value === undefined;
    span.value = isAllShown ? undefined : { from, to: end, isDownwards: true };
  } else if (after.value === undefined) span.value = undefined;
  else if (!isLoading.value) run(readOn(chosen.value!, after.value));
}

export function showLatest(): void {
  span.value = undefined;
  found.value = undefined;
  if (after.value === undefined || chosen.value === undefined) return;
  // What lies between is not read for it.
  batch(() => {
    entries.value = none;
    after.value = undefined;
    isEntered.value = false;
  });
  stopReading();
  run(readPage(chosen.value, undefined));
}

/** Goes to a message, of whatever conversation. */
export function showMessage(hit: HitFacts): void {
  const index = hit.conversation === chosen.value ? entries.value.findIndex(({ id }) => id === hit.message) : -1;
  if (index !== -1) {
    const { from, to } = windowOf(entries.value.length, span.value);
    if (index < from || index >= to) span.value = { from: Math.max(0, index - pageSize), to: index + pageSize };
    found.value = { id: hit.message };
    return;
  }
  wanted = hit;
  if (hit.conversation !== chosen.value) return choose(hit.conversation);
  closeConversation();
  run(open(hit.conversation));
}

async function open(conversation: string): Promise<void> {
  const hit = wanted?.conversation === conversation ? wanted : undefined;
  wanted = undefined;
  const { signal: stop } = reading;
  const { firstUnread: first } = await bridge.call("enter", { conversation }, stop);
  if (stop.aborted) return;
  firstUnread.value = first;
  await (hit ? readAround(hit) : readPage(conversation, undefined));
}

function readPage(conversation: string, from: number | undefined): Promise<void> {
  return read(async (stop) => {
    const request = { conversation, limit: pageSize, ...(from !== undefined && { before: from }) };
    const page = await bridge.call("history", request, stop);
    return () => {
      const sizeBefore = entries.value.length;
      const { to } = windowOf(sizeBefore, span.value);
      entries.value = placed(entries.value, page.entries);
      // What is looked at stays: a page that comes in above moves the window down by what it brought.
      const added = entries.value.length - sizeBefore;
      if (from !== undefined) span.value = { from: Math.max(0, added - stepSize), to: to + added };
      takeUpper(page);
    };
  });
}

/** The page below what was read. */
function readOn(conversation: string, from: number): Promise<void> {
  return read(async (stop) => {
    const page = await bridge.call("history", { conversation, after: from, limit: pageSize }, stop);
    return () => {
      entries.value = placed(entries.value, page.entries);
      after.value = page.after;
      span.value = undefined;
    };
  });
}

function readAround({ conversation, message, sequence }: HitFacts): Promise<void> {
  return read(async (stop) => {
    const limit = pageSize / 2;
    const [upper, lower] = await Promise.all([
      bridge.call("history", { conversation, before: sequence + 1, limit }, stop),
      bridge.call("history", { conversation, after: sequence, limit }, stop),
    ]);
    return () => {
      entries.value = placed(none, [...upper.entries, ...lower.entries]);
      after.value = lower.after;
      found.value = { id: message };
      takeUpper(upper);
    };
  });
}

/** Of the page that is the first of what was read: what lies above. */
function takeUpper(page: HistoryFacts): void {
  mayHaveMore = page.earlier === "not-now" || !page.isComplete || entries.value.length === 0;
  before.value = page.before;
  earlier.value = page.earlier;
}

/** Reads, and takes what was read all at once, unless something else is shown by then. */
async function read(work: (stop: AbortSignal) => Promise<() => void>): Promise<void> {
  const { signal: stop } = reading;
  isLoading.value = true;
  try {
    const takeIn = await work(stop);
    if (stop.aborted) return;
    batch(() => {
      takeIn();
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
  if (entry.conversation !== chosen.value) return;
  // Between it and what was read there is more.
  const isBeyond = after.value !== undefined && (entry.sequence ?? Infinity) > after.value;
  if (!isBeyond) entries.value = placed(entries.value, [entry]);
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
  const isAtNewest = after.value === undefined;
  if (conversation !== undefined && mayHaveMore && isAtNewest && isEntered.value && !isLoading.value) {
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
