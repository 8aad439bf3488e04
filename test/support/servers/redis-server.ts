import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "redis";
import { freePort } from "./free-port.ts";
import { findProgram, giveToServer, ServerProcess } from "./server-process.ts";

const clientOf = (url: string) => createClient({ url, socket: { reconnectStrategy: false } });

/** A Redis of a test's own: on a free port of the loopback, its data in a folder that goes with it. */
export class RedisServer {
  readonly port: number;
  private readonly folder: string;
  private running: ServerProcess | undefined;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.folder = folder;
  }

  static async start(): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), "sotto-redis-"));
    const server = new RedisServer(await freePort(), folder);
    await server.startAgain();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }
  get pid(): number {
    return this.process.pid;
  }

  /** On the same port; with what it had, or empty. */
  async startAgain(options: { empty?: boolean } = {}): Promise<void> {
    if (options.empty) await rm(this.folder, { recursive: true, force: true });
    await mkdir(this.folder, { recursive: true });
    giveToServer(this.folder);
    const program = findProgram(["redis-server"]);
    if (program === undefined) throw new Error("redis-server is not there: apt-get install redis-server");
    const kept = ["--save", "", "--appendonly", "yes", "--maxmemory-policy", "noeviction"];
    const place = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.folder];
    this.running = new ServerProcess(program, [...place, ...kept]);
    await this.running.until(() => this.ask((client) => client.ping()).then(() => undefined));
  }

  async stop(): Promise<void> {
    await this.process.end("SIGTERM");
    this.running = undefined;
  }
  async kill(): Promise<void> {
    await this.process.end("SIGKILL");
    this.running = undefined;
  }
  pause(): void {
    this.process.pause();
  }
  resume(): void {
    this.process.resume();
  }
  async flush(): Promise<void> {
    await this.ask((client) => client.flushAll());
  }
  async setEvictionPolicy(policy: string): Promise<void> {
    await this.ask((client) => client.configSet("maxmemory-policy", policy));
  }
  async keys(): Promise<string[]> {
    return this.ask((client) => client.keys("*"));
  }

  /** Ends it, wherever it is, and removes its folder. */
  async end(): Promise<void> {
    await this.running?.end("SIGKILL");
    this.running = undefined;
    await rm(this.folder, { recursive: true, force: true });
  }

  private get process(): ServerProcess {
    if (this.running === undefined) throw new Error("This Redis does not run.");
    return this.running;
  }

  private async ask<Answer>(question: (client: ReturnType<typeof clientOf>) => Promise<Answer>): Promise<Answer> {
    const client = clientOf(this.url);
    client.on("error", () => undefined);
    try {
      await client.connect();
      return await question(client);
    } finally {
      client.destroy();
    }
  }
}
