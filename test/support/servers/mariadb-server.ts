import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { freePort } from "./free-port.ts";
import { findProgram, giveToServer, run, ServerProcess } from "./server-process.ts";

let databases = 0;

/** All that a server held at one time. It goes with the server. */
export interface DatabaseSnapshot {
  /** Puts the data back to what it was then, as often as asked: the server stops, and starts again on the same port. */
  restore(): Promise<void>;
}

/** A MariaDB of a test's own: on a free port of the loopback, flushed at each commit, its data in a folder that goes with it. */
export class MariaDbServer {
  readonly port: number;
  private readonly folder: string;
  private running: ServerProcess | undefined;
  private copies = 0;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.folder = folder;
  }

  static async start(): Promise<MariaDbServer> {
    const folder = await mkdtemp(join(tmpdir(), "sotto-mariadb-"));
    await mkdir(join(folder, "data"));
    giveToServer(folder);
    const install = findProgram(["mariadb-install-db", "mysql_install_db"]);
    if (install === undefined) throw new Error("mariadbd is not there: apt-get install mariadb-server-core");
    const options = ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"];
    run(install, [...options, `--datadir=${join(folder, "data")}`], { asServer: true });
    const server = new MariaDbServer(await freePort(), folder);
    await server.startAgain();
    return server;
  }

  /** Without a database: see `newDatabase`. */
  get url(): string {
    return `mysql://root@127.0.0.1:${this.port}`;
  }
  get pid(): number {
    return this.process.pid;
  }

  /** On the same port, with what it had. */
  async startAgain(): Promise<void> {
    const program = findProgram(["mariadbd", "mysqld"]);
    if (program === undefined) throw new Error("mariadbd is not there: apt-get install mariadb-server-core");
    this.running = new ServerProcess(program, [
      "--no-defaults",
      `--datadir=${join(this.folder, "data")}`,
      `--port=${this.port}`,
      "--bind-address=127.0.0.1",
      `--socket=${join(this.folder, "s.sock")}`,
      `--pid-file=${join(this.folder, "pid")}`,
      "--skip-name-resolve",
      "--innodb-flush-log-at-trx-commit=1",
      "--max-connections=500",
    ]);
    await this.running.until(() => this.query("SELECT 1").then(() => undefined));
  }

  /** The URL of a fresh, empty database. */
  async newDatabase(): Promise<string> {
    const name = `sotto_${process.pid}_${++databases}`;
    await this.query(`CREATE DATABASE ${name}`);
    return `${this.url}/${name}`;
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

  /** Keeps all data as it is now. Stops the server for it, in good order, and starts it again: as an operator's backup. */
  async snapshot(): Promise<DatabaseSnapshot> {
    const copy = `copy-${++this.copies}`;
    await this.whileStopped(() => this.replace(copy, "data"));
    return { restore: () => this.whileStopped(() => this.replace("data", copy)) };
  }

  /** Ends it, wherever it is, and removes its folder. */
  async end(): Promise<void> {
    await this.running?.end("SIGKILL");
    this.running = undefined;
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs one statement as root; `url` names the database, where it needs one. */
  async query(sql: string, url = this.url): Promise<unknown> {
    const connection = await createConnection({ uri: url, connectTimeout: 2000 });
    try {
      const [rows] = await connection.query(sql);
      return rows;
    } finally {
      connection.destroy();
    }
  }

  private get process(): ServerProcess {
    if (this.running === undefined) throw new Error("This MariaDB does not run.");
    return this.running;
  }

  private async whileStopped(change: () => Promise<void>): Promise<void> {
    await this.stop();
    await change();
    await this.startAgain();
  }

  /** Of the folders of this server's. */
  private async replace(target: string, source: string): Promise<void> {
    await rm(join(this.folder, target), { recursive: true, force: true });
    await cp(join(this.folder, source), join(this.folder, target), { recursive: true, preserveTimestamps: true });
    giveToServer(this.folder);
  }
}
