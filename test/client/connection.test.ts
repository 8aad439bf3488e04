import { expect } from "chai";
import type { Socket } from "socket.io";
import { Connection, type ConnectionOptions, type ConnectionState } from "../../src/client/connection/connection.ts";
import { SottoError } from "../../src/protocol/errors.ts";
import { eventually } from "../support/eventually.ts";
import { refusal } from "../support/refusal.ts";
import { challenge, startScriptedNode, type ScriptedNode } from "../support/scripted-node.ts";

describe("a connection that stays up", () => {
  let node: ScriptedNode;
  let script: { admit?: (token: string) => void; connected?: (socket: Socket) => void };
  let sockets: Socket[];
  let connection: Connection;
  let states: ConnectionState[];
  let needs: string[];

  before(async () => {
    node = await startScriptedNode({
      admit: (token) => script.admit?.(token),
      connected: (socket) => {
        sockets.push(socket);
        script.connected?.(socket);
        socket.emit("session:challenge", challenge);
      },
    });
  });
  after(() => node.close());
  beforeEach(() => {
    [script, sockets, states, needs] = [{}, [], [], []];
    node.tokens.length = 0;
    connection = make();
  });
  afterEach(() => connection.close());

  function make(options: Partial<ConnectionOptions> = {}): Connection {
    const made = new Connection({
      url: node.url,
      token: ({ reason }) => `token ${needs.push(reason)}`,
      admit: () => Promise.resolve(),
      requestTimeoutMs: 500,
      reconnect: { baseMs: 1, maxMs: 5 },
      ...options,
    });
    made.on("state", ({ state }) => states.push(state));
    return made;
  }

  const refuse = (code: ConstructorParameters<typeof SottoError>[0]) => () => {
    throw Object.assign(new Error(code), { data: new SottoError(code).toWire() });
  };

  it("is online once it is admitted, and offline after it was closed", async () => {
    expect(connection.state).to.equal("offline");
    await refusal(connection.request("inbox:read", { after: 0 }), "offline");
    await connection.connect();
    await connection.connect();
    expect(sockets).to.have.length(1);
    await connection.close();
    expect(states).to.deep.equal(["connecting", "online", "offline"]);
  });

  it("comes back by itself when it is lost, with the token that it has", async () => {
    await connection.connect();
    sockets[0]!.disconnect(true);
    await eventually(() => expect(states.filter((state) => state === "online")).to.have.length(2));
    expect(states).to.deep.equal(["connecting", "online", "reconnecting", "online"]);
    expect(needs).to.deep.equal(["connect"]);
  });

  it("asks for another token when the node says that it has expired, at the handshake or later", async () => {
    script.admit = (token) => token === "token 1" && refuse("token-expired")();
    await connection.connect();
    expect(needs).to.deep.equal(["connect", "expired"]);
    sockets[0]!.emit("session:closing", { code: "token-expired" });
    sockets[0]!.disconnect(true);
    await eventually(() => expect(needs).to.deep.equal(["connect", "expired", "expired"]));
    await eventually(() => expect(connection.state).to.equal("online"));
  });

  it("goes on trying through everything that passes", async () => {
    const codes = ["overloaded", "unavailable", "draining", "rate-limited"] as const;
    script.admit = () => node.tokens.length <= codes.length && refuse(codes[node.tokens.length - 1]!)();
    await connection.connect();
    expect(node.tokens).to.have.length(5);
    expect(states).to.deep.equal(["connecting", "connecting", "connecting", "connecting", "connecting", "online"]);
  });

  for (const code of ["token-invalid", "device-revoked", "replaced", "protocol-unsupported"] as const) {
    it(`stays away after ${code}, until it is told to connect`, async () => {
      script.admit = refuse(code);
      await refusal(connection.connect(), code);
      expect(connection.state).to.equal("refused");
      script.admit = () => undefined;
      await connection.connect();
      expect(connection.state).to.equal("online");
    });
  }

  it("stays away after the node closed it for good", async () => {
    await connection.connect();
    expect(connection.refusal).to.equal(undefined);
    sockets[0]!.emit("session:closing", { code: "device-revoked" });
    sockets[0]!.disconnect(true);
    await eventually(() => expect(connection.state).to.equal("refused"));
    expect(connection.refusal?.code).to.equal("device-revoked");
    await refusal(connection.request("inbox:read", { after: 0 }), "offline");
  });

  it("is not online before it is admitted, and is refused when that is", async () => {
    await connection.close();
    connection = make({ admit: () => Promise.reject(new SottoError("link-required")) });
    states.length = 0;
    await refusal(connection.connect(), "link-required");
    expect(states).to.deep.equal(["connecting", "refused"]);
  });

  it("stops waiting when the caller does, and when it is closed", async () => {
    script.admit = refuse("unavailable");
    const stop = new AbortController();
    const waiting = connection.connect(stop.signal);
    stop.abort();
    await refusal(waiting, "aborted");
    const again = refusal(connection.connect(), "closed");
    await connection.close();
    await again;
    const tries = node.tokens.length;
    script.admit = () => undefined;
    await new Promise((resolve) => setImmediate(resolve));
    expect(node.tokens).to.have.length(tries);
  });

  it("survives a token source that fails", async () => {
    await connection.close();
    let tries = 0;
    connection = make({
      token: () => {
        if (++tries < 3) throw new Error("the host application is down");
        return "t";
      },
    });
    await connection.connect();
    expect(tries).to.equal(3);
  });
});
