import { expect } from "chai";
import { WakeLoop } from "../../src/client/async/wake-loop.ts";

const unexpected = (error: unknown): void => {
  throw error;
};

/** Work whose runs end when the test says so. */
class Steps {
  started = 0;
  private ends: () => void = () => undefined;
  readonly run = (): Promise<void> => {
    this.started += 1;
    return new Promise((resolve) => (this.ends = resolve));
  };
  end(): void {
    this.ends();
  }
}

async function microtasks(count: number): Promise<void> {
  for (let at = 0; at < count; at++) await Promise.resolve();
}

describe("a wake loop", () => {
  it("does nothing before it is woken, and runs once for wakes that come together", async () => {
    let runs = 0;
    const loop = new WakeLoop(async () => void (runs += 1), unexpected);
    await loop.settled();
    expect(runs).to.equal(0);
    loop.wake();
    loop.wake();
    await loop.settled();
    expect(runs).to.equal(1);
  });

  it("runs once more for all wakes during a run, never two at a time", async () => {
    const steps = new Steps();
    const loop = new WakeLoop(steps.run, unexpected);
    loop.wake();
    await microtasks(3);
    loop.wake();
    loop.wake();
    await microtasks(3);
    expect(steps.started).to.equal(1);
    steps.end();
    await microtasks(5);
    expect(steps.started).to.equal(2);
    steps.end();
    await loop.settled();
    expect(steps.started).to.equal(2);
  });

  for (let late = 0; late < 12; late++) {
    it(`loses no wake that comes ${late} microtasks after the work of a run has ended`, async () => {
      const steps = new Steps();
      const loop = new WakeLoop(steps.run, unexpected);
      loop.wake();
      await microtasks(3);
      steps.end();
      await microtasks(late);
      loop.wake();
      await microtasks(20);
      expect(steps.started).to.equal(2);
      steps.end();
      await loop.settled();
    });
  }

  it("settles only when nothing is asked for any more", async () => {
    const steps = new Steps();
    const loop = new WakeLoop(steps.run, unexpected);
    let isSettled = false;
    loop.wake();
    await microtasks(3);
    const settled = loop.settled().then(() => (isSettled = true));
    loop.wake();
    steps.end();
    await microtasks(10);
    expect(isSettled).to.equal(false);
    steps.end();
    await settled;
    expect(steps.started).to.equal(2);
  });

  it("tells of work that failed, and goes on with the next wake", async () => {
    const failures: unknown[] = [];
    let runs = 0;
    const work = async (): Promise<void> => {
      runs += 1;
      if (runs === 1) throw new Error("the first one");
    };
    const loop = new WakeLoop(work, (error) => failures.push(error));
    loop.wake();
    await loop.settled();
    loop.wake();
    await loop.settled();
    expect(runs).to.equal(2);
    expect(failures).to.have.length(1).with.nested.property("[0].message", "the first one");
  });

  it("works for itself: a run may wake its own loop", async () => {
    let runs = 0;
    const loop: WakeLoop = new WakeLoop(async () => {
      runs += 1;
      if (runs < 3) loop.wake();
    }, unexpected);
    loop.wake();
    await loop.settled();
    expect(runs).to.equal(3);
  });
});
