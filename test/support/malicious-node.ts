import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";
import { io, type Socket as Upstream } from "socket.io-client";
import { SottoError, type ErrorCode, type WireError } from "../../src/protocol/errors.ts";
import type { PushName, PushOf } from "../../src/protocol/pushes.ts";
import type { Answer, ReplyOf, RequestName, RequestOf } from "../../src/protocol/requests.ts";
import { startGatewayNode, type GatewayNode, type GatewayNodeOptions } from "./gateway-node.ts";

/** One request on its way to the real node. Whoever answers it instead need not forward it. */
export interface CaughtRequest<N extends RequestName> {
  user: string;
  line: Line;
  request: RequestOf<N>;
  /** To the real node, as it is or changed; its answer. */
  forward(request?: unknown): Promise<Answer<N>>;
}

/** What the client is told. Undefined: nothing, ever. */
type Answering<N extends RequestName> = (caught: CaughtRequest<N>) => unknown;
/** The payloads to deliver in the place of this one: none drops it, two double it. */
type Pushing<N extends PushName> = (payload: PushOf<N>, user: string, line: Line) => unknown[];

/** One client's connection, and the real node's behind it. */
export interface Line {
  user: string;
  /** Tells the client something that the real node did not say. */
  push(name: string, ...payload: unknown[]): void;
  /** Asks the real node in the client's name. */
  ask<N extends RequestName>(name: N, request: unknown): Promise<Answer<N>>;
  cut(): void;
}

/** For the real node's answer. Longer than a client waits: on a busy machine it is the client that gives up, not the line. */
const patienceMs = 60_000;

/** What went over a line: a request with the answer that the client got. */
export interface Exchange {
  user: string;
  name: RequestName;
  request: unknown;
  answer: unknown;
}

/**
 * A node that lies: it stands between clients and a real node, sees everything that an operator could see, and says
 * what a test has it say. Without a script it passes everything on as it is.
 */
export class MaliciousNode {
  readonly url: string;
  readonly inner: GatewayNode;
  readonly exchanges: Exchange[] = [];
  readonly pushed: { user: string; name: string; payload: unknown }[] = [];
  private readonly answering = new Map<RequestName, Answering<never>>();
  private readonly pushing = new Map<string, Pushing<never>>();
  private readonly lines = new Set<Line>();
  private readonly server: Server;

  private constructor(server: Server, host: string, inner: GatewayNode) {
    this.server = server;
    this.url = `http://${host}`;
    this.inner = inner;
    server.use((socket, next) => {
      connectUpstream(inner, socket).then(
        () => next(),
        (refusal: Error & { data?: WireError }) => next(refusal),
      );
    });
    server.on("connection", (socket) => this.join(socket));
  }

  /** The real node takes proofs for the host that clients dial here. */
  static async start(options: GatewayNodeOptions = {}): Promise<MaliciousNode> {
    const http = createServer();
    const server = new Server(http, { transports: ["websocket"], serveClient: false, maxHttpBufferSize: 4_000_000 });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", () => resolve()));
    const host = `127.0.0.1:${(http.address() as AddressInfo).port}`;
    const inner = await startGatewayNode({ ...options, settings: { ...options.settings, publicHosts: [host] } });
    return new MaliciousNode(server, host, inner);
  }

  /** Takes requests of this name, until the returned function is called. */
  answer<N extends RequestName>(name: N, answering: Answering<N>): () => void {
    this.answering.set(name, answering);
    return () => this.answering.delete(name);
  }

  /** Takes pushes of this name, until the returned function is called. */
  rewrite<N extends PushName>(name: N, pushing: Pushing<N>): () => void {
    this.pushing.set(name, pushing);
    return () => this.pushing.delete(name);
  }

  /** Every script is over: from now on everything passes. */
  behave(): void {
    this.answering.clear();
    this.pushing.clear();
  }

  linesIfAny(user: string): Line[] {
    return [...this.lines].filter((line) => line.user === user);
  }

  /** The open connections of a user; fails where there is none. */
  linesOf(user: string): Line[] {
    const lines = this.linesIfAny(user);
    if (lines.length === 0) throw new Error(`${user} is not connected`);
    return lines;
  }

