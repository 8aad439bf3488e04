import { expect } from "chai";
import { memoryStore, type Client, type ClientStore, type Group, type RecordChange } from "../../src/client/index.ts";
import { tables } from "../../src/client/records.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode } from "../support/gateway-node.ts";
import { People } from "../support/people.ts";

/** A store that tells what is written to it. */
function watched(written: RecordChange[]): ClientStore {
  const inner = memoryStore();
  return {
    async open() {
      const opened = await inner.open();
      const write = (changes: readonly RecordChange[]) => {
        written.push(...changes);
        return opened.write(changes);
      };
      const { get, list, close } = opened;
      return { get: get.bind(opened), list: list.bind(opened), close: close.bind(opened), write };
    },
  };
}

describe("what a message in a group writes", function () {
  this.timeout(120_000);

  it("is the ratchets of eight devices, not the tree, nor who has been in the group", async () => {
    const node = await startGatewayNode();
    const people = new People(() => node.url);
    try {
      const written: RecordChange[] = [];
      const store = watched(written);
      const alice = await people.online("alice", { store });
      const others: Client[] = [];
      for (let index = 0; index < 11; index += 1) others.push(await people.online(`other-${index}`));
      const group = await alice.createGroup({ members: others.map(({ user }) => user) });
      await eventually(() => expect(others.every((one) => one.conversation(group.id)?.isJoined)).to.equal(true));
      const last = others.at(-1)!.conversation(group.id) as Group;
      await group.send("one").reached("delivered", { timeout: 60_000 });
      await last.send("two").reached("delivered", { timeout: 60_000 });
      await group.settled();
      expect(written.map(({ table }) => table)).to.include.members([tables.groupTrees, tables.rosters]);
      const parts = () => new Set(written.filter(({ table }) => table === tables.groupRatchets).map(({ id }) => id));
      expect(parts().size, "all").to.be.greaterThan(1);

      written.length = 0;
      await group.send("three").reached("delivered", { timeout: 60_000 });
      expect(parts(), "its own").to.have.length(1);
      written.length = 0;
      await last.send("four").reached("delivered", { timeout: 60_000 });
      await group.settled();
      expect(parts(), "the sender's").to.have.length(1);
      expect(written.map(({ table }) => table)).to.not.include.oneOf([tables.groupTrees, tables.rosters]);

      await alice.close();
      people.forget(alice);
      const again = await people.online("alice", { store });
      const side = again.conversation(group.id) as Group;
      expect(side.users).to.have.length(12);
      const five = side.send("five");
      await five.reached("delivered", { timeout: 60_000 });
      expect(await five.receipts()).to.have.length(11);
    } finally {
      await people.close();
      await node.close();
    }
  });
});
