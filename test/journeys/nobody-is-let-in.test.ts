import { expect } from "chai";
import type { TokenSource } from "../../src/client/index.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { newId, type ConversationId } from "../../src/protocol/ids.ts";
import { protocolVersion } from "../../src/protocol/limits.ts";
import { requestNames, requestsBeforeAdmission } from "../../src/protocol/requests.ts";
import { codeOf, DeviceSocket } from "../support/device-socket.ts";
import { ackOf, foundDirect, linkDevice, messageOf, newPerson, type Person } from "../support/direct-on-node.ts";
import { FlakyLink } from "../support/flaky-link.ts";
import { startGatewayNode, tokenFor } from "../support/gateway-node.ts";
import { NodeProcess } from "../support/node-process.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

const bytes = (length: number): string => toBase64(new Uint8Array(length).fill(65));

describe("promise 9: nobody is let in", function () {
  this.timeout(120_000);
  let node: NodeProcess;
  let alice: Person;
  let bob: Person;
  let conversation: ConversationId;
  let number = 0;
  before(async () => {
    node = await NodeProcess.start();
    ({ alice, bob, conversation } = await foundDirect(node));
  });
  after(async () => {
    alice.socket.close();
    bob.socket.close();
    await node.close();
  });

  /** A message that bob has and has acked, so that everything it sets off has been sent. */
  async function talk(): Promise<void> {
    const sent = await alice.socket.request("message:send", messageOf(conversation, ++number));
    if (sent.status !== "accepted") throw new Error("known already");
    await bob.socket.hears("message:posted", ({ sequence }) => sequence === sent.sequence);
    await bob.socket.request("message:ack", ackOf(bob, conversation, sent.sequence));
    await alice.socket.hears(
      "message:delivered",
      (one) => one.kind === "delivered" && one.ack.sequence === sent.sequence,
    );
  }

  it("into a conversation: a user who is not in it hears nothing of it, and gets one answer to every question", async () => {
    const mallory = await newPerson(node, "mallory");
    await talk();
    const ask = mallory.socket;
    const base = { conversation, generation: 1, epoch: 1 };
    const devices = [{ user: bob.account.user, device: bob.identity.device }];
    const unknown = await Promise.all([
      codeOf(ask.request("log:read", { conversation, after: 0, limit: 10 })),
      codeOf(ask.request("receipts:read", { conversation, after: 0 })),
      codeOf(ask.request("message:ack", ackOf(mallory, conversation, 1))),
      codeOf(ask.request("message:send", messageOf(conversation, 1))),
      codeOf(ask.request("conversation:commit", { ...base, id: newId(), commit: bytes(300) })),
      codeOf(ask.request("readd:request", { ...base, keyPackage: bytes(300), signature: bytes(64) })),
    ]);
    const elsewhere = await codeOf(
      ask.request("log:read", { conversation: newId<ConversationId>(), after: 0, limit: 10 }),
    );
    expect(new Set(unknown)).to.deep.equal(new Set([elsewhere]));
    expect(elsewhere).to.equal("conversation-unknown");
    expect(await codeOf(ask.request("devices:read", { users: [{ user: bob.account.user, after: 0 }] }))).to.equal(
      "forbidden",
    );
    expect(await codeOf(ask.request("keypackages:claim", { suite: 84, devices }))).to.equal("forbidden");
    expect(await ask.request("inbox:read", { after: 0 })).to.deep.equal({ entries: [], more: false });
    expect((await ask.request("conversation:list", { limit: 10 })).conversations).to.deep.equal([]);
    await talk();
    await ask.request("inbox:read", { after: 0 });
    expect(ask.heard).to.deep.equal([]);
    ask.close();
  });

  it("without a proof: a socket with bob's token alone hears nothing, and every question is refused", async () => {
    const stranger = await DeviceSocket.connectAs(node, bob.account.user);
    await talk();
    const asked = requestNames.filter((name) => !requestsBeforeAdmission.includes(name)).slice(0, 18);
    for (const name of asked) {
      const answer = (await stranger.ask(name, {})) as { ok: boolean; error?: { code: string } };
      expect(answer, name).to.have.nested.property("error.code", "unauthenticated");
    }
    expect(stranger.heard).to.deep.equal([]);
    stranger.close();
  });

  it("with a proof that was made for another place, or for another socket's challenge", async () => {
    const relay = await DeviceSocket.connectAs(node, alice.account.user);
    const { device } = alice.identity;
    const prove = (signature: string): Promise<string> => codeOf(relay.request("session:prove", { device, signature }));
    expect(await prove(relay.signChallenge(alice.identity, "evil.example"))).to.equal("admission-refused");
    const other = await DeviceSocket.connectAs(node, alice.account.user);
    expect(await prove(other.signChallenge(alice.identity))).to.equal("admission-refused");
    await talk();
    expect(relay.heard).to.deep.equal([]);
    relay.close();
    other.close();
  });

  it("through somebody in the middle, where the operator says what the service is called", async () => {
    const named = await startGatewayNode({ settings: { publicHosts: ["chat.example"] } });
    const middle = await FlakyLink.to(named);
    const people = new People(() => middle.url);
    const client = await people.open("alice");
    await refusal(client.connect(), "admission-refused");
    await people.close();
    await middle.close();
    await named.close();
  });

  it("for longer than its token: the socket is closed, and hears nothing more", async () => {
    const carol = await newPerson(node, "carol");
    carol.socket.close();
    const soon = { token: await tokenFor("carol", 2), protocol: protocolVersion };
    const socket = await DeviceSocket.connect(node, soon);
    await socket.prove(carol.identity);
    expect((await socket.hears("session:closing")).code).to.equal("token-expired");
    await socket.disconnected();
    expect(await codeOf(DeviceSocket.connect(node, soon))).to.equal("token-expired");
  });

  it("for longer than its token: the SDK asks for a new one, and goes on", async () => {
    const people = new People(() => node.url);
    const reasons: string[] = [];
    const token: TokenSource = ({ reason }) => {
      reasons.push(reason);
      return tokenFor("dora", reason === "connect" ? 2 : 3600);
    };
    const dora = await people.online("dora", { token });
    const erin = await people.online("erin");
    await new Promise<void>((resolve) => dora.on("connection", (state) => state === "online" && resolve()));
    expect(reasons).to.deep.equal(["connect", "expired"]);
    await (await dora.direct("erin")).send("still here").reached("delivered", { timeout: 60_000 });
    expect(erin.conversations()).to.have.length(1);
    await people.close();
  });

  it("after it was revoked: a device is out within five seconds, and for good", async () => {
    const tablet = await linkDevice(node, alice);
    await bob.socket.request("message:send", messageOf(conversation, 1));
    await tablet.socket.hears("message:posted", ({ sender }) => sender.user === bob.identity.user);
    alice.account.revokeDevice(tablet.identity.device);
    const before = performance.now();
    await alice.socket.request("devices:revoke", { entry: toBase64(alice.account.entries.at(-1)!) });
    await tablet.socket.disconnected();
    expect(performance.now() - before).to.be.lessThan(5000);
    await bob.socket.request("message:send", messageOf(conversation, 2));
    await talk();
    expect(tablet.socket.heard.filter(({ push }) => push === "message:posted")).to.have.length(1);
    expect(await codeOf(DeviceSocket.admitted(node, tablet.identity))).to.equal("device-revoked");
  });
});
