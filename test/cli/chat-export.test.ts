import { expect } from "chai";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClient, memoryStore, type Client, type ExportRecord } from "../../src/client/index.ts";
import { eventually } from "../support/eventually.ts";
import { FlakyLink } from "../support/flaky-link.ts";
import { builtDist } from "../support/node-process.ts";
import { runSotto, startSotto, type Finished, type Started } from "../support/sotto-command.ts";
import { tempFolder } from "../support/temp-folder.ts";

const soon = { timeout: 60_000 };
const photo = new Uint8Array(randomBytes(100_000));

describe("sotto chat --export", function () {
  this.timeout(120_000);
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let node: Started;
  let url: string;
  let settings: Record<string, string>;
  let bob: Client;
  const at = (...names: string[]): string => join(folder.path, ...names);
  const as = (user: string): string[] => ["--as", user, "--data", at(user)];
  const chat = (args: string[], input?: string): Promise<Finished> =>
    runSotto(["chat", "--url", url, ...args], settings, input);
  const recordsIn = (path: string): ExportRecord[] =>
    readFileSync(path, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as ExportRecord);
  const textsIn = (path: string): string[] =>
    recordsIn(path).flatMap((one) => (one.record === "message" ? [one.text] : []));

  before(async () => {
    await builtDist();
    folder = await tempFolder();
    settings = { DATA_DIR: at("node"), PORT: "0", OPS_PORT: "0" };
    node = startSotto(["start"], settings);
    [, url] = (await node.says(/listening on (http:\S+)/)) as unknown as [string, string];
    const { stdout: token } = await runSotto(["token", "--user", "bob"], settings);
    bob = await createClient({ url, user: "bob", token: () => token.trim(), store: memoryStore() });
    await bob.connect();
  });
  after(async () => {
    await bob.close();
    node.child.kill("SIGTERM");
    await node.ended;
    await folder.remove();
  });

  /** A user who has heard three things of bob's, of which the second are two files. */
  async function heard(user: string): Promise<{ files: Awaited<ReturnType<typeof said>> }> {
    await chat([...as(user), "--register"]);
    const files = await said(user);
    await chat([...as(user), "--receive", "3"]);
    return { files };
  }
  async function said(user: string) {
    const theirs = await bob.direct(user);
    theirs.send("one");
    const attachments = [
      { name: "../photo.jpg", type: "image/jpeg", data: photo },
      { name: "empty", data: new Uint8Array() },
    ];
    const files = theirs.send({ text: "two", attachments });
    await theirs.send("three").reached("accepted", soon);
    return files;
  }

  it("writes all that the user can read, for its owner alone, and the files beside it", async () => {
    const { files } = await heard("alice");
    const [file, beside] = [at("alice.jsonl"), at("alice-files")];
    const done = await chat([...as("alice"), "--export", file, "--save-attachments", beside]);
    expect(done).to.include({ status: 0, stdout: `1 conversations, 3 messages, 2 files: ${file}\n` });
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(statSync(beside).mode & 0o777).to.equal(0o700);
    const records = recordsIn(file);
    expect(records[0]).to.include({ record: "export", format: "sotto-history/1", user: "alice" });
    expect(records.map(({ record }) => record).join(" ")).to.equal("export conversation message message message end");
    expect(textsIn(file)).to.deep.equal(["one", "two", "three"]);
    const names = [`${files.id}-0-_photo.jpg`, `${files.id}-1-empty`];
    expect(records[3]).to.have.nested.property("attachments[0].file", names[0]);
    expect(readdirSync(beside).toSorted()).to.deep.equal(names);
    expect(readFileSync(join(beside, names[0]!)).equals(photo)).to.equal(true);
    expect(statSync(join(beside, names[0]!)).mode & 0o777).to.equal(0o600);
    expect(statSync(join(beside, names[1]!)).size).to.equal(0);
  });

  it("replaces nothing that is there, unless it is told to", async () => {
    await heard("carol");
    const [file, beside] = [at("carol.jsonl"), at("carol-files")];
    writeFileSync(file, "mine");
    const refused = await chat([...as("carol"), "--export", file]);
    expect(refused.status).to.equal(2);
    expect(refused.stderr).to.include("is there already").and.include("--force");
    expect(readFileSync(file, "utf8")).to.equal("mine");
    mkdirSync(beside);
    writeFileSync(join(beside, "mine"), "mine");
    const full = await chat([...as("carol"), "--export", at("other.jsonl"), "--save-attachments", beside]);
    expect(full.status).to.equal(2);
    expect(full.stderr).to.include("not empty");
    expect(existsSync(at("other.jsonl"))).to.equal(false);
    const args = [...as("carol"), "--export", file, "--save-attachments", beside, "--force", "--json"];
    const forced = await chat(args);
    expect(forced.status).to.equal(0);
    expect(JSON.parse(forced.stdout)).to.deep.equal({ conversations: 1, messages: 3, attachments: 2, unreadable: {} });
    expect(textsIn(file)).to.deep.equal(["one", "two", "three"]);
    expect(readdirSync(beside)).to.have.length(3).and.include("mine");
    expect((await chat(args)).status).to.equal(0);
    expect(readdirSync(folder.path).filter((name) => name.endsWith(".part"))).to.deep.equal([]);
  });

  it("says what could not be read and why, writes the rest, and ends with 1", async () => {
    const { files } = await heard("dave");
    const blobs = readdirSync(at("node", "blobs"), { recursive: true, encoding: "utf8" });
    const blob = at(
      "node",
      "blobs",
      blobs.find((name) => name.includes(files.attachments[0]!.blob))!,
    );
    const sealed = readFileSync(blob);
    sealed[sealed.length - 1]! ^= 1;
    writeFileSync(blob, sealed);
    const [file, beside] = [at("dave.jsonl"), at("dave-files")];
    const done = await chat([...as("dave"), "--with", "bob", "--export", file, "--save-attachments", beside]);
    expect(done).to.include({ status: 1, stdout: `1 conversations, 3 messages, 1 files: ${file}\n` });
    expect(done.stderr).to.include("could not be read: 1 (attachment-damaged)");
    expect(recordsIn(file)).to.deep.include({
      record: "unreadable",
      conversation: (await bob.direct("dave")).id,
      message: files.id,
      attachment: 0,
      reason: "attachment-damaged",
    });
    expect(readdirSync(beside)).to.deep.equal([`${files.id}-1-empty`]);
    const nobody = await chat([...as("dave"), "--with", "nobody", "--export", at("nobody.jsonl")]);
    expect(nobody.status).to.equal(1);
    expect(nobody.stderr).to.include("no conversation with nobody");
    expect(existsSync(at("nobody.jsonl"))).to.equal(false);
  });

  it("leaves nothing behind where it is stopped", async () => {
    await heard("erin");
    const link = await FlakyLink.to({ url });
    try {
      const [file, beside] = [at("erin.jsonl"), at("erin-files")];
      link.delayMs = 30;
      const args = ["chat", "--url", link.url, ...as("erin"), "--export", file, "--save-attachments", beside];
      const stopped = startSotto(args, settings);
      await eventually(() => expect(existsSync(beside)).to.equal(true), 30_000, 2);
      link.hold("down");
      stopped.child.kill("SIGINT");
      await eventually(() => expect(stopped.output.stderr).to.include("stopped: nothing was written"), 30_000);
      // What hangs up waits for the other end's word.
      link.release();
      const ended = await stopped.ended;
      expect(ended).to.include({ status: 1, stdout: "" });
      expect(readdirSync(folder.path).filter((name) => /erin-files|erin.jsonl/.test(name))).to.deep.equal([]);
    } finally {
      await link.close();
    }
  });

  it("says how it is to be called", async () => {
    for (const [args, hint] of [
      [["--export"], "--export"],
      [["--export", ""], "name of a file"],
      [["--export", at("x.jsonl"), "--register"], "choose one"],
      [["--receive", "1", "--force"], "--force goes with --export"],
      [["--export", folder.path], "is a folder"],
      [["--export", at("none", "x.jsonl")], "ENOENT"],
    ] as const) {
      const refused = await chat([...as("alice"), ...args]);
      expect(refused.status, args.join(" ")).to.equal(2);
      expect(refused.stderr).to.include(hint);
    }
  });
});
