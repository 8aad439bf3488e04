/** Passwords, hashed with Argon2id (RFC 9106) in a thread of their own: one hash takes a tenth of a second and 64 MiB. */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { SottoError } from "../protocol/errors.ts";
import type { PasswordTask, PasswordTaskResult } from "./password-thread.ts";

/** Hashes that may wait for the thread; the next is refused, since its caller would wait for many seconds. */
const maxWaiting = 32;

interface Waiting {
  resolve: (value: string | boolean) => void;
  reject: (error: Error) => void;
}

/** One thread, started with the first password. Tasks are done in the order they come. */
export class Passwords {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private lastTask = 0;
  private isClosed = false;

  /** A complete Argon2id string with its salt and costs (PHC format). Throws `overloaded`. */
  async hash(password: string): Promise<string> {
    return (await this.run({ kind: "hash", password })) as string;
  }

  /** Whether the password is the one that was hashed. Throws `overloaded`. */
  async verify(passwordHash: string, password: string): Promise<boolean> {
    return (await this.run({ kind: "verify", passwordHash, password })) as boolean;
  }

  /** Refuses what waits, and ends the thread. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.fail(new SottoError("unavailable"));
    await this.worker?.terminate();
  }

  private run(task: PasswordTask): Promise<string | boolean> {
    if (this.isClosed) throw new SottoError("unavailable");
    if (this.waiting.size >= maxWaiting) throw new SottoError("overloaded", { retryAfterMs: 2000 });
    const worker = (this.worker ??= this.start());
    const id = ++this.lastTask;
    worker.ref();
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      worker.postMessage({ id, task });
    });
  }

  private start(): Worker {
    const worker = startThread();
    worker.unref();
    worker.on("message", (result: PasswordTaskResult) => this.settle(result));
    worker.on("error", (error: Error) => this.restart(error));
    worker.on("exit", () => this.restart(new Error("the password thread ended")));
    return worker;
  }

  private settle(result: PasswordTaskResult): void {
    const waiting = this.waiting.get(result.id);
    this.waiting.delete(result.id);
    if (this.waiting.size === 0) this.worker?.unref();
    if ("value" in result) waiting?.resolve(result.value);
    else waiting?.reject(new Error("the password could not be hashed"));
  }

  private restart(error: Error): void {
    this.worker = undefined;
    this.fail(error);
  }

  private fail(error: Error): void {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}

/** Built, the thread is a file like others. As TypeScript it first needs the loader that this thread has. */
function startThread(): Worker {
  if (!import.meta.url.endsWith(".ts")) return new Worker(new URL("./password-thread.js", import.meta.url));
  const loader = createRequire(import.meta.url).resolve("tsx/cjs/api");
  const thread = fileURLToPath(new URL("./password-thread.ts", import.meta.url));
  const start = `require(${JSON.stringify(loader)}).register(); require(${JSON.stringify(thread)});`;
  return new Worker(start, { eval: true });
}
