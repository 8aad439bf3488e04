import { expect } from "chai";
import type { Socket } from "socket.io";
import { Session, type Push } from "../../src/client/connection/session.ts";
import { SottoError } from "../../src/protocol/errors.ts";
import { refusal } from "../support/refusal.ts";
import { challenge, startScriptedNode, type ScriptedNode } from "../support/scripted-node.ts";

describe("a session with a node", () => {
  let node: ScriptedNode;
  let script: { admit?: (token: string) => void; connected?: (socket: Socket) => void };
  const pushes: Push[] = [];
  before(async () => {
    node = await startScriptedNode({
      admit: (token) => script.admit?.(token),
      connected: (socket) => script.connected?.(socket),
    });
  });
  after(() => node.close());
  beforeEach(() => {
    script = { connected: (socket) => socket.emit("session:challenge", challenge) };
    pushes.length = 0;
  });

  const open = (signal = new AbortController().signal, requestTimeoutMs = 300) =>
    Session.open({ url: node.url, token: "t", requestTimeoutMs, onPush: (push) => pushes.push(push), signal });

  /** A session whose node answers every request with this. */
  async function answering(answer: unknown): Promise<Session> {
    script.connected = (socket) => {
      socket.onAny((_name, _request, reply: (value: unknown) => void) => reply(answer));
      socket.emit("session:challenge", challenge);
    };
    return (await open()).session;
  }

  it("opens with the node's challenge and the host that was dialled", async () => {
    const opened = await open();
    expect(opened.challenge).to.deep.equal({ nonce: challenge.nonce, origin: node.host });
    opened.session.close();
    expect(await opened.session.lost).to.equal(undefined);
  });

  it("is refused with the node's code", async () => {
    script.admit = () => {
      throw Object.assign(new Error("no"), { data: new SottoError("token-expired").toWire() });
    };
    await refusal(open(), "token-expired");
  });

  it("is offline where nothing answers, where a refusal has no shape, or where the challenge does not come", async () => {
    const gone = { url: "http://127.0.0.1:9", token: "t", requestTimeoutMs: 300, onPush: () => undefined };
    await refusal(Session.open({ ...gone, signal: new AbortController().signal }), "offline");
    script.admit = () => {
      throw Object.assign(new Error("no"), { data: { code: "made-up" } });
    };
    await refusal(open(), "offline");
    script = { connected: () => undefined };
    await refusal(open(), "timeout");
    script = { connected: (socket) => void socket.emit("session:challenge", { nonce: "short", protocol: 1 }) };
    await refusal(open(), "protocol-unsupported");
  });

  it("is called off by its signal", async () => {
    script = { connected: () => undefined };
    const stop = new AbortController();
    const opening = open(stop.signal, 60_000);
    stop.abort();
    await refusal(opening, "aborted");
  });

  it("gives what the node answers, and the code it refuses with", async () => {
    const session = await answering({ ok: true, data: { expiresAt: 5 } });
    expect(await session.ask("link:offer", {} as never)).to.deep.equal({ expiresAt: 5 });
    session.close();
    const refusing = await answering({
      ok: false,
      error: new SottoError("rate-limited", { retryAfterMs: 9 }).toWire(),
    });
    expect(await refusal(refusing.ask("inbox:read", { after: 0 }), "rate-limited")).to.have.property("retryAfterMs", 9);
    refusing.close();
  });

  for (const answer of [undefined, null, 7, {}, { ok: true }, { ok: true, data: {} }, { ok: false, error: "no" }]) {
    it(`takes ${JSON.stringify(answer)} for no answer to a request`, async () => {
      const session = await answering(answer);
      await refusal(session.ask("inbox:read", { after: 0 }), "internal");
      session.close();
    });
  }

  it("gives up on an answer after its time, and on all of them when it is lost", async () => {
    let socketOfNode: Socket | undefined;
    script.connected = (socket) => {
      socketOfNode = socket;
      socket.emit("session:challenge", challenge);
    };
    const quick = (await open()).session;
    await refusal(quick.ask("inbox:read", { after: 0 }), "timeout");
    quick.close();
    const { session } = await open(undefined, 60_000);
    const waiting = [session.ask("inbox:read", { after: 0 }), session.ask("inbox:read", { after: 1 })];
    const lost = Promise.all(waiting.map((asked) => refusal(asked, "offline")));
    socketOfNode!.emit("session:closing", { code: "draining", retryAfterMs: 5 });
    socketOfNode!.disconnect(true);
    await lost;
    expect(await session.lost).to.deep.equal({ code: "draining", retryAfterMs: 5 });
    await refusal(session.ask("inbox:read", { after: 0 }), "offline");
  });

  it("passes on pushes that have their shape, and no others", async () => {
    let socketOfNode: Socket | undefined;
    script.connected = (socket) => {
      socketOfNode = socket;
      socket.emit("session:challenge", challenge);
    };
    const { session } = await open();
    const good = { user: "bob", version: 2 };
    for (const payload of [undefined, null, {}, { ...good, version: -1 }])
      socketOfNode!.emit("devices:changed", payload);
    socketOfNode!.emit("toString", good);
    socketOfNode!.emit("made-up", good);
    socketOfNode!.emit("devices:changed", { ...good, more: "than the shape" });
    socketOfNode!.disconnect(true);
    await session.lost;
    expect(pushes.slice(1)).to.deep.equal([{ name: "devices:changed", payload: good }]);
  });
});
