import { expect } from "chai";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  completeSettings,
  databaseFile,
  databaseName,
  loadSettings,
  SettingsError,
  type Environment,
} from "../../config/load-settings.ts";
import { settingNames, settingRow } from "../../config/settings.ts";
import { limits } from "../../src/protocol/limits.ts";
import { tempFolder } from "../support/temp-folder.ts";

function faultsOf(environment: Environment) {
  try {
    loadSettings(environment);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.faults;
    throw error;
  }
}

describe("the settings", () => {
  it("have defaults that make an embedded node", () => {
    const settings = loadSettings({});
    expect(settings).to.include({ PORT: 3000, HOST: "127.0.0.1", OPS_PORT: 9100, OPS_HOST: "127.0.0.1" });
    expect(settings).to.include({ ACCOUNTS: "on", HISTORY_RETENTION_DAYS: 90, UNDELIVERED_TTL_DAYS: 30 });
    expect(databaseFile(settings)).to.equal(resolve("data/sotto.db"));
  });

  it("each say what they are for", () => {
    for (const name of settingNames) {
      const { why, allowed } = settingRow(name);
      expect(why, name).to.match(/^\S.{5,}[.)]$/s);
      expect(allowed, name).not.to.equal("");
    }
  });

  it("take an empty variable for one that is not there", () => {
    expect(loadSettings({ PORT: "", LOG_LEVEL: "" })).to.deep.equal(loadSettings({}));
  });

  it("allow no larger message than the protocol does", () => {
    expect(loadSettings({}).MAX_MESSAGE_BYTES).to.equal(limits.messageBytes);
    expect(faultsOf({ MAX_MESSAGE_BYTES: String(limits.messageBytes + 1) })).to.have.length(1);
  });

  for (const [name, value] of [
    ["PORT", "3000x"],
    ["PORT", "65536"],
    ["PORT", "-1"],
    ["HOST", "two words"],
    ["LOG_LEVEL", "loud"],
    ["ACCOUNTS", "maybe"],
    ["HISTORY_RETENTION_DAYS", "0"],
    ["HISTORY_RETENTION_DAYS", "1e2"],
    ["CORS_ORIGINS", "https://a.example,not an origin"],
    ["CORS_ORIGINS", "https://a.example/path"],
    ["PUBLIC_HOSTS", "https://a.example"],
    ["DATABASE_URL", "postgres://h/d"],
    ["DATABASE_URL", "sqlite:"],
    ["AUTH_JWT_SECRET", "short"],
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "nowhere"],
  ] as const) {
    it(`refuse ${name}=${value}`, () => {
      const [fault, ...others] = faultsOf({ [name]: value });
      expect(others).to.deep.equal([]);
      expect(fault).to.include({ name, allowed: settingRow(name).allowed });
    });
  }

  it("name every fault at once, a line each", () => {
    const error = new SettingsError(faultsOf({ PORT: "x", LOG_LEVEL: "y", ACCOUNTS: "z" }));
    expect(error.message.split("\n")).to.deep.equal([
      'PORT: given "x"; allowed: a whole number from 0 to 65535',
      'LOG_LEVEL: given "y"; allowed: trace | debug | info | warn | error | fatal | silent',
      'ACCOUNTS: given "z"; allowed: on | off',
    ]);
  });

  it("name what is missing beside what is wrong, and nothing twice", () => {
    const namesOf = (environment: Environment) => faultsOf(environment).map(({ name }) => name);
    const wrong = { REDIS_URL: "http://r", CLUSTER_ADAPTER: "smoke" };
    expect(namesOf({ ...wrong, DATABASE_URL: "mysql://db/sotto" })).to.deep.equal([
      "REDIS_URL",
      "CLUSTER_ADAPTER",
      "AUTH_JWT_SECRET",
    ]);
    expect(namesOf(wrong)).to.deep.equal(["REDIS_URL", "CLUSTER_ADAPTER", "DATABASE_URL", "AUTH_JWT_SECRET"]);
    expect(namesOf({ AUTH_JWKS_URL: "nowhere" })).to.deep.equal(["AUTH_JWKS_URL", "AUTH_ISSUER", "AUTH_AUDIENCE"]);
    expect(namesOf({ PORT: "x", DRAIN_SECONDS: "x", DRAIN_NOTICE_SECONDS: "9" })).to.deep.equal([
      "PORT",
      "DRAIN_SECONDS",
    ]);
    expect(namesOf({ PUSH_WEBHOOK_URL: "nowhere" })).to.deep.equal(["PUSH_WEBHOOK_URL", "PUSH_WEBHOOK_SECRET"]);
  });

  it("let a message wait no longer than it is kept", () => {
    const [fault, ...others] = faultsOf({ HISTORY_RETENTION_DAYS: "7", UNDELIVERED_TTL_DAYS: "8" });
    expect(others).to.deep.equal([]);
    expect(fault).to.include({ name: "UNDELIVERED_TTL_DAYS", given: '"8"' });
    expect(fault?.allowed).to.include("at most HISTORY_RETENTION_DAYS");
    expect(loadSettings({ HISTORY_RETENTION_DAYS: "7", UNDELIVERED_TTL_DAYS: "7" }).UNDELIVERED_TTL_DAYS).to.equal(7);
    expect(loadSettings({ HISTORY_RETENTION_DAYS: "7" }).UNDELIVERED_TTL_DAYS, "by itself").to.equal(7);
    expect(faultsOf({ HISTORY_RETENTION_DAYS: "x", UNDELIVERED_TTL_DAYS: "8" })).to.have.length(1);
  });

  it("never show a secret", () => {
    for (const name of settingNames.filter((each) => settingRow(each).isSecret)) {
      const value = `${"tell nobody ".repeat(400)}\0`;
      const error = new SettingsError(faultsOf({ [name]: value }));
      expect(error.faults.map((fault) => fault.name)).to.include(name);
      expect(error.message, name).not.to.include("tell nobody");
    }
  });

  it("refuse what is not in this version, instead of ignoring it", () => {
    const planned = {
      OTEL_EXPORTER_OTLP_ENDPOINT: "https://traces.example",
      OTEL_SERVICE_NAME: "s",
    };
    const faults = faultsOf(planned);
    expect(faults.map(({ name }) => name).sort()).to.deep.equal(Object.keys(planned).sort());
    for (const { allowed } of faults) expect(allowed).to.match(/^not in this version yet: /);
  });

  it("name one place for attachments, whole", () => {
    const s3 = {
      BLOB_S3_ENDPOINT: "https://s3.example",
      BLOB_S3_BUCKET: "b-1",
      BLOB_S3_ACCESS_KEY: "a",
      BLOB_S3_SECRET_KEY: "s",
    };
    expect(loadSettings(s3)).to.include({ BLOB_S3_REGION: "us-east-1", BLOB_DIR: "" });
    const names = (given: Record<string, string>) => faultsOf(given).map(({ name }) => name);
    expect(names({ ...s3, BLOB_DIR: "/srv/blobs" })).to.deep.equal(["BLOB_DIR"]);
    expect(names({ ...s3, BLOB_S3_SECRET_KEY: "" })).to.deep.equal(["BLOB_S3_SECRET_KEY"]);
    expect(names({ ...s3, BLOB_S3_ENDPOINT: "" })).to.deep.equal(["BLOB_S3_ENDPOINT"]);
    expect(names({ ...s3, BLOB_S3_BUCKET: "a/b" })).to.deep.equal(["BLOB_S3_BUCKET"]);
    expect(names({ MAX_BLOB_BYTES: "2000000", BLOB_QUOTA_BYTES: "1999999" })).to.deep.equal(["BLOB_QUOTA_BYTES"]);
  });

  it("are the same when a program gives them", () => {
    const given = { PORT: 0, CORS_ORIGINS: ["https://a.example", "https://b.example"], DATA_DIR: "/srv/x" };
    expect(completeSettings(given)).to.include({ PORT: 0, DATA_DIR: "/srv/x" });
    expect(completeSettings(given).CORS_ORIGINS).to.deep.equal(given.CORS_ORIGINS);
    expect(() => completeSettings({ PORT: 70_000 })).to.throw(SettingsError);
  });

  it("find the database where they say", () => {
    expect(databaseFile(loadSettings({ DATA_DIR: "/srv/s" }))).to.equal("/srv/s/sotto.db");
    expect(databaseFile(loadSettings({ DATABASE_URL: "sqlite:/srv/a.db" }))).to.equal("/srv/a.db");
    expect(databaseFile(loadSettings({ DATABASE_URL: "sqlite:///srv/a.db" }))).to.equal("/srv/a.db");
    expect(databaseFile(loadSettings({ DATABASE_URL: "sqlite:./a.db" }))).to.equal(resolve("a.db"));
  });
});

