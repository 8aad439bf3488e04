import { expect } from "chai";
import { setImmediate as turn } from "node:timers/promises";
import { userId, type UserId } from "../../src/protocol/ids.ts";
import { limits } from "../../src/protocol/limits.ts";
import type { PushOf } from "../../src/protocol/pushes.ts";
import { codeOf, DeviceSocket } from "../support/device-socket.ts";
import { newPerson, type Person } from "../support/direct-on-node.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";

type Status = PushOf<"presence:changed">["users"][number];

describe("a socket that watches who is online", function () {
  this.timeout(120_000);
  let node: GatewayNode;
  let alice: Person;
  let bob: Person;
  let users: UserId[];
  let round = 0;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());
  beforeEach(async () => {
    round += 1;
    [alice, bob] = [await newPerson(node, `alice-${round}`), await newPerson(node, `bob-${round}`)];
    users = [bob.account.user];
    await meet(alice, bob);
  });
  afterEach(() => {
    for (const { socket } of [alice, bob]) socket.close();
  });

  const meet = (one: Person, other: Person) => one.socket.request("conversation:open", { peer: other.account.user });
  const watch = (person: Person, watched = users) => person.socket.request("presence:watch", { users: watched });
  const heardBy = ({ socket }: Person): Status[] =>
    socket.heard.flatMap(({ push, payload }) =>
      push === "presence:changed" ? (payload as PushOf<"presence:changed">).users : [],
    );
  const hears = (person: Person, count: number) =>
    eventually(() => {
      expect(heardBy(person)).to.have.length(count);
      return heardBy(person).at(-1)!;
    });
  const returns = async (person: Person) => {
    person.socket = await DeviceSocket.admitted(node, person.identity);
  };

  it("is answered with how it is, and told of changes", async () => {
    const online = { user: users[0]!, online: true, lastSeen: null };
    expect(await watch(alice)).to.deep.equal({ users: [online] });
    const leftAt = Date.now();
    bob.socket.close();
    const gone = await hears(alice, 1);
    expect(gone).to.include({ user: users[0], online: false });
    expect(gone.lastSeen).to.be.closeTo(leftAt, 1000);
    expect(Date.now() - leftAt).to.be.lessThan(5000);
    await returns(bob);
    expect(await hears(alice, 2)).to.deep.equal(online);
  });

  it("hears nothing of a line that is lost and comes back", async () => {
    await watch(alice);
    node.sockets.of("/").sockets.get(bob.socket.socket.id!)!.conn.close();
    await bob.socket.disconnected();
    await returns(bob);
    const [status] = (await watch(alice)).users;
    expect(status!.online).to.equal(true);
    bob.socket.close();
    await hears(alice, 1);
  });

  it("gets the newest of what happens at once, in one push", async () => {
    const carol = await newPerson(node, `carol-${round}`);
    await meet(alice, carol);
    await watch(alice, [...users, carol.account.user]);
    const back = await DeviceSocket.connectAs(node, bob.account.user);
    bob.socket.close();
    carol.socket.close();
    await eventually(async () => {
      expect((await node.presence.statusOf(users))[0]!.online).to.equal(false);
    });
    await back.prove(bob.identity);
    bob.socket = back;
    await eventually(() => expect(heardBy(alice).length).to.be.greaterThan(0));
    const pushes = alice.socket.heard.filter(({ push }) => push === "presence:changed");
    expect(pushes).to.have.length(1);
    expect(heardBy(alice).map(({ user, online }) => ({ user, online }))).to.have.deep.members([
      { user: users[0], online: true },
      { user: carol.account.user, online: false },
    ]);
  });

  it("watches contacts alone, and no more than so many; a refusal leaves what it watched", async () => {
    const stranger = await newPerson(node, `stranger-${round}`);
    await watch(alice);
    expect(await codeOf(watch(alice, [...users, stranger.account.user]))).to.equal("forbidden");
    expect(await codeOf(watch(alice, [userId.parse("nobody-at-all")]))).to.equal("forbidden");
    const tooMany = Array.from({ length: limits.usersPerWatch + 1 }, () => users[0]!);
    expect(await codeOf(watch(alice, tooMany))).to.equal("invalid-request");
    stranger.socket.close();
    bob.socket.close();
    expect((await hears(alice, 1)).user).to.equal(users[0]);
  });

  it("hears no more of whom it does not watch any longer", async () => {
    await watch(alice);
    await watch(alice, [alice.account.user]);
    bob.socket.close();
    await returns(bob);
    await watch(alice);
    bob.socket.close();
    expect(await hears(alice, 1)).to.include({ online: false });
  });

  it("ends its watch when it leaves, the node's when it is the last", async () => {
    const carol = await newPerson(node, `carol-${round}`);
    await meet(carol, bob);
    const { presence } = node;
    const unwatched: UserId[] = [];
    const unwatch = presence.unwatch.bind(presence);
    presence.unwatch = (whom) => {
      unwatched.push(...whom);
      unwatch(whom);
    };
    await Promise.all([watch(alice), watch(carol)]);
    const leave = async ({ socket, account }: Person) => {
      socket.close();
      await eventually(async () => {
        expect((await presence.statusOf([account.user]))[0]!.online).to.equal(false);
      });
    };
    await leave(carol);
    expect(unwatched).to.deep.equal([]);
    await leave(alice);
    expect(unwatched).to.deep.equal(users);
    Reflect.deleteProperty(presence, "unwatch");
  });

  it("waits for a word of others' presence while the node has no time, and is answered meanwhile", async () => {
    await watch(alice);
    bob.socket.close();
    await eventually(async () => {
      expect((await node.presence.statusOf(users))[0]!.online).to.equal(false);
    });
    const until = performance.now() + 1800;
    let answers = 0;
    while (performance.now() < until) {
      const request = alice.socket.request("keypackages:claim", { suite: 84, devices: [] }).catch(() => undefined);
      void request.then(() => (answers += 1));
      const busyUntil = performance.now() + 120;
      while (performance.now() < busyUntil);
      for (let turns = 0; turns < 3; turns += 1) await turn();
    }
    expect(heardBy(alice)).to.deep.equal([]);
    expect(answers).to.be.greaterThan(3);
    expect(await hears(alice, 1)).to.include({ online: false });
  });

  it("is not sent presence while it does not take in its messages, and then the newest alone", async () => {
    const carol = await newPerson(node, `carol-${round}`);
    await meet(carol, bob);
    await Promise.all([watch(alice), watch(carol)]);
    const line = Reflect.get(alice.socket.socket.io.engine.transport, "ws") as { pause(): void; resume(): void };
    const server = node.sockets.of("/").sockets.get(alice.socket.socket.id!)!;
    line.pause();
    // More than the system keeps for it, and a little that waits in the node.
    const filler = (characters: number) => Reflect.apply(server.emit, server, ["filler", "x".repeat(characters)]);
    filler(12 * 1024 * 1024);
    await turn();
    filler(200 * 1024);
    bob.socket.close();
    await hears(carol, 1);
    await returns(bob);
    await hears(carol, 2);
    bob.socket.close();
    const last = await hears(carol, 3);
    line.resume();
    expect(await hears(alice, 1)).to.deep.equal(last);
  });
});
