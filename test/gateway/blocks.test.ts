import { expect } from "chai";
import { userId } from "../../src/protocol/ids.ts";
import { limits } from "../../src/protocol/limits.ts";
import type { PushOf } from "../../src/protocol/pushes.ts";
import { codeOf, DeviceSocket } from "../support/device-socket.ts";
import { ackOf, foundDirect, linkDevice, messageOf, newPerson, type Person } from "../support/direct-on-node.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";

describe("blocking somebody", function () {
  this.timeout(120_000);
  let node: GatewayNode;
  let round = 0;
  let alice: Person;
  let mallory: Person;
  let conversation: Awaited<ReturnType<typeof foundDirect>>["conversation"];
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());
  beforeEach(async () => {
    round += 1;
    const founded = await foundDirect(node, [`alice-${round}`, `mallory-${round}`]);
    ({ alice, bob: mallory, conversation } = founded);
  });
  afterEach(() => {
    for (const { socket } of [alice, mallory]) socket.close();
  });

  const set = (blocked: boolean) => alice.socket.request("blocks:set", { user: mallory.account.user, blocked });
  const heardOf = ({ socket }: Pick<Person, "socket">, push: string) =>
    socket.heard.filter((heard) => heard.push === push).map(({ payload }) => payload);

  it("is read back, and every other device of the user is told", async () => {
    const second = await linkDevice(node, alice);
    await set(true);
    await second.socket.hears("blocks:changed");
    expect(await second.socket.request("blocks:read", {})).to.deep.equal({ users: [mallory.account.user] });
    await set(true);
    await set(false);
    expect(await alice.socket.request("blocks:read", {})).to.deep.equal({ users: [] });
    await eventually(() => expect(heardOf(second, "blocks:changed")).to.have.length(2));
    expect(heardOf(alice, "blocks:changed")).to.deep.equal([]);
    expect(heardOf(mallory, "blocks:changed")).to.deep.equal([]);
    second.socket.close();
  });

  it("is not for oneself, and has a bound", async () => {
    const { user } = alice.account;
    expect(await codeOf(alice.socket.request("blocks:set", { user, blocked: true }))).to.equal("invalid-request");
    const others = Array.from({ length: limits.blocksPerUser }, (_, index) => userId.parse(`other-${index}`));
    await Promise.all(others.map((blocked) => node.store.setBlock({ user, blocked }, true)));
    expect(await codeOf(set(true))).to.equal("too-many-blocks");
  });

  it("refuses their messages in the direct conversation, of which nothing is left, and none of one's own", async () => {
    await set(true);
    expect(await codeOf(mallory.socket.request("message:send", messageOf(conversation, 1)))).to.equal("not-accepted");
    await alice.socket.request("message:send", messageOf(conversation, 1));
    await mallory.socket.hears("message:posted");
    expect(heardOf(alice, "message:posted")).to.deep.equal([]);
    await set(false);
    const reply = await mallory.socket.request("message:send", messageOf(conversation, 1));
    expect(reply).to.include({ status: "accepted", sequence: 3 });
    await alice.socket.hears("message:posted");
  });

  it("tells them of no delivery, and lets them read of none", async () => {
    await mallory.socket.request("message:send", messageOf(conversation, 1));
    await set(true);
    await alice.socket.request("message:ack", ackOf(alice, conversation, 2));
    const read = await mallory.socket.request("receipts:read", { conversation, after: 0 });
    expect(read).to.deep.equal({ receipts: [], version: 0, more: false });
    expect(heardOf(mallory, "message:delivered")).to.deep.equal([]);
    await set(false);
    await mallory.socket.request("message:send", messageOf(conversation, 2));
    await alice.socket.request("message:ack", ackOf(alice, conversation, 3));
    await mallory.socket.hears("message:delivered");
  });

  it("still lets them read device lists and commit: the log decides who is in a conversation", async () => {
    await set(true);
    const users = [{ user: alice.account.user, after: 0 }];
    const { users: lists } = await mallory.socket.request("devices:read", { users });
    expect(lists[0]!.entries).to.have.length(1);
    const { head } = await mallory.socket.request("conversation:open", { peer: alice.account.user });
    expect(head).to.equal(1);
  });

  describe("while they watch who is online", () => {
    const watch = () => mallory.socket.request("presence:watch", { users: [alice.account.user] });
    const seen = () =>
      heardOf(mallory, "presence:changed").flatMap((push) => (push as PushOf<"presence:changed">).users);
    const away = () => ({ user: alice.account.user, online: false, lastSeen: null });

    it("looks like being away for good, and so it stays", async () => {
      await set(true);
      expect(await watch()).to.deep.equal({ users: [away()] });
      const carol = await newPerson(node, `carol-${round}`);
      await carol.socket.request("conversation:open", { peer: alice.account.user });
      await carol.socket.request("presence:watch", { users: [alice.account.user] });
      alice.socket.close();
      await carol.socket.hears("presence:changed", ({ users }) => !users[0]!.online);
      alice.socket = await DeviceSocket.admitted(node, alice.identity);
      await carol.socket.hears("presence:changed", ({ users }) => users[0]!.online);
      carol.socket.close();
      // Whatever was sent to this socket before it is here when it answers.
      expect(await watch()).to.deep.equal({ users: [away()] });
      expect(seen()).to.deep.equal([]);
    });

    it("is shown once as going away, and undone as coming back", async () => {
      expect(await watch()).to.deep.equal({ users: [{ ...away(), online: true }] });
      await set(true);
      await eventually(() => expect(seen()).to.deep.equal([away()]));
      await set(false);
      await eventually(() => expect(seen().slice(1)).to.deep.equal([{ ...away(), online: true }]));
    });

    it("is told nothing while it cannot be known who may see whom", async () => {
      await watch();
      const { blocks } = node.actors;
      const of = blocks.of.bind(blocks);
      let tries = 0;
      blocks.of = () => {
        tries += 1;
        return Promise.reject(new Error("the database is away"));
      };
      alice.socket.close();
      await eventually(() => expect(tries).to.be.greaterThan(1));
      expect(seen()).to.deep.equal([]);
      blocks.of = of;
      await eventually(() => expect(seen()).to.have.length(1));
    });
  });
});