describe("the settings of a cluster", () => {
  const shared = { DATABASE_URL: "mysql://u:hush@db:3306/sotto", AUTH_JWT_SECRET: "s".repeat(32) };

  it("open the node to the proxies in front of it", () => {
    expect(loadSettings({ ...shared, REDIS_URL: "redis://r" })).to.include({
      HOST: "0.0.0.0",
      CLUSTER_ADAPTER: "classic",
    });
    expect(loadSettings({ ...shared, REDIS_URL: "redis://r", HOST: "127.0.0.1" }).HOST).to.equal("127.0.0.1");
    expect(loadSettings(shared).HOST).to.equal("127.0.0.1");
  });

  it("need a database that nodes can share", () => {
    const [fault, ...others] = faultsOf({ REDIS_URL: "redis://r", AUTH_JWT_SECRET: shared.AUTH_JWT_SECRET });
    expect(others).to.deep.equal([]);
    expect(fault).to.include({ name: "DATABASE_URL" });
  });

  it("name the database on the server", () => {
    for (const url of [
      "mysql://db",
      "mysql://u:hush@db:3306",
      "mysql://db/",
      "mysql://db/?ssl=x",
      "mysql://db/a/b",
      "mysql:///sotto",
    ]) {
      const [fault, ...others] = faultsOf({ ...shared, DATABASE_URL: url });
      expect(others, url).to.deep.equal([]);
      expect(fault?.allowed, url).to.include("mysql://user:password@host:3306/name");
    }
    expect(faultsOf({ ...shared, DATABASE_URL: "mysql://u:hush@db:port/sotto" })).to.have.length(1);
    expect(faultsOf({ ...shared, DATABASE_URL: "mysql://db/sotto?charset=utf8mb4" })).to.deep.equal([]);
  });

  it("need a secret that every node knows", () => {
    expect(faultsOf({ DATABASE_URL: shared.DATABASE_URL }).map(({ name }) => name)).to.deep.equal(["AUTH_JWT_SECRET"]);
  });

  it("show the database without who opens it", () => {
    expect(databaseName(loadSettings(shared))).to.equal("mysql://db:3306/sotto");
    expect(databaseName(loadSettings({ DATA_DIR: "/srv/s" }))).to.equal("/srv/s/sotto.db");
  });
});

