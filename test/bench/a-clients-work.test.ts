import { expect } from "chai";
import { clientWork } from "../../bench/large-groups.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";

describe("the benchmark of a client's work", () => {
  before(sodiumReady);

  it("runs, and prints each figure beside the engine's", async () => {
    const scale = {
      adapter: "classic" as const,
      idleNodes: 0,
      pairs: 1,
      window: 1,
      rounds: 1,
      roundMs: 1,
      quick: true,
      conversations: 1,
      historyRows: 1,
    };
    const figures = await clientWork(scale);
    expect(figures.map(({ title }) => title)).to.include.members([
      "seal and open, 2 devices, default",
      "join, 20 devices, large",
    ]);
    for (const { reference, sotto } of figures) {
      expect(reference).to.be.greaterThan(0);
      expect(sotto).to.be.greaterThan(0);
    }
  });
});
