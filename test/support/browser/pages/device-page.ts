/** A device of somebody, in a page or in a worker of it, as an application would hold it. Says what it saw of broken policies. */
import {
  createClient,
  indexedDbStore,
  type Client,
  type ClientStore,
  type Conversation,
  type Group,
  type Message,
} from "../../../../src/client/index.ts";
import { quickTimings } from "../../quick-timings.ts";
import { answering, type Answers, type Outcome } from "../calls.ts";

interface Opening {
  url: string;
  user: string;
  token: string;
  store: { name: string; passphrase: string; whenLocked?: "refuse" | "wait" | "take-over" };
}

type Reachable = Parameters<Message["reached"]>[0];

interface Heard {
  from: string;
  text: string;
}

const kdf = { opslimit: 1, memlimitBytes: 8192 };
const own = new Map<string, Message>();
/** `kept`: how many times something was kept for sending. */
const seen = {
  kept: 0,
  heard: [] as Heard[],
  faults: [] as string[],
  states: [] as string[],
  violations: [] as string[],
};
const wakers = new Set<() => void>();
const wake = (): void => wakers.forEach((waker) => waker());
let client: Client;

globalThis.addEventListener("securitypolicyviolation", (event) => {
  const { effectiveDirective, blockedURI, sourceFile } = event;
  seen.violations.push(`${effectiveDirective} ${blockedURI} ${sourceFile}`);
});

/** Resolves when it holds, which is looked at whenever something has happened. */
function holds(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!condition()) return;
      wakers.delete(look);
      resolve();
    };
    wakers.add(look);
    look();
  });
}

function watched(store: ClientStore): ClientStore {
  return {
    async open() {
      const open = await store.open();
      return {
        ...open,
        async write(changes) {
          await open.write(changes);
          if (changes.some(({ table }) => table === "outbox")) seen.kept++;
          wake();
        },
      };
    },
  };
}

const nameOf = (conversation: Conversation): string | null => conversation.peer ?? (conversation as Group).name;

/** By the peer's name, or that of a group. */
async function chatWith(peer: string): Promise<Conversation> {
  return client.conversations().find((one) => nameOf(one) === peer) ?? client.direct(peer);
}

async function messageOf(peer: string, text: string): Promise<Message> {
  const written = own.get(text);
  if (written) return written;
  const { messages } = await (await chatWith(peer)).history({ limit: 100 });
  const found = messages.find((one): one is Message => "text" in one && one.text === text);
  if (!found) throw new Error(`there is no "${text}"`);
  return found;
}

const actions = {
  async open({ store, token, ...who }: Opening) {
    client = await createClient({
      ...who,
      token: () => token,
      store: watched(
        indexedDbStore(store.name, { passphrase: store.passphrase, kdf, whenLocked: store.whenLocked ?? "refuse" }),
      ),
      timings: quickTimings,
      keyPackages: { full: 4, low: 2 },
    });
    client.on("message", ({ message }) => {
      seen.heard.push({ from: message.sender.user, text: message.text });
      wake();
    });
    client.on("fault", ({ code }) => {
      seen.faults.push(code);
      wake();
    });
    client.on("conversation", (conversation) => {
      if (conversation.peer === undefined) (conversation as Group).on("changed", wake);
      wake();
    });
    client.on("connection", (state) => {
      seen.states.push(state);
      wake();
    });
  },
  async connect() {
    await client.connect();
    await client.sync();
  },
  close: () => client.close(),
  device: () => client.device,

  /** Answers once it is in the state that is wanted, or once it is kept for sending. */
  async send(peer: string, text: string, until?: Reachable) {
    const { kept } = seen;
    const message = (await chatWith(peer)).send(text);
    own.set(text, message);
    if (until === undefined) await holds(() => seen.kept > kept);
    else await message.reached(until, { timeout: 20_000 });
    return message.state;
  },
  async reached(peer: string, text: string, state: Reachable) {
    const message = await messageOf(peer, text);
    await message.reached(state, { timeout: 20_000 });
  },
  /** Answers what was heard since the page was loaded, when it is so much. */
  async heard(count: number): Promise<Heard[]> {
    await holds(() => seen.heard.length >= count);
    return seen.heard;
  },
  fault: (code: string) => holds(() => seen.faults.includes(code)),
  faults: () => seen.faults,
  violations: () => seen.violations,
  state: (state: string) => holds(() => client.connection === state),
  async history(peer: string): Promise<string[]> {
    const { messages } = await (await chatWith(peer)).history({ limit: 100 });
    return messages.map((one) => ("text" in one ? one.text : `unopened: ${one.reason}`));
  },

  /** A file of so many bytes that say where they stand, as a person would pick it. */
  async sendFile(peer: string, { name, type, bytes }: { name: string; type: string; bytes: number }, text: string) {
    const content = Uint8Array.from({ length: bytes }, (_, index) => (index * 31) % 251);
    const file = new File([content], name, { type });
    const message = (await chatWith(peer)).send({ text, attachments: [{ data: file }] });
    let progress = 0;
    message.attachments[0]!.on("progress", ({ sent, total }) => (progress = sent / total));
    await message.reached("delivered", { timeout: 30_000 });
    return progress;
  },
  async fetchFile(peer: string, text: string) {
    const [file] = (await messageOf(peer, text)).attachments;
    const blob = await new Response(file!.download().stream()).blob();
    const content = new Uint8Array(await blob.arrayBuffer());
    const isWhole = content.every((byte, index) => byte === (index * 31) % 251);
    return { name: file!.name, type: file!.type, size: file!.size, received: content.length, isWhole };
  },

  async createGroup(name: string, members: string[]) {
    await client.createGroup({ name, members });
  },
  inGroup: (name: string) => holds(() => client.conversations().some((one) => nameOf(one) === name)),
  async markRead(peer: string, text: string) {
    await (await chatWith(peer)).markRead(await messageOf(peer, text));
  },
  async receipts(peer: string, text: string) {
    const receipts = await (await messageOf(peer, text)).receipts();
    return receipts.map(({ user, deliveredAt, readAt }) => ({ user, delivered: !!deliveredAt, read: !!readAt }));
  },
};

export type DeviceActions = typeof actions;
const answers = answering(actions);

if (typeof window === "undefined") {
  globalThis.addEventListener("message", (event: MessageEvent<{ id: number; name: string; args: unknown[] }>) => {
    const { id, name, args } = event.data;
    void answers(name, args).then((outcome) => globalThis.postMessage({ id, outcome }));
  });
} else {
  const inPage: Answers = async (name, args) => {
    // Calls come from a debugger, which the page's policy does not hold: what they lead to runs in a turn of the page's own.
    await new Promise((resolve) => setTimeout(resolve));
    return answers(name, args);
  };
  Object.assign(globalThis, { inPage, startWorker });
}

/** From now on `inWorker` answers from a worker with this same script. */
function startWorker(): void {
  const worker = new Worker("/device.js", { type: "module" });
  const waiting = new Map<number, (outcome: Outcome) => void>();
  worker.addEventListener("message", (event: MessageEvent<{ id: number; outcome: Outcome }>) => {
    waiting.get(event.data.id)!(event.data.outcome);
  });
  let calls = 0;
  const inWorker: Answers = (name, args) =>
    new Promise((resolve) => {
      waiting.set(++calls, resolve);
      worker.postMessage({ id: calls, name, args });
    });
  Object.assign(globalThis, { inWorker });
}
