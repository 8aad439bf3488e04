/** Calls from a test into a page, or into the worker that it started, and back: by name, with what JSON can carry. */
import type { Page } from "playwright-core";
import { SottoError, type ErrorCode } from "../../../src/protocol/errors.ts";

export type Outcome = { value: unknown } | { code: ErrorCode; message: string } | { thrown: string };
/** What a page, or its worker, offers to tests. */
export type Answers = (name: string, args: readonly unknown[]) => Promise<Outcome>;

// Actions take and give all kinds of things; each page says which.
// oxlint-disable-next-line typescript/no-explicit-any
type Actions = Record<string, (...args: any[]) => unknown>;

/** In the page. */
export function answering(actions: Actions): Answers {
  return async (name, args) => {
    try {
      return { value: await actions[name]!(...args) };
    } catch (error) {
      if (error instanceof SottoError) return { code: error.code, message: error.message };
      return { thrown: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  };
}

/** In the test. A `SottoError` of the page is thrown as one here. `offered`: the name under which the page has put its `Answers`. */
export function callsTo<Offered extends Actions>(page: Page, offered: "inPage" | "inWorker" = "inPage") {
  return async <Name extends keyof Offered & string>(
    name: Name,
    ...args: Parameters<Offered[Name]>
  ): Promise<Awaited<ReturnType<Offered[Name]>>> => {
    const outcome = await page.evaluate(
      ([place, action, given]) => (globalThis as unknown as Record<string, Answers>)[place]!(action, given),
      [offered, name, args] as const,
    );
    if ("value" in outcome) return outcome.value as Awaited<ReturnType<Offered[Name]>>;
    if ("code" in outcome) throw new SottoError(outcome.code, { detail: outcome.message });
    throw new Error(`in the page: ${outcome.thrown}`);
  };
}
