/** One socket from its handshake to its end: opened, admitted, asked, lost. Never opens a second one. */
import { io, type Socket } from "socket.io-client";
import * as z from "zod/mini";
import { SottoError, wireError } from "../../protocol/errors.ts";
import { protocolVersion } from "../../protocol/limits.ts";
import { pushes, type PushName, type PushOf } from "../../protocol/pushes.ts";
import { requests, type ReplyOf, type RequestName, type RequestOf } from "../../protocol/requests.ts";
import { withDeadline } from "../async/waiting.ts";

export type Push = { [N in PushName]: { name: N; payload: PushOf<N> } }[PushName];

export interface Challenge {
  /** Base64 of 32 bytes. */
  nonce: string;
  /** The `host[:port]` this client believes it talks to. */
  origin: string;
}

const handshakeRefusal = z.object({ data: wireError });
const answerShape = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), data: z.unknown() }),
  z.object({ ok: z.literal(false), error: wireError }),
]);

export class Session {
  /** Resolves with the node's reason, if it gave one, when the socket is gone. */
  readonly lost: Promise<PushOf<"session:closing"> | undefined>;
  private readonly socket: Socket;
  private readonly requestTimeoutMs: number;
  private readonly waiting = new Set<(error: SottoError) => void>();

  private constructor(socket: Socket, requestTimeoutMs: number, onPush: (push: Push) => void) {
    this.socket = socket;
    this.requestTimeoutMs = requestTimeoutMs;
    let closing: PushOf<"session:closing"> | undefined;
    socket.onAny((name: string, payload: unknown) => {
      const push = parsePush(name, payload);
      if (push?.name === "session:closing") closing = push.payload;
      if (push) onPush(push);
    });
    this.lost = new Promise((resolve) => {
      socket.on("disconnect", () => {
        for (const reject of this.waiting) reject(new SottoError("offline"));
        this.waiting.clear();
        resolve(closing);
      });
    });
  }

  /** Connects and passes the token check. Errors: the node's refusal, or `offline` where no node answers. */
  static async open(options: {
    url: string;
    token: string;
    requestTimeoutMs: number;
    onPush: (push: Push) => void;
    signal: AbortSignal;
  }): Promise<{ session: Session; challenge: Challenge }> {
    const socket = io(options.url, {
      transports: ["websocket"],
      reconnection: false,
      forceNew: true,
      autoConnect: false,
      timeout: options.requestTimeoutMs,
      auth: { token: options.token, protocol: protocolVersion },
    });
    try {
      const challenged = new Promise<string>((resolve, reject) => {
        socket.once("connect_error", (error) => reject(refusalOf(error)));
        socket.once("disconnect", () => reject(new SottoError("offline")));
        socket.once("session:challenge", (payload: unknown) => {
          const challenge = pushes["session:challenge"].safeParse(payload);
          if (challenge.success) resolve(challenge.data.nonce);
          else reject(new SottoError("protocol-unsupported"));
        });
      });
      const session = new Session(socket, options.requestTimeoutMs, options.onPush);
      socket.connect();
      const nonce = await withDeadline(challenged, { timeoutMs: options.requestTimeoutMs, signal: options.signal });
      return { session, challenge: { nonce, origin: new URL(options.url).host } };
    } catch (error) {
      socket.disconnect();
      throw error;
    }
  }

  /** Errors: `offline` when the socket is lost first; `timeout`; the node's refusal. */
  async ask<N extends RequestName>(name: N, request: RequestOf<N>): Promise<ReplyOf<N>> {
    if (!this.socket.connected) throw new SottoError("offline");
    const answer = await new Promise<unknown>((resolve, reject) => {
      const finish = (deliver: () => void): void => {
        clearTimeout(timer);
        this.waiting.delete(rejectWaiting);
        deliver();
      };
      const rejectWaiting = (error: SottoError): void => finish(() => reject(error));
      const timer = setTimeout(() => rejectWaiting(new SottoError("timeout")), this.requestTimeoutMs);
      this.waiting.add(rejectWaiting);
      this.socket.emit(name, request, (reply: unknown) => finish(() => resolve(reply)));
    });
    const shaped = answerShape.safeParse(answer);
    if (!shaped.success) throw new SottoError("internal", { detail: "the node's answer is malformed" });
    if (!shaped.data.ok) throw SottoError.fromWire(shaped.data.error);
    const data = requests[name].reply.safeParse(shaped.data.data);
    if (!data.success) throw new SottoError("internal", { detail: "the node's answer is malformed" });
    return data.data as ReplyOf<N>;
  }

  close(): void {
    this.socket.disconnect();
  }
}

function parsePush(name: string, payload: unknown): Push | undefined {
  if (!Object.hasOwn(pushes, name)) return undefined;
  const parsed = pushes[name as PushName].safeParse(payload);
  return parsed.success ? ({ name, payload: parsed.data } as Push) : undefined;
}

function refusalOf(error: Error): SottoError {
  const refusal = handshakeRefusal.safeParse(error);
  return refusal.success ? SottoError.fromWire(refusal.data.data) : new SottoError("offline", { cause: error });
}
