import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export type Direction = "up" | "down";

interface Line {
  client: Socket;
  node: Socket;
}

/** A connection between a client and its node that a test can hold up, slow down and break. Clients dial `url`. */
export class FlakyLink {
  readonly url: string;
  /** Milliseconds that each chunk waits, one after another. */
  delayMs = 0;
  private readonly lines = new Set<Line>();
  private readonly silenced = new Set<Line>();
  private readonly held = { up: false, down: false };
  private isDown = false;
  private target: { url: string };
  private readonly server: Server;

  private constructor(server: Server, target: { url: string }) {
    this.server = server;
    this.target = target;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("connection", (client) => this.join(client, Number(new URL(this.target.url).port)));
  }

  static async to(target: { url: string }): Promise<FlakyLink> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    return new FlakyLink(server, target);
  }

  /** From now on nothing gets through in this direction; the connection stays up. */
  hold(direction: Direction): void {
    this.held[direction] = true;
    for (const line of this.lines) this.pace(line);
  }

  /** What was held goes on its way. */
  release(): void {
    Object.assign(this.held, { up: false, down: false });
    for (const line of this.lines) this.pace(line);
  }

  /** Breaks every connection on both sides; what was held is lost. */
  cut(): void {
    for (const { client, node } of [...this.lines, ...this.silenced]) {
      client.destroy();
      node.destroy();
    }
    this.lines.clear();
    this.silenced.clear();
  }

  /** The client's side breaks; the node still believes in a connection, which stays silent. */
  abandonNode(): void {
    for (const line of this.lines) {
      line.client.removeAllListeners("close");
      line.client.destroy();
    }
  }

  /** Nothing passes any more on the lines that are there, and nobody is told; those that come from now on work. */
  silence(): void {
    for (const { client, node } of this.lines) for (const end of [client, node]) end.removeAllListeners("data").pause();
    for (const line of this.lines) this.silenced.add(line);
    this.lines.clear();
  }

  /** Connections that come from now on lead there, as behind a balancer; those that are there stay where they are. */
  leadTo(target: { url: string }): void {
    this.target = target;
  }

  /** No connection comes about until `restore`; those that are there break. */
  takeDown(): void {
    this.isDown = true;
    this.cut();
  }

  restore(): void {
    this.isDown = false;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private join(client: Socket, port: number): void {
    client.on("error", () => undefined);
    if (this.isDown) return void client.destroy();
    const line = { client, node: connect(port, "127.0.0.1") };
    this.lines.add(line);
    line.node.on("error", () => undefined);
    this.forward(client, line.node);
    this.forward(line.node, client);
    for (const [one, other] of [
      [client, line.node],
      [line.node, client],
    ] as const) {
      one.on("close", () => {
        this.lines.delete(line);
        other.destroy();
      });
    }
    this.pace(line);
  }

  private forward(from: Socket, to: Socket): void {
    let last = Promise.resolve();
    from.on("data", (chunk: Buffer) => {
      if (this.delayMs === 0) return this.pass(chunk, from, to);
      from.pause();
      last = last
        .then(() => new Promise<void>((resolve) => setTimeout(resolve, this.delayMs)))
        .then(() => this.pass(chunk, from, to))
        .then(() => this.lines.forEach((line) => this.pace(line)));
    });
  }

  private pass(chunk: Buffer, from: Socket, to: Socket): void {
    if (!to.writable || to.write(chunk)) return;
    from.pause();
    to.once("drain", () => this.lines.forEach((line) => this.pace(line)));
  }

  private pace({ client, node }: Line): void {
    for (const [socket, to, isHeld] of [
      [client, node, this.held.up],
      [node, client, this.held.down],
    ] as const) {
      if (isHeld) socket.pause();
      else if (!to.writableNeedDrain) socket.resume();
    }
  }
}
