import { SottoError } from "../../client/index.ts";
import type { Answers, Events, Failure, ToPage, ToWorker } from "./contract.ts";

/** The worker's side of a worker. */
export interface Port {
  postMessage(message: ToPage): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ToWorker>) => void): void;
}

export type Tell = <Name extends keyof Events>(name: Name, payload: Events[Name]) => void;

/** The worker's end: answers each call, one failing without harm to others. What was cancelled has its signal fired, and is not answered. */
export function answerCalls(port: Port, answers: Answers): void {
  const running = new Map<number, AbortController>();
  port.addEventListener("message", ({ data }) => {
    if (data.type === "cancel") {
      running.get(data.id)?.abort();
      running.delete(data.id);
      return;
    }
    const stop = new AbortController();
    running.set(data.id, stop);
    const answer = answers[data.name] as (request: unknown, signal: AbortSignal) => unknown;
    const settle = (message: ToPage): void => {
      if (running.delete(data.id)) port.postMessage(message);
    };
    Promise.resolve()
      .then(() => answer(data.request, stop.signal))
      .then(
        (value) => settle({ type: "answer", id: data.id, value }),
        (error: unknown) => settle({ type: "failure", id: data.id, failure: failureOf(error) }),
      );
  });
}

export function tellThrough(port: Port): Tell {
  return (name, payload) => port.postMessage({ type: "event", name, payload });
}

/** What is not a refusal of the SDK is a fault of this client; its text may hold anything, and stays in the worker's console. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof SottoError)) {
    console.error(error);
    return { code: "internal", retryable: false };
  }
  const { code, retryable, retryAfterMs, message } = error;
  return { code, retryable, detail: message, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}
