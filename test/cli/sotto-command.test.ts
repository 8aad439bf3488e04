import { expect } from "chai";
import type { PurgeRun } from "../../workers/purge.ts";
import { chmod, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { settingNames } from "../../config/settings.ts";
import { secretVerifier } from "../../src/accounts/tokens.ts";
import { commands } from "../../src/cli/commands.ts";
import { runSotto, startSotto } from "../support/sotto-command.ts";
import { tempFolder } from "../support/temp-folder.ts";

describe("the sotto command", function () {
  this.timeout(120_000);
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let settings: Record<string, string>;
  beforeEach(async () => {
    folder = await tempFolder();
    settings = { DATA_DIR: folder.path, PORT: "0", OPS_PORT: "0" };
  });
  afterEach(() => folder.remove());
  const sotto = (...args: string[]) => runSotto(args, settings);

  it("says what it can do, each command too", async () => {
    const help = await sotto("--help");
    expect(help.status).to.equal(0);
    for (const name of Object.keys(commands)) expect(help.stdout).to.match(new RegExp(`^  ${name} +\\S`, "m"));
    const each = await Promise.all(Object.keys(commands).map((name) => sotto(name, "--help")));
    for (const { status, stdout, stderr } of each) {
      expect(status, stderr).to.equal(0);
      expect(stdout).to.match(/^(sotto|Usage)/);
    }
    expect((await sotto("--version")).stdout).to.match(/^\d+\.\d+\.\d+\n$/);
  });

  it("ends with 2 and a hint when it is used wrongly", async () => {
    for (const [args, said] of [
      [[], "Usage:"],
      [["strat"], 'no command "strat"'],
      [["toString"], "no command"],
      [["start", "--prot", "1"], "no option --prot. There are: --help, --json."],
      [["config", "chekc"], '"chekc" means nothing here'],
      [["token"], "--user ID"],
      [["token", "--user"], "--user"],
      [["token", "--user", "two words"], "visible ASCII"],
      [["token", "--user", "alice", "--ttl", "soon"], "15m"],
      [["token", "--user", "alice", "--ttl", "31d"], "30d"],
    ] as [string[], string][]) {
      const { status, stdout, stderr } = await sotto(...args);
      expect(status, args.join(" ")).to.equal(2);
      expect(stdout + stderr, args.join(" ")).to.include(said);
      expect(stderr).not.to.match(/^\s+at /m);
    }
  });

  it("lists every setting, and tries those that are given", async () => {
    const listed = await sotto("config");
    for (const name of settingNames) expect(listed.stdout).to.match(new RegExp(`^${name} \\(`, "m"));
    const json = JSON.parse((await sotto("config", "--json")).stdout) as { name: string }[];
    expect(json.map(({ name }) => name)).to.deep.equal(settingNames);
    expect((await sotto("config", "check")).status).to.equal(0);
    const wrong = await runSotto(["config", "check"], { PORT: "x", OTEL_EXPORTER_OTLP_HEADERS: "hush" });
    expect(wrong.status).to.equal(1);
    expect(wrong.stderr.trim().split("\n")).to.have.length(2);
    expect(wrong.stderr).to.include("not in this version yet").and.not.to.include("hush");
  });

  it("signs tokens with the secret that it keeps, or with the one it is given", async () => {
    const signed = JSON.parse((await sotto("token", "--user", "alice", "--ttl", "5m", "--json")).stdout) as {
      token: string;
      expiresAt: number;
    };
    expect(signed.expiresAt).to.be.within(Date.now() + 200_000, Date.now() + 300_000);
    const secret = (await readFile(join(folder.path, "token-secret"), "utf8")).trim();
    const rules = { issuer: "sotto", audience: "sotto" };
    expect((await secretVerifier(secret, rules).verify(signed.token)).user).to.equal("alice");
    expect((await stat(join(folder.path, "token-secret"))).mode & 0o777).to.equal(0o600);

    const given = { ...settings, AUTH_JWT_SECRET: "g".repeat(32), AUTH_ISSUER: "i", AUTH_AUDIENCE: "a" };
    const { stdout } = await runSotto(["token", "--user", "bob"], given);
    const verifier = secretVerifier("g".repeat(32), { issuer: "i", audience: "a" });
    expect((await verifier.verify(stdout.trim())).user).to.equal("bob");

    const hosted = { AUTH_JWKS_URL: "https://h.example/keys", AUTH_ISSUER: "i", AUTH_AUDIENCE: "a" };
    const refused = await runSotto(["token", "--user", "bob"], { ...settings, ...hosted });
    expect(refused.status).to.equal(1);
    expect(refused.stderr).to.include("AUTH_JWKS_URL");
  });

  it("makes a key pair that Web Push takes, another one each time", async () => {
    const printed = (await sotto("vapid")).stdout.trim().split("\n");
    const pair = Object.fromEntries(printed.map((line) => line.split("="))) as Record<string, string>;
    expect(Object.keys(pair)).to.deep.equal(["VAPID_PUBLIC_KEY", "VAPID_PRIVATE_KEY"]);
    const checked = await runSotto(["config", "check"], {
      ...settings,
      ...pair,
      VAPID_SUBJECT: "mailto:a@example.org",
    });
    expect(checked.status, checked.stderr).to.equal(0);
    const other = JSON.parse((await sotto("vapid", "--json")).stdout) as Record<string, string>;
    expect(other).to.have.all.keys("publicKey", "privateKey");
    expect(other["privateKey"]).not.to.equal(pair["VAPID_PRIVATE_KEY"]);
  });

  it("migrates once, and counts before it purges", async () => {
    const first = JSON.parse((await sotto("migrate", "--json")).stdout) as { applied: string[] };
    expect(first.applied).not.to.be.empty;
    expect((await sotto("migrate")).stdout).to.include("up to date");
    const dry = await sotto("purge", "--dry-run");
    expect(dry.stdout).to.include("Nothing was deleted");
    expect(JSON.parse((await sotto("purge", "--last", "--json")).stdout), "a dry run leaves no report").to.equal(null);
    const run = JSON.parse((await sotto("purge", "--json")).stdout) as PurgeRun;
    expect(run.tables.length).to.be.greaterThan(3);
    for (const { rows } of run.tables) expect(rows).to.equal(0);
    expect(run).to.include({ dryRun: false, rows: 0, nextAt: run.startedAt + 600_000 });
    expect(run.tookMs).to.be.at.least(0);
    expect(JSON.parse((await sotto("purge", "--last", "--json")).stdout)).to.deep.equal(run);
    const shown = (await sotto("purge", "--last")).stdout;
    expect(shown)
      .to.include(new Date(run.nextAt).toISOString())
      .and.match(/^0 rows, \d+\.\d s; next about/m);
  });

  it("says that workers are for a cluster", async () => {
    const { status, stderr } = await sotto("worker");
    expect(status).to.equal(1);
    expect(stderr).to.include("set REDIS_URL and DATABASE_URL=mysql://");
  });

  it("starts no node with wrong settings, and leaves nothing behind", async () => {
    const { status, stdout, stderr } = await runSotto(["start"], { ...settings, LOG_LEVEL: "loud" });
    expect([status, stdout]).to.deep.equal([1, ""]);
    expect(stderr).to.include('LOG_LEVEL: given "loud"; allowed: trace');
  });

  it("names the setting of a port that is taken", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const port = String((taken.address() as AddressInfo).port);
    for (const name of ["PORT", "OPS_PORT"]) {
      const { status, stderr } = await runSotto(["start"], { ...settings, [name]: port });
      expect(status).to.equal(1);
      expect(stderr).to.include(`${name}: port ${port} on 127.0.0.1 is taken.`);
    }
    await new Promise((resolve) => taken.close(resolve));
  });

  it("tells a program where the node is", async () => {
    const node = startSotto(["start", "--json"], settings);
    const [line] = await node.says(/^\{.*\}$/m);
    const { url, opsUrl, mode, pid } = JSON.parse(line) as { url: string; opsUrl: string; mode: string; pid: number };
    expect([mode, pid]).to.deep.equal(["embedded", node.child.pid]);
    expect((await fetch(url)).status).to.equal(200);
    expect(await (await fetch(`${opsUrl}/livez`)).json()).to.deep.equal({ alive: true });
    expect(await (await fetch(`${opsUrl}/metrics`)).text()).to.include("sotto_sockets 0");
    expect((await fetch(`${opsUrl}/nowhere`)).status).to.equal(404);
    node.child.kill("SIGTERM");
    expect((await node.ended).status).to.equal(0);
  });

  describe("doctor", () => {
    type Finding = { check: string; state: string; says: string; todo?: string };
    async function findings(more: Record<string, string> = {}) {
      const { status, stdout } = await runSotto(["doctor", "--json"], { ...settings, ...more });
      return { status, found: JSON.parse(stdout) as Finding[] };
    }
    const bad = (found: Finding[]) => found.filter(({ state }) => state === "bad");

    it("finds nothing wrong before the first start, nor after", async () => {
      expect(await findings()).to.have.property("status", 0);
      await sotto("migrate");
      await sotto("token", "--user", "alice");
      const { status, found } = await findings();
      expect(bad(found)).to.deep.equal([]);
      expect(status).to.equal(0);
      expect((await sotto("doctor")).stdout).to.match(/^ok {4}database .*0 conversations/m);
    });

    it("finds a secret that others may read, and a database that is none", async () => {
      await sotto("token", "--user", "alice");
      await chmod(join(folder.path, "token-secret"), 0o644);
      await writeFile(join(folder.path, "sotto.db"), "this is not a database, but a text of some length".repeat(100));
      const { status, found } = await findings();
      expect(status).to.equal(1);
      expect(bad(found).map(({ check }) => check)).to.deep.equal(["database", "secret"]);
      for (const { todo } of bad(found)) expect(todo).to.be.a("string");
      await rm(join(folder.path, "sotto.db"));
    });

    it("repeats what is wrong with the settings", async () => {
      const { status, found } = await findings({ PORT: "x" });
      expect(status).to.equal(1);
      expect(bad(found)[0]).to.include({ check: "settings", says: 'PORT: given "x"' });
    });
  });
});
