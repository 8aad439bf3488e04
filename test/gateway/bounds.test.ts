import { expect } from "chai";
import { io } from "socket.io-client";
import type { Store } from "../../src/actors/ports/store.ts";
import { newId, type ConversationId } from "../../src/protocol/ids.ts";
import { limits, protocolVersion } from "../../src/protocol/limits.ts";
import { codeOf, DeviceSocket } from "../support/device-socket.ts";
import { foundDirect, messageOf, newPerson } from "../support/direct-on-node.ts";
import { startGatewayNode, tokenFor, type GatewayNode, type GatewayNodeOptions } from "../support/gateway-node.ts";

describe("what a node takes at once", () => {
  let node: GatewayNode;
  afterEach(() => node.close());
  const start = async (options: GatewayNodeOptions) => {
    node = await startGatewayNode(options);
    return node;
  };

  it("refuses requests above the rate with a time to wait, and takes none of them", async () => {
    await start({ rates: { message: { amount: 3, periodMs: 60_000 } } });
    const { alice, conversation } = await foundDirect(node);
    for (const number of [1, 2, 3]) await alice.socket.request("message:send", messageOf(conversation, number));
    const refused = await alice.socket
      .request("message:send", messageOf(conversation, 4))
      .catch((error: unknown) => error);
    expect(refused).to.include({ code: "rate-limited", retryable: true });
    expect(refused).to.have.property("retryAfterMs").within(1, 20_000);
    expect((await alice.socket.request("log:read", { conversation, after: 0, limit: 10 })).head).to.equal(4);
  });

  it("limits the key packages that are taken of one user, whoever asks", async () => {
    await start({ rates: { claimed: { amount: 1, periodMs: 60_000 } } });
    const { alice, bob } = await foundDirect(node);
    const devices = [{ user: bob.account.user, device: bob.identity.device }];
    expect(await codeOf(alice.socket.request("keypackages:claim", { suite: 84, devices }))).to.equal("rate-limited");
  });

  it("limits the key packages that one user takes, of whomever", async () => {
    await start({ rates: { claim: { amount: 1, periodMs: 60_000 } } });
    const { alice, bob } = await foundDirect(node);
    const devices = [{ user: bob.account.user, device: bob.identity.device }];
    expect(await codeOf(alice.socket.request("keypackages:claim", { suite: 84, devices }))).to.equal("rate-limited");
    const own = [{ user: alice.account.user, device: alice.identity.device }];
    expect((await bob.socket.request("keypackages:claim", { suite: 84, devices: own })).packages).to.deep.equal([]);
  });

  it("limits the groups that one user makes room for; one that is asked for again counts too", async () => {
    await start({ rates: { conversation: { amount: 2, periodMs: 60_000 } } });
    const { socket } = await newPerson(node, "alice");
    const create = () => socket.request("conversation:create", { conversation: newId<ConversationId>(), suite: 84 });
    for (let turn = 0; turn < 2; turn += 1) await create();
    expect(await codeOf(create())).to.equal("rate-limited");
    expect((await socket.request("conversation:list", { limit: 10 })).conversations).to.have.length(2);
  });

  it("limits handshakes by address", async () => {
    await start({ rates: { handshake: { amount: 1, periodMs: 60_000 } } });
    const auth = { token: await tokenFor("alice"), protocol: protocolVersion };
    (await DeviceSocket.connect(node, auth)).close();
    expect(await codeOf(DeviceSocket.connect(node, auth))).to.equal("rate-limited");
  });

  it("turns sockets away beyond its number of them", async () => {
    await start({ settings: { maxSockets: 1 } });
    const auth = { token: await tokenFor("alice"), protocol: protocolVersion };
    const first = await DeviceSocket.connect(node, auth);
    expect(await codeOf(DeviceSocket.connect(node, auth))).to.equal("overloaded");
    first.close();
  });

  it("answers `overloaded` beyond the requests in flight, and works off the rest", async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const wrapStore = (store: Store): Store => ({
      ...store,
      readInbox: async (...read) => {
        await held;
        return store.readInbox(...read);
      },
    });
    await start({ wrapStore });
    const { socket } = await newPerson(node, "alice");
    const codes: string[] = [];
    const asked = Array.from({ length: limits.requestsInFlight + 5 }, () =>
      socket.request("inbox:read", { after: 0 }).catch((error: { code: string }) => codes.push(error.code)),
    );
    await Promise.all(asked.slice(limits.requestsInFlight));
    expect(codes).to.deep.equal(Array(5).fill("overloaded"));
    release();
    await Promise.all(asked);
    expect(codes).to.have.length(5);
  });

  it("takes a smaller message where the operator set less, and says so at admission", async () => {
    await start({ settings: { messageBytes: 1024 } });
    const { alice, conversation } = await foundDirect(node);
    await alice.socket.request("message:send", messageOf(conversation, 1, "x".repeat(1024)));
    const tooLarge = alice.socket.request("message:send", messageOf(conversation, 2, "x".repeat(1025)));
    expect(await codeOf(tooLarge)).to.equal("too-large");
    alice.socket.close();
    const again = await DeviceSocket.connectAs(node, alice.account.user);
    expect((await again.prove(alice.identity)).limits).to.deep.equal({ messageBytes: 1024, historyRetentionDays: 90 });
  });

  it("says `unavailable` when the database does not answer, and no word of why", async () => {
    const wrapStore = (store: Store): Store => ({
      ...store,
      acceptMessages: () => Promise.reject(new Error("secret detail of the disk")),
    });
    await start({ wrapStore });
    const { alice, conversation } = await foundDirect(node);
    const answer = await alice.socket.ask("message:send", messageOf(conversation, 1));
    expect(answer).to.deep.equal({ ok: false, error: { code: "unavailable", retryable: true, retryAfterMs: 1000 } });
  });

  it("lets web pages of listed origins and its own connect, and no other page", async () => {
    await start({ settings: { corsOrigins: ["https://chat.example"] } });
    const token = await tokenFor("alice");
    const tryFrom = (origin: string) =>
      new Promise<boolean>((resolve) => {
        const auth = { token, protocol: protocolVersion };
        const options = { transports: ["websocket"], reconnection: false, forceNew: true, auth };
        const socket = io(node.url, { ...options, extraHeaders: { origin } });
        const end = (connected: boolean) => {
          socket.close();
          resolve(connected);
        };
        socket.once("session:challenge", () => end(true)).once("connect_error", () => end(false));
      });
    expect(await tryFrom("https://chat.example")).to.equal(true);
    expect(await tryFrom(node.url)).to.equal(true);
    expect(await tryFrom("https://evil.example")).to.equal(false);
    expect(await tryFrom("null")).to.equal(false);
  });
});