describe("a secret in a file", () => {
  const secret = "0123456789abcdef0123456789abcdef";
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let file: string;
  before(async () => {
    folder = await tempFolder();
    file = join(folder.path, "secret");
    await writeFile(file, `${secret}\n`);
  });
  after(() => folder.remove());

  it("is read, without its line end", () => {
    expect(loadSettings({ AUTH_JWT_SECRET_FILE: file }).AUTH_JWT_SECRET).to.equal(secret);
  });

  it("is refused beside the secret itself, when missing, and when empty", async () => {
    const empty = join(folder.path, "empty");
    await writeFile(empty, "\n");
    for (const environment of [
      { AUTH_JWT_SECRET_FILE: file, AUTH_JWT_SECRET: secret },
      { AUTH_JWT_SECRET_FILE: join(folder.path, "nowhere") },
      { AUTH_JWT_SECRET_FILE: empty },
    ]) {
      expect(faultsOf(environment).map(({ name }) => name)).to.deep.equal(["AUTH_JWT_SECRET_FILE"]);
    }
  });
});

describe("who issues tokens", () => {
  const host = { AUTH_JWKS_URL: "https://a.example/keys", AUTH_ISSUER: "https://a.example", AUTH_AUDIENCE: "chat" };

  it("is this node, with accounts, when nothing else is said", () => {
    expect(loadSettings({})).to.include({ ACCOUNTS: "on", AUTH_ISSUER: "sotto", AUTH_AUDIENCE: "sotto" });
  });

  it("leaves no name of a host application's users free to be taken", () => {
    expect(loadSettings(host).ACCOUNTS).to.equal("off");
    expect(loadSettings({ AUTH_JWT_SECRET: "s".repeat(32) }).ACCOUNTS).to.equal("off");
    expect(loadSettings({ AUTH_JWT_SECRET: "s".repeat(32), ACCOUNTS: "on" }).ACCOUNTS).to.equal("on");
    expect(faultsOf({ ...host, ACCOUNTS: "on" }).map(({ name }) => name)).to.deep.equal(["ACCOUNTS"]);
  });

  it("must be named where keys come from a URL", () => {
    const faults = faultsOf({ AUTH_JWKS_URL: host.AUTH_JWKS_URL });
    expect(faults.map(({ name }) => name)).to.deep.equal(["AUTH_ISSUER", "AUTH_AUDIENCE"]);
  });

  it("cannot be two, nor be asked over an open line", () => {
    expect(faultsOf({ ...host, AUTH_JWT_SECRET: "s".repeat(32) })[0]?.allowed).to.include("not both");
    expect(faultsOf({ ...host, AUTH_JWKS_URL: "http://a.example/keys" })[0]?.allowed).to.include("https");
    expect(faultsOf({ ...host, AUTH_JWKS_URL: "http://127.0.0.1:1/keys" })).to.deep.equal([]);
  });
});