  push<N extends PushName>(user: string, name: N, payload: PushOf<N>): void {
    for (const line of this.linesOf(user)) line.push(name, payload);
  }

  /** Requests that came in, of one name. */
  requests<N extends RequestName>(name: N, user?: string): RequestOf<N>[] {
    return this.exchanges
      .filter((one) => one.name === name && (user === undefined || one.user === user))
      .map((one) => one.request as RequestOf<N>);
  }

  async close(): Promise<void> {
    for (const line of this.lines) line.cut();
    await this.server.close();
    await this.inner.close();
  }

  private join(socket: Socket): void {
    const upstream = upstreams.get(socket)!;
    const user = userOf(socket);
    const line: Line = {
      user,
      push: (name, ...payload) => void socket.emit(name, ...payload),
      ask: (name, request) => upstream.socket.timeout(patienceMs).emitWithAck(name, request) as Promise<never>,
      cut: () => {
        socket.disconnect(true);
        upstream.socket.close();
      },
    };
    this.lines.add(line);
    const deliver = (name: string, payload: unknown): void => {
      this.pushed.push({ user, name, payload });
      const pushing = this.pushing.get(name) as ((p: unknown, user: string, line: Line) => unknown[]) | undefined;
      for (const one of pushing ? pushing(payload, user, line) : [payload]) socket.emit(name, one);
    };
    upstream.listen(deliver);
    upstream.socket.once("disconnect", () => socket.disconnect(true));
    socket.once("disconnect", () => {
      this.lines.delete(line);
      upstream.socket.close();
    });
    socket.onAny((name: RequestName, request: unknown, reply: (answer: unknown) => void) => {
      this.respond(line, name, request)
        .then((answer) => answer !== undefined && reply(answer))
        .catch(() => line.cut());
    });
  }

  private async respond(line: Line, name: RequestName, request: unknown): Promise<unknown> {
    const exchange: Exchange = { user: line.user, name, request, answer: undefined };
    this.exchanges.push(exchange);
    const forward = (changed: unknown = request): Promise<never> => line.ask(name, changed) as Promise<never>;
    const answering = this.answering.get(name);
    exchange.answer = answering
      ? await answering({ user: line.user, line, request: request as never, forward })
      : await forward();
    return exchange.answer;
  }
}

/** An answer as nodes give it. */
export function ok<N extends RequestName>(data: ReplyOf<N>): Answer<N> {
  return { ok: true, data } as Answer<N>;
}

export function refused(code: ErrorCode): { ok: false; error: WireError } {
  return { ok: false, error: new SottoError(code).toWire() };
}

/** What the real node answered; fails where it refused. */
export function dataOf<N extends RequestName>(answer: Answer<N>): ReplyOf<N> {
  if (!answer.ok) throw new Error(`refused: ${answer.error.code}`);
  return answer.data as ReplyOf<N>;
}

interface UpstreamLine {
  socket: Upstream;
  /** Gets what came before, then what comes. */
  listen(deliver: (name: string, payload: unknown) => void): void;
}

const upstreams = new WeakMap<Socket, UpstreamLine>();

async function connectUpstream(inner: GatewayNode, socket: Socket): Promise<void> {
  const { auth } = socket.handshake;
  const upstream = io(inner.url, { transports: ["websocket"], reconnection: false, forceNew: true, auth });
  const early: [string, unknown][] = [];
  let deliver = (name: string, payload: unknown): void => void early.push([name, payload]);
  upstream.onAny((name: string, payload: unknown) => deliver(name, payload));
  upstreams.set(socket, {
    socket: upstream,
    listen: (listener) => {
      deliver = listener;
      for (const [name, payload] of early) listener(name, payload);
    },
  });
  await new Promise<void>((resolve, reject) => {
    upstream.once("connect", () => resolve());
    upstream.once("connect_error", reject);
  });
}

/** Whom the token names; the real node has verified it. */
function userOf(socket: Socket): string {
  const [, claims] = String(socket.handshake.auth["token"]).split(".");
  return (JSON.parse(Buffer.from(claims ?? "", "base64url").toString()) as { sub: string }).sub;
}
