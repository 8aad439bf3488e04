import { expect } from "chai";
import { memoryStore, type PresenceEvent } from "../../src/client/index.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

describe("watching who is online", () => {
  let node: GatewayNode;
  let people: People;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(() => people.close());

  it("tells how it is, each change once, and goes on after a reconnection", async () => {
    const store = memoryStore();
    const [alice, bob] = [await people.online("alice"), await people.online("bob", { store })];
    await alice.direct("bob");
    const events: PresenceEvent[] = [];
    alice.on("presence", (event) => events.push(event));
    const last = (count: number) =>
      eventually(() => {
        expect(events).to.have.length(count);
        return events.at(-1)!;
      });
    await alice.presence.watch(["bob"]);
    expect(await last(1)).to.deep.equal({ user: "bob", online: true, lastSeen: null });
    await bob.close();
    people.forget(bob);
    const gone = await last(2);
    expect(gone).to.include({ user: "bob", online: false });
    expect(gone.lastSeen!.getTime()).to.be.closeTo(Date.now(), 5000);
    const states: string[] = [];
    alice.on("connection", (state) => states.push(state));
    for (const socket of node.sockets.of("/").sockets.values()) socket.conn.close();
    await eventually(() => expect(states).to.deep.equal(["reconnecting", "online"]));
    await people.online("bob", { store });
    expect(await last(3)).to.include({ user: "bob", online: true });
  });

  it("is for contacts alone", async () => {
    const carol = await people.online("carol");
    await people.online("dave");
    await refusal(carol.presence.watch(["dave"]), "forbidden");
    await refusal(carol.presence.watch(["no body"]), "invalid-argument");
    await carol.direct("dave");
    await carol.presence.watch(["dave"]);
    await carol.presence.unwatch();
  });
});
