import { expect } from "chai";
import { startGatewayNode, type GatewayNode } from "./gateway-node.ts";
import { People } from "./people.ts";
import { twoTalking, type Side } from "./two-talking.ts";

/** Two people who talk, and who else a test brings in. */
export interface TalkingPair {
  people: People;
  alice: Side;
  bob: Side;
}

/** For a `describe`: a pair that is new for each of its tests, over one node. A fault that a test did not expect fails it. */
export function eachTestWithAPair(): TalkingPair {
  let node: GatewayNode;
  const pair = {} as TalkingPair;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());
  beforeEach(async () => {
    pair.people = new People(() => node.url);
    Object.assign(pair, await twoTalking(pair.people));
  });
  afterEach(async () => {
    await pair.people.close();
    expect(pair.people.faults).to.deep.equal([]);
  });
  return pair;
}
