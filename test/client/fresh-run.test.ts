import { expect } from "chai";
import { FreshRun } from "../../src/client/async/fresh-run.ts";

describe("a fresh run", () => {
  it("begins after the call: one that is under way is not shared, one that waits is", async () => {
    const runs = new FreshRun<number>();
    let begun = 0;
    let finish = (): void => undefined;
    const work = () => {
      begun += 1;
      const run = begun;
      return new Promise<number>((resolve) => (finish = () => resolve(run)));
    };
    const first = runs.run(work);
    await Promise.resolve();
    const others = [runs.run(work), runs.run(work)];
    await Promise.resolve();
    expect(begun).to.equal(1);
    finish();
    expect(await first).to.equal(1);
    await new Promise(setImmediate);
    finish();
    expect(await Promise.all(others)).to.deep.equal([2, 2]);
    expect(begun).to.equal(2);
  });

  it("that fails does so for those who share it, and for nobody after", async () => {
    const runs = new FreshRun<string>();
    const failing = () => Promise.reject(new Error("no"));
    const failed = [runs.run(failing), runs.run(failing)].map((run) => run.catch((error: Error) => error.message));
    expect(await Promise.all(failed)).to.deep.equal(["no", "no"]);
    expect(await runs.run(async () => "yes")).to.equal("yes");
  });
});
