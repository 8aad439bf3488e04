import { expect } from "chai";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { People } from "../support/people.ts";

describe("a client with many conversations", () => {
  let node: GatewayNode;
  let people: People;
  before(async () => {
    node = await startGatewayNode();
    people = new People(() => node.url);
  });
  after(async () => {
    await people.close();
    await node.close();
  });

  it("has Node warn of no leak", async () => {
    const warnings: string[] = [];
    const listen = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", listen);
    const ann = await people.online("ann");
    for (let index = 0; index < 25; index += 1) await ann.direct(`peer-${index}`);
    await ann.sync();
    // A warning is told in the next turn.
    await new Promise(setImmediate);
    process.off("warning", listen);
    expect(warnings).to.deep.equal([]);
  });
});
