import { expect } from "chai";
import { newId, type ConversationId } from "../../src/protocol/ids.ts";
import { limits } from "../../src/protocol/limits.ts";
import { codeOf } from "../support/device-socket.ts";
import {
  ackOf,
  foundDirect,
  linkDevice,
  markOf,
  messageOf,
  newPerson,
  type Person,
} from "../support/direct-on-node.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { rowCounts } from "../support/row-counts.ts";

describe("signals through a node", function () {
  this.timeout(60_000);
  const pressure = { delayMs: 0 };
  let node: GatewayNode;
  let round = 0;
  let alice: Person;
  let bob: Person;
  let conversation: ConversationId;
  before(async () => {
    node = await startGatewayNode({ pressure, rates: { typing: { amount: 5, periodMs: 3600_000 } } });
  });
  after(() => node.close());
  beforeEach(async () => {
    round += 1;
    pressure.delayMs = 0;
    ({ alice, bob, conversation } = await foundDirect(node, [`alice-${round}`, `bob-${round}`]));
  });
  afterEach(() => {
    for (const { socket } of [alice, bob]) socket.close();
  });

  const heardBy = ({ socket }: Pick<Person, "socket">, push: string) =>
    socket.heard.filter((heard) => heard.push === push).map(({ payload }) => payload);
  const sealed = Buffer.alloc(limits.sealedTypingBytes, 7).toString("base64");
  const signal = () => ({ conversation, generation: 1, epoch: 1, sealed });
  const type = (person: Pick<Person, "socket">) => person.socket.request("typing:send", signal());
  /** What was pushed to a device before this was, has been heard after it. */
  async function settle(person: Person): Promise<void> {
    const before = heardBy(person, "presence:changed").length;
    node.delivery.emit(`user:${person.account.user}` as never, "presence:changed", { users: [] });
    while (heardBy(person, "presence:changed").length === before) await person.socket.request("blocks:read", {});
  }

  describe("that somebody is writing", () => {
    it("goes to the other user's devices, as it is, and leaves nothing behind", async () => {
      const own = await linkDevice(node, alice);
      const before = rowCounts(node.file);
      await type(alice);
      await bob.socket.hears("typing:sent");
      const { user } = alice.account;
      expect(heardBy(bob, "typing:sent")).to.deep.equal([{ ...signal(), user, device: alice.identity.device }]);
      await settle(alice);
      expect(heardBy(alice, "typing:sent")).to.deep.equal([]);
      expect(heardBy(own, "typing:sent")).to.deep.equal([]);
      expect(rowCounts(node.file)).to.deep.equal(before);
      own.socket.close();
    });

    it("is taken from members alone, so often, and in one size", async () => {
      const mallory = await newPerson(node, `mallory-${round}`);
      expect(await codeOf(type(mallory))).to.equal("conversation-unknown");
      const longer = { ...signal(), sealed: Buffer.alloc(114).toString("base64") };
      expect(await codeOf(alice.socket.request("typing:send", longer))).to.equal("invalid-request");
      for (let time = 0; time < 5; time++) await type(alice);
      expect(await codeOf(type(alice))).to.equal("rate-limited");
      mallory.socket.close();
    });

    it("goes neither to nor from who is blocked", async () => {
      await alice.socket.request("blocks:set", { user: bob.account.user, blocked: true });
      await type(alice);
      await type(bob);
      await settle(bob);
      await settle(alice);
      expect([...heardBy(alice, "typing:sent"), ...heardBy(bob, "typing:sent")]).to.deep.equal([]);
    });

    it("is let go by a node that has other things to do, before anything else is", async () => {
      pressure.delayMs = 60;
      await type(alice);
      const sent = await alice.socket.request("message:send", messageOf(conversation, 1));
      expect(sent).to.include({ status: "accepted" });
      await bob.socket.hears("message:posted");
      expect(heardBy(bob, "typing:sent")).to.deep.equal([]);
    });
  });

  describe("that somebody has read", () => {
    it("is refused without the signature of the device that brings it, and before it has acked", async () => {
      await alice.socket.request("message:send", messageOf(conversation, 1));
      const mark = markOf(bob, conversation, 2);
      expect(await codeOf(bob.socket.request("marks:put", mark))).to.equal("ack-invalid");
      await bob.socket.request("message:ack", ackOf(bob, conversation, 2));
      expect(await codeOf(bob.socket.request("marks:put", { ...mark, audience: "own" }))).to.equal("ack-invalid");
      expect(await codeOf(bob.socket.request("marks:put", markOf(alice, conversation, 2)))).to.equal("ack-invalid");
      expect(await bob.socket.request("marks:put", mark)).to.deep.equal({});
      await alice.socket.hears("message:read");
      expect(heardBy(alice, "message:read")).to.have.length(1);
      const elsewhere = { ...mark, conversation: newId<ConversationId>() };
      expect(await codeOf(bob.socket.request("marks:put", elsewhere))).to.equal("conversation-unknown");
    });

    it("goes to the user's own devices alone where it is for them", async () => {
      const tablet = await linkDevice(node, bob);
      await alice.socket.request("message:send", messageOf(conversation, 1));
      await bob.socket.request("message:ack", ackOf(bob, conversation, 2));
      await bob.socket.request("marks:put", markOf(bob, conversation, 2, "own"));
      await tablet.socket.hears("message:read");
      expect(heardBy(tablet, "message:read")[0]).to.deep.include({ kind: "read", version: 0 });
      await settle(alice);
      expect(heardBy(alice, "message:read")).to.deep.equal([]);
      const read = await alice.socket.request("receipts:read", { conversation, after: 0 });
      expect(read.receipts.map(({ kind }) => kind)).to.not.include("read");
      expect(await alice.socket.request("marks:read", { conversation })).to.deep.equal({ mark: null });
      tablet.socket.close();
    });

    it("and what others may see of it is the user's own word", async () => {
      const forged = { version: 1, readReceipts: true, typing: true, signature: Buffer.alloc(64).toString("base64") };
      expect(await codeOf(bob.socket.request("privacy:set", forged))).to.equal("forbidden");
      expect(await bob.socket.request("privacy:read", {})).to.deep.equal({ privacy: null });
    });
  });
});
