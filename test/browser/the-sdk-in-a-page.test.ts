import { expect } from "chai";
import { gzipSync } from "node:zlib";
import { BrowserWorld } from "../support/browser/browser-world.ts";
import { bundle } from "../support/browser/bundle.ts";
import { callsTo } from "../support/browser/calls.ts";
import type { DeviceActions } from "../support/browser/pages/device-page.ts";

/** A little more than it has: whoever makes it larger looks at why. */
const mostBytes = 330_000;

describe("the SDK in a page", () => {
  let world: BrowserWorld;
  before(async () => {
    world = await BrowserWorld.start();
  });
  after(() => world.close());

  it("is bundled without anything of Node, and is not larger than it has to be", async () => {
    const script = await bundle("src/client/index.ts");
    expect(gzipSync(script, { level: 9 }).length).to.be.within(100_000, mostBytes);
  });

  it("works under a policy without eval and inline scripts, and breaks none of it", async () => {
    const [alice, bob] = await Promise.all([world.device("alice"), world.device("bob")]);
    await alice.call("send", "bob", "under a strict policy", "delivered");
    for (const { call, context } of [alice, bob]) {
      expect(await call("violations")).to.deep.equal([]);
      await context.close();
    }
  });

  it("works in a worker of the page, its store too", async () => {
    const erin = await world.device("erin");
    const frank = await world.tab();
    await frank.page.evaluate(() => (globalThis as unknown as { startWorker(): void }).startWorker());
    const inWorker = callsTo<DeviceActions>(frank.page, "inWorker");
    await inWorker("open", await world.opening("frank", frank));
    await inWorker("connect");
    await erin.call("send", "frank", "to a worker", "delivered");
    expect(await inWorker("heard", 1)).to.deep.equal([{ from: "erin", text: "to a worker" }]);
    expect(await inWorker("send", "erin", "from a worker", "delivered")).to.equal("delivered");
    expect(await inWorker("violations")).to.deep.equal([]);
    expect(await inWorker("faults")).to.deep.equal([]);
    expect(world.uncaught).to.deep.equal([]);
  });
});
