import type { Answer, CallName, ErrorCode, Events, Failure, Request, ToPage, ToWorker } from "./contract.ts";

/** What a call was refused with. */
export class CallFailure extends Error {
  override readonly name = "CallFailure";
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor({ code, retryable, retryAfterMs, detail }: Failure) {
    super(detail ?? code);
    this.code = code;
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
  }
}

interface Waiting {
  resolve: (value: never) => void;
  reject: (error: CallFailure) => void;
}

/** The page's end: calls by name, and who listens to events. */
export class Caller {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private readonly listeners = new Map<keyof Events, Set<(payload: never) => void>>();
  private lastId = 0;

  constructor(worker: Worker) {
    this.worker = worker;
    worker.addEventListener("message", ({ data }: MessageEvent<ToPage>) => this.take(data));
  }

  /** Rejects with a `CallFailure`; with `aborted` as soon as the signal fires, which the worker hears of, too. */
  call<Name extends CallName>(
    name: Name,
    ...[request, signal]: Request<Name> extends undefined
      ? [request?: undefined, signal?: AbortSignal]
      : [request: Request<Name>, signal?: AbortSignal]
  ): Promise<Answer<Name>> {
    const id = ++this.lastId;
    return new Promise<Answer<Name>>((resolve, reject) => {
      if (signal?.aborted) return reject(new CallFailure({ code: "aborted", retryable: false }));
      this.waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      signal?.addEventListener("abort", () => this.cancel(id), { once: true });
      this.post({ type: "call", id, name, request });
    });
  }

  /** Returns its own unsubscribe. */
  on<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): () => void {
    const listeners = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, listeners.add(listener as (payload: never) => void));
    return () => listeners.delete(listener as (payload: never) => void);
  }

  private cancel(id: number): void {
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    this.waiting.delete(id);
    this.post({ type: "cancel", id });
    waiting.reject(new CallFailure({ code: "aborted", retryable: false }));
  }

  private post(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  private take(message: ToPage): void {
    if (message.type === "event") {
      for (const listener of this.listeners.get(message.name) ?? []) listener(message.payload as never);
      return;
    }
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (message.type === "answer") waiting?.resolve(message.value as never);
    else waiting?.reject(new CallFailure(message.failure));
  }
}
