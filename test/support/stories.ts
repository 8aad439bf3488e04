import fc from "fast-check";
import { startGatewayNode, type GatewayNode } from "./gateway-node.ts";

/** What may happen in a test, one step after another; `end` holds what came of it against what should have. */
export interface Story<Step> {
  take(step: Step): void | Promise<void>;
  end(): Promise<void>;
  close(): Promise<void>;
}

export interface Stories<Step> {
  about: string;
  /** What holds at the end of each. */
  claim: string;
  /** How many are tried beside those that are told. */
  runs: number;
  anyStep: fc.Arbitrary<Step>;
  length: { minLength: number; maxLength: number };
  /** Tried each time, before what chance brings. */
  told: readonly Step[][];
  begin(node: GatewayNode): Promise<Story<Step>>;
}

/** A suite that tries sequences of steps over one node, and shows the shortest that it finds to fail. */
export function describeStories<Step>({ about, claim, runs, anyStep, length, told, ...stories }: Stories<Step>): void {
  describe(about, function () {
    this.timeout(60_000 + runs * 60_000);
    let node: GatewayNode;
    before(async () => {
      node = await startGatewayNode();
    });
    after(() => node.close());

    it(claim, async () => {
      const property = fc.asyncProperty(fc.array(anyStep, { ...length, size: "max" }), async (steps) => {
        const story = await stories.begin(node);
        try {
          for (const one of steps) await story.take(one);
          await story.end();
        } finally {
          await story.close();
        }
      });
      await fc.assert(property, { numRuns: runs, endOnFailure: true, examples: told.map((one) => [one]) });
    });
  });
}
