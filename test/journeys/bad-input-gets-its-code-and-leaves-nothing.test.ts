import { expect } from "chai";
import fc from "fast-check";
import { signToken } from "../../src/accounts/tokens.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { errorCodes } from "../../src/protocol/errors.ts";
import { newId, type ConversationId } from "../../src/protocol/ids.ts";
import { limits, protocolVersion } from "../../src/protocol/limits.ts";
import { mlsGroupEngine } from "../../src/crypto/mls-group-engine.ts";
import { AccountWithDevices } from "../support/account-with-devices.ts";
import { codeOf, DeviceSocket } from "../support/device-socket.ts";
import { ackOf, foundDirect, linkDevice, messageOf, newPerson, type Person } from "../support/direct-on-node.ts";
import { frames, type Frame } from "../support/frames.ts";
import { startGatewayNode, tokenFor, tokenRules, type GatewayNode } from "../support/gateway-node.ts";
import { rowCounts } from "../support/row-counts.ts";

const bytes = (length: number) => toBase64(new Uint8Array(length).fill(65));
const hash = bytes(32);
const signature = bytes(64);

describe("bad input gets its code and leaves nothing", () => {
  let node: GatewayNode;
  let alice: Person;
  let bob: Person;
  let mallory: Person;
  let tablet: Pick<Person, "identity" | "socket">;
  let conversation: ConversationId;
  let rowsBefore: Record<string, number>;

  const connect = (auth: Record<string, unknown>) => codeOf(DeviceSocket.connect(node, auth));
  const errorCode = async (answer: Promise<unknown>) => ((await answer) as { error: { code: string } }).error.code;

  beforeEach(() => {
    rowsBefore = rowCounts(node.file);
  });
  afterEach(async () => {
    expect(rowCounts(node.file), "rows by table").to.deep.equal(rowsBefore);
    const page = await bob.socket.request("log:read", { conversation, after: 0, limit: 10 });
    expect(page.head, "the node answers, and the log is as it was").to.equal(2);
  });
  before(async () => {
    node = await startGatewayNode({ settings: { malformedPerMinute: 1_000_000 } });
    ({ alice, bob, conversation } = await foundDirect(node));
    mallory = await newPerson(node, "mallory");
    tablet = await linkDevice(node, alice);
    await alice.socket.request("message:send", messageOf(conversation, 1));
  });
  after(() => node.close());

  it("at the handshake: no token, an expired one, a forged one, another protocol", async () => {
    const protocol = protocolVersion;
    const user = alice.account.user;
    const forged = await signToken("another secret, of somebody else altogether", tokenRules, { user, ttlSeconds: 60 });
    const stranger = { ...tokenRules, audience: "another service" };
    const misdirected = await signToken("a secret that only this test knows, and long", stranger, {
      user,
      ttlSeconds: 60,
    });
    expect(await connect({ protocol })).to.equal("token-missing");
    expect(await connect({ protocol, token: "" })).to.equal("token-missing");
    expect(await connect({ protocol, token: { $ne: 1 } })).to.equal("token-invalid");
    expect(await connect({ protocol, token: "x".repeat(9000) })).to.equal("token-invalid");
    expect(await connect({ protocol, token: "not.a.token" })).to.equal("token-invalid");
    expect(await connect({ protocol, token: await tokenFor("alice", -60) })).to.equal("token-expired");
    expect(await connect({ protocol, token: forged.token })).to.equal("token-invalid");
    expect(await connect({ protocol, token: misdirected.token })).to.equal("token-invalid");
    expect(await connect({ protocol: 99, token: await tokenFor("alice") })).to.equal("protocol-unsupported");
  });

  it("at admission: another user's device, another key, another origin, nothing proved at all", async () => {
    const thief = await DeviceSocket.connectAs(node, mallory.account.user);
    const { device } = alice.identity;
    const prove = (proof: string, claimed = device) =>
      codeOf(thief.request("session:prove", { device: claimed, signature: proof }));
    expect(await prove(thief.signChallenge(alice.identity))).to.equal("device-unknown");
    expect(await prove(thief.signChallenge({ ...alice.identity, user: mallory.account.user }))).to.equal(
      "device-unknown",
    );
    expect(await prove(signature, newId<never>())).to.equal("device-unknown");
    expect(await prove(signature, mallory.identity.device)).to.equal("admission-refused");
    expect(await prove(thief.signChallenge(mallory.identity, "evil.example"), mallory.identity.device)).to.equal(
      "admission-refused",
    );
    expect(await codeOf(thief.request("message:send", messageOf(conversation, 2)))).to.equal("unauthenticated");
    expect(await codeOf(thief.request("log:read", { conversation, after: 0, limit: 1 }))).to.equal("unauthenticated");
    thief.close();
  });

  it("at registration: a second first device, another's name in the entry, a key that proves nothing", async () => {
    const second = await AccountWithDevices.of("mallory");
    const socket = await DeviceSocket.connectAs(node, second.user);
    expect(await codeOf(socket.register(second, second.addDevice()))).to.equal("link-required");
    const eve = await DeviceSocket.connectAs(node, (await AccountWithDevices.of("eve")).user);
    const named = await AccountWithDevices.of("bob");
    expect(await codeOf(eve.register(named, named.addDevice()))).to.equal("device-list-invalid");
    const account = await AccountWithDevices.of("eve");
    const identity = account.addDevice();
    const { device } = identity;
    const accountKey = toBase64(account.accountKeys.publicKey);
    const entry = toBase64(account.entries[0]!);
    const register = (change: object) =>
      codeOf(eve.request("session:register", { device, accountKey, entry, signature, ...change }));
    expect(await register({})).to.equal("admission-refused");
    expect(await register({ signature: mallory.socket.signChallenge(identity) })).to.equal("admission-refused");
    expect(await register({ accountKey: hash })).to.equal("device-list-invalid");
    expect(await register({ entry: bytes(40) })).to.equal("device-list-invalid");
    expect(await register({ device: newId() })).to.equal("device-list-invalid");
    socket.close();
    eve.close();
  });

  it("in a conversation that there is not, that is not one's own, or that this device is not in", async () => {
    const inquire = async ({ socket }: Pick<Person, "socket">, place: ConversationId, from: Person) => [
      await codeOf(socket.request("message:send", messageOf(place, 2))),
      await codeOf(socket.request("log:read", { conversation: place, after: 0, limit: 10 })),
      await codeOf(socket.request("message:ack", ackOf(from, place, 1))),
    ];
    const unknown = ["conversation-unknown", "conversation-unknown", "conversation-unknown"];
    expect(await inquire(mallory, conversation, mallory)).to.deep.equal(unknown);
    expect(await inquire(alice, newId(), alice)).to.deep.equal(unknown);
    expect(await codeOf(mallory.socket.request("receipts:read", { conversation, after: 0 }))).to.equal(unknown[0]);
    const outside = await inquire(tablet, conversation, { ...alice, identity: tablet.identity });
    expect(outside).to.deep.equal(["not-a-member", "not-a-member", "not-a-member"]);
  });

  it("one byte too many", async () => {
    const message = messageOf(conversation, 2);
    const { id } = message;
    const send = (payload: string) => codeOf(alice.socket.request("message:send", { ...message, payload }));
    expect(await send(bytes(limits.messageBytes + 1))).to.equal("too-large");
    expect(await send(bytes(limits.messageBytes + 100_000))).to.equal("too-large");
    const commit = { conversation, generation: 1, epoch: 1, id, commit: bytes(limits.handshakeBytes + 1) };
    expect(await codeOf(alice.socket.request("conversation:commit", commit))).to.equal("too-large");
    const oneTime = [bytes(limits.keyPackageBytes + 1)];
    expect(await codeOf(alice.socket.request("keypackages:publish", { suite: 84, oneTime }))).to.equal("too-large");
    const gone = await DeviceSocket.admitted(node, mallory.identity);
    gone.socket.emit("message:send", { payload: "x".repeat(limits.frameBytes) });
    expect(await gone.disconnected()).to.equal("transport close");
    mallory.socket = await DeviceSocket.admitted(node, mallory.identity);
  });

  it("of the wrong type, incomplete, unheard of, without a way to answer", async () => {
    const message = messageOf(conversation, 2);
    const ask = (...parameters: unknown[]) => errorCode(alice.socket.ask("message:send", ...parameters));
    const { payload, ...incomplete } = message;
    for (const request of [
      incomplete,
      null,
      7,
      "text",
      [],
      [message],
      { ...message, payload: 7 },
      { ...message, payload: `${payload}!` },
      { ...message, payload: "" },
      { ...message, payload: new Uint8Array([1, 2]) },
      { ...message, number: "2" },
      { ...message, number: -1 },
      { ...message, number: 1.5 },
      { ...message, id: message.id.toUpperCase() },
      { ...message, id: "0190b3a0-0000-4000-8000-000000000000" },
      { ...message, conversation: { toString: "x" } },
    ]) {
      expect(await ask(request), JSON.stringify(request)).to.equal("invalid-request");
    }
    expect(await ask(message, message)).to.equal("invalid-request");
    expect(await ask()).to.equal("invalid-request");
    for (const event of ["message:destroy", "__proto__", "constructor", "toString", ""]) {
      expect(await errorCode(alice.socket.ask(event, {})), event).to.equal("unknown-request");
    }
    alice.socket.socket.emit("message:send", message);
    expect(await errorCode(alice.socket.ask("session:prove", {}))).to.equal("invalid-request");
  });

  it("a known number or id with another content, a gap, an epoch that is not", async () => {
    const first = await alice.socket.request("log:read", { conversation, after: 1, limit: 1 });
    const known = first.entries[0]!;
    const send = (change: object) =>
      codeOf(alice.socket.request("message:send", { ...messageOf(conversation, 2), ...change }));
    expect(await send({ number: 1 })).to.equal("message-conflict");
    expect(await send({ number: 1, id: known.id })).to.equal("message-conflict");
    expect(await send({ id: known.id })).to.equal("message-conflict");
    expect(await send({ number: 3 })).to.equal("out-of-order");
    expect(await send({ epoch: 0 })).to.equal("stale-epoch");
    expect(await send({ epoch: 9 })).to.equal("stale-epoch");
    expect(await send({ generation: 2 })).to.equal("stale-epoch");
  });

  it("acks that the device did not sign, or that lie beyond the log", async () => {
    const ack = (request: ReturnType<typeof ackOf>) => codeOf(bob.socket.request("message:ack", request));
    expect(await ack(ackOf(alice, conversation, 2))).to.equal("ack-invalid");
    expect(await ack({ ...ackOf(bob, conversation, 1), sequence: 2 })).to.equal("ack-invalid");
    expect(await ack({ ...ackOf(bob, conversation, 2), logHash: hash })).to.equal("ack-invalid");
    expect(await ack(ackOf(bob, conversation, 3))).to.equal("ack-invalid");
    expect(await errorCode(bob.socket.ask("message:ack", ackOf(bob, conversation, 2, [[2, 1]])))).to.equal(
      "invalid-request",
    );
  });

  it("commits, key packages and requests of a stranger's making", async () => {
    const commit = { conversation, generation: 1, epoch: 1, id: newId<never>(), commit: bytes(500) };
    expect(await codeOf(alice.socket.request("conversation:commit", commit))).to.equal("commit-invalid");
    expect(await codeOf(mallory.socket.request("conversation:commit", commit))).to.equal("conversation-unknown");
    const publish = async (keyPackage: Uint8Array) =>
      codeOf(mallory.socket.request("keypackages:publish", { suite: 84, oneTime: [toBase64(keyPackage)] }));
    expect(await publish(new Uint8Array(300))).to.equal("key-package-invalid");
    const { publicBytes } = await mlsGroupEngine.createKeyPackage(alice.identity, 84);
    expect(await publish(publicBytes)).to.equal("key-package-invalid");
    const stale = await mlsGroupEngine.createKeyPackage(mallory.identity, 84, { now: Date.now() - 200 * 86_400_000 });
    expect(await publish(stale.publicBytes)).to.equal("key-package-invalid");
    const users = [{ user: bob.account.user, after: 0 }];
    expect(await codeOf(mallory.socket.request("devices:read", { users }))).to.equal("forbidden");
    const devices = [{ user: bob.account.user, device: bob.identity.device }];
    expect(await codeOf(mallory.socket.request("keypackages:claim", { suite: 84, devices }))).to.equal("forbidden");
    const entry = toBase64(bob.account.entry({ operation: "revoke", device: bob.identity.device }));
    expect(await codeOf(mallory.socket.request("devices:revoke", { entry }))).to.equal("device-list-invalid");
    expect(await codeOf(mallory.socket.request("link:fetch", { channel: bytes(16) }))).to.equal("link-unknown");
    const readd = { conversation, generation: 1, epoch: 1, keyPackage: bytes(100), signature };
    expect(await codeOf(bob.socket.request("readd:request", readd))).to.equal("forbidden");
    const self = { peer: alice.account.user };
    expect(await codeOf(alice.socket.request("conversation:open", self))).to.equal("invalid-request");
  });

  it("four thousand random frames, each with its code", async function () {
    this.timeout(120_000);
    const codes = new Map<string, number>();
    const ask = async (socket: DeviceSocket, { event, parameters }: Frame) => {
      const answer = (await socket.ask(event, ...parameters)) as { ok: boolean; error?: { code: string } };
      const code = answer.ok ? "ok" : answer.error!.code;
      codes.set(code, (codes.get(code) ?? 0) + 1);
    };
    const all = fc.sample(frames, { numRuns: 4_000, seed: 20_261_122 });
    for (let start = 0; start < all.length; start += 100) {
      // A new one each time: a socket that does not answer its challenge has seconds to live.
      const stranger = await DeviceSocket.connectAs(node, mallory.account.user);
      const batch = all.slice(start, start + 100);
      await Promise.all(batch.map((frame, index) => ask(index % 10 === 0 ? stranger : alice.socket, frame)));
      expect(stranger.socket.connected).to.equal(true);
      stranger.close();
    }
    const catalogued = new Set<string>(["ok", ...errorCodes]);
    expect([...codes.keys()].filter((code) => !catalogued.has(code))).to.deep.equal([]);
    expect([...codes.keys()]).to.not.include.members(["internal"]);
    expect([...codes.keys()]).to.not.include.members(["unavailable"]);
    expect([...codes.values()].reduce((sum, count) => sum + count, 0)).to.equal(4_000);
    expect(codes.get("invalid-request")).to.be.greaterThan(1000);
    expect(alice.socket.socket.connected).to.equal(true);
  });

  it("random bytes below the protocol", async () => {
    for (const raw of fc.sample(fc.string({ maxLength: 200 }), { numRuns: 100, seed: 20_261_122 })) {
      const socket = await DeviceSocket.connectAs(node, mallory.account.user);
      socket.socket.io.engine.send(raw);
      socket.close();
    }
  });
});
