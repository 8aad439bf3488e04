import { expect } from "chai";
import { backoffMs, delay, withDeadline } from "../../src/client/async/waiting.ts";
import { refusal } from "../support/refusal.ts";

const never = new Promise<never>(() => undefined);

describe("waiting that can be called off", () => {
  it("is over after its time", async () => {
    await delay(1);
    await delay(1, new AbortController().signal);
  });

  it("is called off by its signal, before or meanwhile, and leaves no listener on it", async () => {
    const stop = new AbortController();
    const waiting = delay(60_000, stop.signal);
    stop.abort();
    await refusal(waiting, "aborted");
    await refusal(delay(0, stop.signal), "aborted");
    await refusal(withDeadline(Promise.resolve(1), { signal: stop.signal }), "aborted");
  });

  it("gives a promise's outcome when it is first", async () => {
    expect(await withDeadline(Promise.resolve(7), { timeoutMs: 60_000 })).to.equal(7);
    const failed = withDeadline(Promise.reject(new Error("its own")), { timeoutMs: 60_000 });
    expect(await failed.catch((error: Error) => error.message)).to.equal("its own");
  });

  it("gives up on a promise after its time, or when its signal fires", async () => {
    await refusal(withDeadline(never, { timeoutMs: 1 }), "timeout");
    const stop = new AbortController();
    const waiting = withDeadline(never, { timeoutMs: 60_000, signal: stop.signal });
    stop.abort();
    await refusal(waiting, "aborted");
  });

  it("backs off twice as long each time, by half to all of it, up to a bound", () => {
    for (let attempt = 0; attempt < 100; attempt++) {
      const ceiling = Math.min(20_000, 250 * 2 ** attempt);
      const wait = backoffMs(attempt, 250, 20_000);
      expect(wait).to.be.within(ceiling / 2, ceiling);
    }
  });
});
