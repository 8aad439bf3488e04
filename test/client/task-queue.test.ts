import { expect } from "chai";
import { TaskQueue } from "../../src/client/async/task-queue.ts";

describe("the task queue", () => {
  it("runs tasks one after another, in the order they came", async () => {
    const queue = new TaskQueue();
    const steps: string[] = [];
    const task = (name: string, turns: number) => async () => {
      steps.push(`${name} begins`);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      steps.push(`${name} ends`);
      return name;
    };
    const results = await Promise.all([queue.run(task("one", 5)), queue.run(task("two", 0))]);
    expect(results).to.deep.equal(["one", "two"]);
    expect(steps).to.deep.equal(["one begins", "one ends", "two begins", "two ends"]);
  });

  it("goes on after a task that failed, which fails its own caller only", async () => {
    const queue = new TaskQueue();
    const failed = queue.run(() => Promise.reject(new Error("no"))).catch((error: Error) => error.message);
    expect(await queue.run(async () => "yes")).to.equal("yes");
    expect(await failed).to.equal("no");
  });

  it("is idle when everything queued so far has ended, well or badly", async () => {
    const queue = new TaskQueue();
    let ended = 0;
    void queue.run(async () => ended++);
    queue.run(() => Promise.reject(new Error("no"))).catch(() => ended++);
    await queue.idle();
    await Promise.resolve();
    expect(ended).to.equal(2);
  });
});
