/**
 * Keeps one session up, to whichever node answers. Owns tokens, back-off and the state people see; knows nothing of what
 * requests mean.
 *
 *   offline ── connect ──▶ connecting ──▶ online ──(lost)──▶ reconnecting ──▶ online
 *                              └──(refused for good)──▶ refused          close ──▶ offline
 */
import { SottoError } from "../../protocol/errors.ts";
import type { ReplyOf, RequestName, RequestOf } from "../../protocol/requests.ts";
import { Session, type Challenge, type Push } from "./session.ts";
import { TypedEmitter } from "../async/typed-emitter.ts";
import { backoffMs, delay, withDeadline } from "../async/waiting.ts";

export type ConnectionState = "online" | "connecting" | "reconnecting" | "offline" | "refused";

/** Called for every token that is needed. `reason`: the first one, or one after the last has expired. */
export type TokenSource = (need: { reason: "connect" | "expired"; signal: AbortSignal }) => Promise<string> | string;

export interface ConnectionOptions {
  url: string;
  token: TokenSource;
  /** Answers the challenge; the session counts as online when it resolves. */
  admit: (session: Session, challenge: Challenge) => Promise<void>;
  requestTimeoutMs: number;
  reconnect: { baseMs: number; maxMs: number };
}

interface ConnectionEvents {
  state: { state: ConnectionState; error: SottoError | null };
  push: Push;
}

export class Connection extends TypedEmitter<ConnectionEvents> {
  private readonly options: ConnectionOptions;
  private current: ConnectionState = "offline";
  private lastError: SottoError | null = null;
  private session: Session | undefined;
  private running: { stop: AbortController; done: Promise<void> } | undefined;
  private token: string | undefined;
  private tokenReason: "connect" | "expired" = "connect";

  constructor(options: ConnectionOptions) {
    super();
    this.options = options;
  }

  get state(): ConnectionState {
    return this.current;
  }

  /** Why nobody admits this device; undefined while somebody may. */
  get refusal(): SottoError | undefined {
    return this.current === "refused" ? (this.lastError ?? undefined) : undefined;
  }

  /** Resolves when admitted. Rejects with a refusal that is for good, or when the signal fires; the attempts then go on. */
  async connect(signal?: AbortSignal): Promise<void> {
    if (this.current === "online") return;
    if (!this.running) {
      const stop = new AbortController();
      this.setState("connecting", null);
      const done = this.run(stop.signal).finally(() => (this.running = undefined));
      this.running = { stop, done };
    }
    let off = (): void => undefined;
    const settled = new Promise<void>((resolve, reject) => {
      off = this.on("state", ({ state, error }) => {
        if (state === "online") resolve();
        if (state === "refused" || state === "offline") reject(error ?? new SottoError("closed"));
      });
    });
    await withDeadline(settled, { signal }).finally(off);
  }

  /** Errors: `offline` without a session, or when it is lost before the answer; `timeout`; the node's refusal. */
  async request<N extends RequestName>(name: N, request: RequestOf<N>): Promise<ReplyOf<N>> {
    if (this.current !== "online" || !this.session) throw new SottoError("offline");
    return this.session.ask(name, request);
  }

  /** For requests beside the socket. `refused`: the one that the node did not take, so that another is asked for. Errors: `aborted`. */
  async currentToken(signal: AbortSignal, refused?: string): Promise<string> {
    if (refused !== undefined && this.token === refused) this.token = undefined;
    if (refused !== undefined) this.tokenReason = "expired";
    this.token ??= await withDeadline(this.askForToken(signal), { signal });
    return this.token;
  }

  /** Drops the session; the next one is opened at once. For a device whose standing has changed. */
  renew(): void {
    if (this.current !== "online") return;
    this.setState("reconnecting", null);
    this.session?.close();
  }

  async close(): Promise<void> {
    this.running?.stop.abort();
    this.session?.close();
    await this.running?.done;
    this.setState("offline", new SottoError("closed"));
  }

  private async run(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      const failure = await this.runSession(signal, () => (attempt = -1));
      if (signal.aborted) break;
      if (failure.code.startsWith("token-")) this.token = undefined;
      if (failure.code === "token-expired") this.tokenReason = "expired";
      if (!failure.retryable && failure.code !== "closed") return this.setState("refused", failure);
      this.setState(this.current === "connecting" ? "connecting" : "reconnecting", failure);
      const wait =
        (failure.retryAfterMs ?? 0) +
        backoffMs(Math.max(attempt, 0), this.options.reconnect.baseMs, this.options.reconnect.maxMs);
      await delay(wait, signal).catch(() => undefined);
    }
    this.setState("offline", new SottoError("closed"));
  }

  private async askForToken(signal: AbortSignal): Promise<string> {
    return this.options.token({ reason: this.tokenReason, signal });
  }

  /** One session from its opening to its end; answers why it ended. */
  private async runSession(signal: AbortSignal, onAdmitted: () => void): Promise<SottoError> {
    try {
      this.token ??= await withDeadline(this.askForToken(signal), { signal });
      const { session, challenge } = await Session.open({
        url: this.options.url,
        token: this.token,
        requestTimeoutMs: this.options.requestTimeoutMs,
        onPush: (push) => this.emit("push", push),
        signal,
      });
      this.session = session;
      await this.options.admit(session, challenge);
      if (signal.aborted) return new SottoError("closed");
      onAdmitted();
      this.setState("online", null);
      const reason = await session.lost;
      return reason ? SottoError.fromWire({ ...reason, retryable: true }) : new SottoError("offline");
    } catch (error) {
      return error instanceof SottoError ? error : new SottoError("offline", { cause: error });
    } finally {
      this.session?.close();
      this.session = undefined;
    }
  }

  private setState(state: ConnectionState, error: SottoError | null): void {
    if (this.current === state && this.lastError?.code === error?.code) return;
    this.current = state;
    this.lastError = error;
    this.emit("state", { state, error });
  }
}
