import { io, type Socket } from "socket.io-client";
import type { DeviceIdentity } from "../../src/crypto/group-engine.ts";
import { sign } from "../../src/crypto/signing-key.ts";
import { admissionBytes } from "../../src/identity/admission.ts";
import { fromBase64, toBase64 } from "../../src/protocol/base64.ts";
import { SottoError, type WireError } from "../../src/protocol/errors.ts";
import type { DeviceId, UserId } from "../../src/protocol/ids.ts";
import { protocolVersion } from "../../src/protocol/limits.ts";
import type { PushName, PushOf } from "../../src/protocol/pushes.ts";
import type { Answer, ReplyOf, RequestName, RequestOf } from "../../src/protocol/requests.ts";
import type { AccountWithDevices } from "./account-with-devices.ts";
import { tokenFor, type GatewayNode } from "./gateway-node.ts";

type Admitted = ReplyOf<"session:prove">;

/** A bare Socket.IO client that speaks the protocol word by word, for tests of the node itself. */
export class DeviceSocket {
  readonly socket: Socket;
  readonly node: Pick<GatewayNode, "host">;
  /** Every push but the challenge, in the order of arrival. */
  readonly heard: { push: string; payload: unknown }[] = [];
  private challenge: PushOf<"session:challenge"> | undefined;

  private constructor(node: Pick<GatewayNode, "host">, socket: Socket) {
    this.node = node;
    this.socket = socket;
    socket.onAny((push: string, payload: unknown) => {
      if (push === "session:challenge") this.challenge = payload as PushOf<"session:challenge">;
      else this.heard.push({ push, payload });
    });
  }

  /** Resolves at the challenge; rejects with the refusal's code. */
  static async connect(node: Pick<GatewayNode, "host" | "url">, auth: Record<string, unknown>): Promise<DeviceSocket> {
    const socket = io(node.url, { transports: ["websocket"], reconnection: false, forceNew: true, auth });
    const device = new DeviceSocket(node, socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("session:challenge", () => resolve());
      socket.once("connect_error", (error: Error & { data?: WireError }) => {
        socket.close();
        reject(error.data ? SottoError.fromWire(error.data) : error);
      });
    });
    return device;
  }

  static async connectAs(node: Pick<GatewayNode, "host" | "url">, user: UserId): Promise<DeviceSocket> {
    return DeviceSocket.connect(node, { token: await tokenFor(user), protocol: protocolVersion });
  }

  /** Connected and proved. */
  static async admitted(node: Pick<GatewayNode, "host" | "url">, identity: DeviceIdentity): Promise<DeviceSocket> {
    const device = await DeviceSocket.connectAs(node, identity.user);
    await device.prove(identity);
    return device;
  }

  /** Connected, registered as the first device of its user, proved. The account has its first device already. */
  static async registered(
    node: Pick<GatewayNode, "host" | "url">,
    account: AccountWithDevices,
    first: DeviceIdentity,
  ): Promise<DeviceSocket> {
    const device = await DeviceSocket.connectAs(node, account.user);
    await device.register(account, first);
    return device;
  }

  register(account: AccountWithDevices, identity: DeviceIdentity): Promise<Admitted> {
    return this.request("session:register", {
      device: identity.device,
      accountKey: toBase64(account.accountKeys.publicKey),
      entry: toBase64(account.entries[0]!),
      signature: this.signChallenge(identity),
    });
  }

  /** The account's last entry is the one with which it starts over. */
  reset(account: AccountWithDevices, identity: DeviceIdentity): Promise<Admitted> {
    return this.request("session:reset", {
      device: identity.device,
      accountKey: toBase64(account.accountKeys.publicKey),
      entry: toBase64(account.entries.at(-1)!),
      signature: this.signChallenge(identity),
    });
  }

  prove(identity: DeviceIdentity): Promise<Admitted> {
    return this.request("session:prove", { device: identity.device, signature: this.signChallenge(identity) });
  }

  /** The signature that answers this socket's challenge, in base64. */
  signChallenge(
    identity: { user: UserId; device: DeviceId; deviceSecretKey: Uint8Array },
    origin = this.node.host,
  ): string {
    const { user, device } = identity;
    const bytes = admissionBytes({ nonce: fromBase64(this.challenge!.nonce), origin, user, device });
    return toBase64(sign(identity.deviceSecretKey, bytes));
  }

  /** Throws the SottoError of a refusal. */
  async request<N extends RequestName>(name: N, request: RequestOf<N>): Promise<ReplyOf<N>> {
    const answer = (await this.ask(name, request)) as Answer<N>;
    if (!answer.ok) throw SottoError.fromWire(answer.error);
    return answer.data;
  }

  /** Sends whatever it is given; the answer as it came, or `timeout`. */
  async ask(event: string, ...parameters: unknown[]): Promise<unknown> {
    return this.socket.timeout(60_000).emitWithAck(event, ...parameters);
  }

  /** The first push of this name that fits, heard already or to come. */
  async hears<N extends PushName>(push: N, fits: (payload: PushOf<N>) => boolean = () => true): Promise<PushOf<N>> {
    const isIt = (name: string, payload: unknown) => name === push && fits(payload as PushOf<N>);
    const heard = this.heard.find((one) => isIt(one.push, one.payload));
    if (heard) return heard.payload as PushOf<N>;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${push} came`)), 30_000);
      const listen = (name: string, payload: unknown) => {
        if (!isIt(name, payload)) return;
        clearTimeout(timer);
        this.socket.offAny(listen);
        resolve(payload as PushOf<N>);
      };
      this.socket.onAny(listen);
    });
  }

  /** Resolves with the reason that the client library gives. */
  disconnected(): Promise<string> {
    if (!this.socket.connected) return Promise.resolve("gone already");
    return new Promise((resolve) => this.socket.once("disconnect", (reason) => resolve(reason)));
  }

  close(): void {
    this.socket.close();
  }
}

/** The code that a promise is refused with; fails when it is not refused. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof SottoError) return error.code;
    throw error;
  }
  throw new Error("it was not refused");
}
