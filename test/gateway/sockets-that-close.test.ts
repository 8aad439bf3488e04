import { expect } from "chai";
import { fromBase64, toBase64 } from "../../src/protocol/base64.ts";
import { protocolVersion } from "../../src/protocol/limits.ts";
import { eventually } from "../support/eventually.ts";
import { codeOf, DeviceSocket } from "../support/device-socket.ts";
import { linkDevice, newPerson } from "../support/direct-on-node.ts";
import { startGatewayNode, tokenFor, type GatewayNode } from "../support/gateway-node.ts";

const comesBack = "transport close";
const staysAway = "io server disconnect";

describe("a socket is told why it is closed", () => {
  let node: GatewayNode;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());

  it("when it keeps sending garbage: for good", async () => {
    const { socket, identity } = await newPerson(node, "garbage");
    const gone = socket.disconnected();
    const codes: string[] = [];
    for (let turn = 0; turn < 19; turn += 1) codes.push(await codeOf(socket.request("message:send", {} as never)));
    expect(new Set(codes)).to.deep.equal(new Set(["invalid-request"]));
    expect(socket.socket.connected).to.equal(true);
    socket.socket.emit("message:send", {});
    expect(await socket.hears("session:closing")).to.deep.equal({ code: "invalid-request" });
    expect(await gone).to.equal(staysAway);
    const again = await DeviceSocket.admitted(node, identity);
    again.close();
  });

  it("when its challenge stays unanswered: it may come back", async () => {
    const hasty = await startGatewayNode({ settings: { challengeTimeoutMs: 50 } });
    try {
      const socket = await DeviceSocket.connect(hasty, { token: await tokenFor("slow"), protocol: protocolVersion });
      const gone = socket.disconnected();
      expect(await socket.hears("session:closing")).to.deep.equal({ code: "timeout" });
      expect(await gone).to.equal(comesBack);
    } finally {
      await hasty.close();
    }
  });

  it("when its token expires: it may come back with a new one", async () => {
    const { account, identity, socket } = await newPerson(node, "brief");
    socket.close();
    const brief = await DeviceSocket.connect(node, {
      token: await tokenFor(account.user, 2),
      protocol: protocolVersion,
    });
    const gone = brief.disconnected();
    await brief.prove(identity);
    expect(await brief.hears("session:closing")).to.deep.equal({ code: "token-expired" });
    expect(await gone).to.equal(comesBack);
  });

  it("when a newer socket of its device takes its place: for good, and the newer one stays", async () => {
    const { identity, socket } = await newPerson(node, "twice");
    const gone = socket.disconnected();
    const newer = await DeviceSocket.admitted(node, identity);
    expect(await socket.hears("session:closing")).to.deep.equal({ code: "replaced" });
    expect(await gone).to.equal(staysAway);
    await eventually(async () => expect((await node.presence.online([identity])).size).to.equal(1));
    expect(await newer.request("inbox:read", { after: 0 })).to.deep.equal({ entries: [], more: false });
    newer.close();
    await eventually(async () => expect((await node.presence.online([identity])).size).to.equal(0));
  });

  it("when its device is revoked: for good, and the device is not let in again", async () => {
    const person = await newPerson(node, "revoker");
    const stolen = await linkDevice(node, person);
    const gone = stolen.socket.disconnected();
    person.account.revokeDevice(stolen.identity.device);
    const entry = toBase64(person.account.entries.at(-1)!);
    expect(await person.socket.request("devices:revoke", { entry })).to.deep.equal({ listVersion: 3 });
    expect(await stolen.socket.hears("session:closing")).to.deep.equal({ code: "device-revoked" });
    expect(await gone).to.equal(staysAway);
    expect(await person.socket.hears("devices:changed", ({ version }) => version === 3)).to.have.property("user");
    const back = await DeviceSocket.connectAs(node, person.account.user);
    expect(await codeOf(back.prove(stolen.identity))).to.equal("device-revoked");
    back.close();
  });

  it("when the node drains: it may come back, and newcomers are turned away", async () => {
    const leaving = await startGatewayNode();
    const { socket } = await newPerson(leaving, "drained");
    const gone = socket.disconnected();
    leaving.gateway.refuseHandshakes();
    const turnedAway = DeviceSocket.connect(leaving, { token: await tokenFor("late"), protocol: protocolVersion });
    expect(await codeOf(turnedAway)).to.equal("draining");
    const closed = leaving.close();
    expect(await socket.hears("session:closing")).to.include({ code: "draining" });
    expect(await gone).to.equal(comesBack);
    await closed;
  });
});

describe("linking a second device over the node", () => {
  let node: GatewayNode;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());

  it("shows the offer to devices of the same user alone, and passes the answer on", async () => {
    const alice = await newPerson(node, "alice");
    const mallory = await newPerson(node, "mallory");
    const identity = alice.account.addDevice();
    const channel = toBase64(new Uint8Array(16).fill(3));
    const offer = {
      channel,
      device: identity.device,
      deviceKey: toBase64(alice.account.list!.devices.get(identity.device)!.deviceKey),
      kemKey: toBase64(new Uint8Array(1216).fill(9)),
    };
    const newcomer = await DeviceSocket.connectAs(node, alice.account.user);
    await newcomer.request("link:offer", offer);
    expect(await codeOf(newcomer.request("link:offer", { ...offer, channel: toBase64(new Uint8Array(16)) }))).to.equal(
      "invalid-request",
    );
    expect(await codeOf(mallory.socket.request("link:fetch", { channel }))).to.equal("link-unknown");
    const { channel: _asked, ...shown } = offer;
    expect(await alice.socket.request("link:fetch", { channel })).to.deep.equal(shown);
    const sealed = toBase64(new Uint8Array([4, 5, 6]));
    const wrong = toBase64(mallory.account.entries[0]!);
    const complete = (entry: string) => alice.socket.request("link:complete", { channel, entry, sealed });
    expect(await codeOf(complete(wrong))).to.equal("device-list-invalid");
    expect(await complete(toBase64(alice.account.entries[1]!))).to.deep.equal({ listVersion: 2 });
    expect(await newcomer.hears("link:completed")).to.deep.equal({ sealed });
    expect(await newcomer.prove(identity)).to.include({ listVersion: 2 });
    const { users } = await newcomer.request("devices:read", { users: [{ user: alice.account.user, after: 1 }] });
    expect(users[0]!.entries.map(fromBase64)).to.deep.equal([alice.account.entries[1]]);
  });

  it("repeats the answer to a newcomer that was away when it came", async () => {
    const { account, socket } = await newPerson(node, "bob");
    const identity = account.addDevice();
    const channel = toBase64(new Uint8Array(16).fill(8));
    const deviceKey = toBase64(account.list!.devices.get(identity.device)!.deviceKey);
    const offer = { channel, device: identity.device, deviceKey, kemKey: toBase64(new Uint8Array(1216)) };
    const away = await DeviceSocket.connectAs(node, account.user);
    await away.request("link:offer", offer);
    away.close();
    const sealed = toBase64(new Uint8Array([7]));
    await socket.request("link:complete", { channel, entry: toBase64(account.entries[1]!), sealed });
    const back = await DeviceSocket.connectAs(node, account.user);
    await back.request("link:offer", offer);
    expect(await back.hears("link:completed")).to.deep.equal({ sealed });
    await back.prove(identity);
    back.close();
  });
});
