import type { BrowserContext, Page } from "playwright-core";

interface Caught {
  text: Set<string>;
  isPaused: boolean;
  worker: Worker;
}

/**
 * A script that was in the page before any other: it listens at everything that a page's code passes its values through, and keeps what it hears.
 * Nothing of it runs in the worker, as no script of a page does.
 */
export async function injectHostileScript(context: BrowserContext): Promise<void> {
  await context.addInitScript({ content: `(${hostile.toString()})()`.replaceAll("__name", "((named) => named)") });
}

/** What it has heard so far: texts, and bytes one character each, in lines. */
export const caughtBy = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { caught } = globalThis as unknown as { caught: Caught };
    // What the test itself does is not listened to.
    caught.isPaused = true;
    const text = [...caught.text].join("\n");
    caught.isPaused = false;
    return text;
  });

/** A call of the page's API by the script, past the page: what the worker answers. */
export function callBy(
  page: Page,
  name: string,
  request: unknown,
): Promise<{ type: string; value?: unknown; failure?: { code: string } }> {
  return page.evaluate(
    ([call, given]) =>
      new Promise((resolve) => {
        const { worker } = (globalThis as unknown as { caught: Caught }).caught;
        const id = 1e9 + Math.floor(Math.random() * 1e9);
        worker.addEventListener("message", ({ data }: MessageEvent<{ id?: number; type: string }>) => {
          if (data.id === id) resolve(data);
        });
        worker.postMessage({ type: "call", id, name: call, request: given });
      }),
    [name, request] as const,
  );
}

function hostile(): void {
  const caught: Omit<Caught, "worker"> & { worker?: Worker } = { text: new Set(), isPaused: false };
  Object.assign(globalThis, { caught });
  const { apply } = Reflect;
  const { isView } = ArrayBuffer;
  const { fromCharCode } = String;
  const seen = new WeakSet<object>();
  let isBusy = false;
  const keep = (value: unknown, depth = 0): void => {
    if (typeof value === "string") caught.text.add(value);
    if (typeof value !== "object" || value === null || depth > 6 || seen.has(value)) return;
    seen.add(value);
    if (isView(value) || value instanceof ArrayBuffer) {
      const bytes =
        value instanceof ArrayBuffer
          ? new Uint8Array(value)
          : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      let text = "";
      for (let at = 0; at < bytes.length; at++) text += fromCharCode(bytes[at]!);
      caught.text.add(text);
      return;
    }
    for (const key of Reflect.ownKeys(value)) {
      const { value: inside } = Reflect.getOwnPropertyDescriptor(value, key) ?? {};
      keep(inside, depth + 1);
    }
  };
  const listen = (...values: unknown[]): void => {
    if (isBusy || caught.isPaused) return;
    isBusy = true;
    try {
      for (const value of values) keep(value);
    } finally {
      isBusy = false;
    }
  };
  const patch = (owner: object | undefined, names: readonly string[]): void => {
    for (const name of owner ? names : []) {
      const given = Reflect.get(owner!, name) as (...values: unknown[]) => unknown;
      if (typeof given !== "function") continue;
      Object.defineProperty(owner, name, {
        configurable: true,
        writable: true,
        value(this: unknown, ...values: unknown[]) {
          const answer: unknown = apply(given, this, values);
          listen(this === globalThis ? undefined : this, ...values, answer);
          if (answer instanceof Promise) answer.then(listen, () => undefined);
          return answer;
        },
      });
    }
  };
  const { Worker: RealWorker } = globalThis;
  globalThis.Worker = class extends RealWorker {
    constructor(...given: ConstructorParameters<typeof RealWorker>) {
      super(...given);
      caught.worker = this;
      listen(...given);
      this.addEventListener("message", ({ data }: MessageEvent<unknown>) => listen(data));
    }
    override postMessage(...given: unknown[]): void {
      listen(...given);
      apply(RealWorker.prototype.postMessage, this, given);
    }
  };
  for (const one of [MessagePort, BroadcastChannel]) patch(one.prototype, ["postMessage"]);
  patch(globalThis, ["fetch", "structuredClone", "atob", "btoa"]);
  patch(Map.prototype, ["set"]);
  patch(Array.prototype, ["push", "concat", "join"]);
  patch(Uint8Array.prototype, ["set", "slice", "subarray", "fill"]);
  patch(Object.getPrototypeOf(Uint8Array.prototype) as object, ["set", "slice", "subarray", "fill"]);
  patch(TextEncoder.prototype, ["encode"]);
  patch(TextDecoder.prototype, ["decode"]);
  patch(JSON, ["parse", "stringify"]);
  patch(Storage.prototype, ["setItem", "getItem"]);
  patch(IDBObjectStore.prototype, ["put", "add", "get", "getAll"]);
  patch(WebSocket.prototype, ["send"]);
  patch(XMLHttpRequest.prototype, ["send"]);
  patch(Crypto.prototype, ["getRandomValues", "randomUUID"]);
  patch(globalThis.SubtleCrypto?.prototype, [
    "importKey",
    "exportKey",
    "encrypt",
    "decrypt",
    "sign",
    "deriveBits",
    "digest",
  ]);
  // What is put into any object under a name that a key may have.
  for (const name of [
    "key",
    "secret",
    "privateKey",
    "deviceSecretKey",
    "accountSecretKey",
    "password",
    "passphrase",
    "token",
  ]) {
    // What a hostile script does.
    // oxlint-disable-next-line eslint/no-extend-native
    Object.defineProperty(Object.prototype, name, {
      configurable: true,
      set(this: object, value: unknown) {
        listen(value);
        Object.defineProperty(this, name, { configurable: true, enumerable: true, writable: true, value });
      },
    });
  }
  addEventListener("input", ({ target }) => listen((target as HTMLInputElement).value), true);
}
