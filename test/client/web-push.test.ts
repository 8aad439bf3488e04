import { expect } from "chai";
import { acceptsEndpoint } from "../../src/push/push-endpoints.ts";
import { newVapidPair } from "../../src/push/vapid.ts";
import { DeviceSocket } from "../support/device-socket.ts";
import { newPerson } from "../support/direct-on-node.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

const endpoint = "https://push.example.org/one";

describe("subscribing to Web Push", () => {
  let node: GatewayNode;
  let people: People;
  let publicKey: string;
  before(async () => {
    ({ publicKey } = await newVapidPair());
    const accepts = (url: string) => acceptsEndpoint(url, ["push.example.org"]);
    node = await startGatewayNode({ pushServices: { publicKey, accepts } });
  });
  after(() => node.close());
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(() => people.close());
  const endpointsOf = async (client: { user: Parameters<GatewayNode["store"]["readPushSubscriptions"]>[0] }) =>
    (await node.store.readPushSubscriptions(client.user)).map((row) => row.endpoint);

  it("takes what a browser gives, keeps the latest place of a device, and lets go of it", async () => {
    const alice = await people.online("alice");
    expect(await alice.push.publicKey()).to.equal(publicKey);
    const given = { endpoint, expirationTime: null, keys: { p256dh: "key", auth: "auth" } };
    await alice.push.subscribe(given);
    await alice.push.subscribe({ ...given, endpoint: `${endpoint}/newer` });
    expect(await node.store.readPushSubscriptions(alice.user)).to.deep.equal([
      { user: "alice", device: alice.device, endpoint: `${endpoint}/newer` },
    ]);
    await alice.push.unsubscribe();
    await alice.push.unsubscribe();
    expect(await endpointsOf(alice)).to.deep.equal([]);
  });

  it("is refused for a place that is none of a push service's, and stores nothing", async () => {
    const bob = await people.online("bob");
    for (const wrong of [
      "http://push.example.org/one",
      "https://push.example.org:8443/one",
      "https://user:password@push.example.org/one",
      "https://push.example.org.evil.example/one",
      "https://127.0.0.1/one",
      "http://169.254.169.254/latest/meta-data",
    ]) {
      await refusal(bob.push.subscribe({ endpoint: wrong }), "push-refused");
    }
    for (const wrong of [
      "",
      "ftp://push.example.org/",
      "https://push.example.org/a b",
      `${endpoint}${"x".repeat(2048)}`,
    ]) {
      await refusal(bob.push.subscribe({ endpoint: wrong }), "invalid-argument");
    }
    await refusal(bob.push.subscribe({}), "invalid-argument");
    expect(await endpointsOf(bob)).to.deep.equal([]);
  });

  it("is refused by the node itself for what does not have the shape, and before admission", async () => {
    const { account, socket } = await newPerson(node, "carol");
    const codeOfAnswer = (answer: unknown) => (answer as { error?: { code: string } }).error?.code;
    for (const wrong of [
      `${endpoint}${"x".repeat(2048)}`,
      "ftp://push.example.org/",
      "https://push.example.org/é",
      7,
    ]) {
      expect(codeOfAnswer(await socket.ask("push:subscribe", { endpoint: wrong }))).to.equal("invalid-request");
    }
    const stranger = await DeviceSocket.connectAs(node, account.user);
    for (const name of ["push:key", "push:subscribe", "push:unsubscribe"]) {
      expect(codeOfAnswer(await stranger.ask(name, { endpoint }))).to.equal("unauthenticated");
    }
    expect(await endpointsOf(account)).to.deep.equal([]);
    for (const each of [stranger, socket]) each.close();
  });

  it("ends with the device: one that is revoked is not pushed to", async () => {
    const dave = await people.online("dave");
    const tablet = await people.linked(dave);
    await dave.push.subscribe({ endpoint });
    await tablet.push.subscribe({ endpoint: `${endpoint}/tablet` });
    expect(await endpointsOf(dave)).to.have.members([endpoint, `${endpoint}/tablet`]);
    await dave.devices.revoke(tablet.device);
    expect(await endpointsOf(dave)).to.deep.equal([endpoint]);
  });

  it("says so when there is no connection", async () => {
    const erin = await people.open("erin");
    await refusal(erin.push.publicKey(), "offline");
    await refusal(erin.push.subscribe({ endpoint }), "offline");
    await refusal(erin.push.unsubscribe(), "offline");
  });
});

describe("a deployment without Web Push", () => {
  it("says so, and lets go of what was subscribed before", async () => {
    const node = await startGatewayNode();
    const people = new People(() => node.url);
    const alice = await people.online("alice");
    await refusal(alice.push.publicKey(), "push-refused");
    await refusal(alice.push.subscribe({ endpoint }), "push-refused");
    await node.store.putPushSubscription({ user: alice.user, device: alice.device, endpoint });
    await alice.push.unsubscribe();
    expect(await node.store.readPushSubscriptions(alice.user)).to.deep.equal([]);
    await people.close();
    await node.close();
  });
});
