import { expect } from "chai";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClient, memoryStore } from "../../src/client/index.ts";
import { eventually } from "../support/eventually.ts";
import { runSotto, startSotto, type Finished, type Started } from "../support/sotto-command.ts";
import { tempFolder } from "../support/temp-folder.ts";

describe("sotto chat", function () {
  this.timeout(120_000);
  let folder: { path: string; remove(): Promise<void> };
  let node: Started;
  let url: string;
  let settings: Record<string, string>;
  const data = (name: string): string[] => ["--data", join(folder.path, name)];
  const chat = (args: string[], input?: string): Promise<Finished> =>
    runSotto(["chat", "--url", url, ...args], settings, input);

  before(async () => {
    folder = await tempFolder();
    settings = { DATA_DIR: join(folder.path, "node"), PORT: "0", OPS_PORT: "0", LOG_LEVEL: "debug" };
    node = startSotto(["start"], settings);
    [, url] = (await node.says(/listening on (http:\S+)/)) as unknown as [string, string];
  });
  after(async () => {
    node.child.kill("SIGTERM");
    expect((await node.ended).status).to.equal(0);
    await folder.remove();
  });

  it("registers a device and leaves; lines wait for who was away, and every state is counted", async () => {
    const registered = await chat(["--as", "bob", "--register", ...data("bob")]);
    expect(registered).to.include({ status: 0 });
    expect(registered.stdout).to.match(/^[0-9a-f-]{36}\n$/);

    const text = "one\n\none\n  three, with spaces \nünïcödé 👍\n";
    const sent = await chat(["--as", "alice", "--with", "bob", ...data("alice")], text);
    expect(sent).to.include({ status: 0, stdout: "accepted 5\n" });

    const receiving = chat(["--as", "bob", "--with", "alice", "--receive", "6", ...data("bob")]);
    const more = await chat(
      ["--as", "alice", "--with", "bob", "--until", "delivered", "--json", ...data("alice")],
      "last",
    );
    expect(JSON.parse(more.stdout)).to.deep.equal({ sent: 1, states: { delivered: 1 } });
    expect(await receiving).to.include({ status: 0, stdout: `${text}last\n` });

    const nothing = await chat(["--as", "bob", "--receive", "1", "--timeout", "1", ...data("bob")]);
    expect(nothing).to.include({ status: 1, stdout: "" });
    expect(nothing.stderr).to.include("0 of 1 messages came");
  });

  it("sends files, shows them as a line each, and saves them where it is told to", async () => {
    const [path, into] = [join(folder.path, "holiday photo.jpg"), join(folder.path, "saved")];
    const bytes = randomBytes(1_234_567);
    writeFileSync(path, bytes);
    mkdirSync(into);
    await chat(["--as", "dora", "--register", ...data("dora")]);
    const sent = await chat(["--as", "emil", "--with", "dora", "--attach", path, ...data("emil")], "and a line");
    expect(sent).to.include({ status: 0, stdout: "accepted 2\n" });
    const receiving = ["--as", "dora", "--receive", "2", "--save-attachments", into, ...data("dora")];
    const received = await chat(receiving);
    expect(received).to.include({ status: 0, stdout: "[holiday photo.jpg, 1.2 MB]\nand a line\n" });
    expect(received.stderr).to.include(`saved ${join(into, "holiday photo.jpg")}`);
    expect(readFileSync(join(into, "holiday photo.jpg")).equals(bytes)).to.equal(true);
    const missing = await chat([
      "--as",
      "emil",
      "--with",
      "dora",
      "--attach",
      join(folder.path, "none"),
      ...data("emil"),
    ]);
    expect(missing.status).to.equal(1);
    expect(missing.stderr).to.include("none: There is no file at that path");
  });

  it("links a second device by the code it shows", async () => {
    await chat(["--as", "carol", "--register", ...data("carol")]);
    const newcomer = startSotto(["chat", "--url", url, "--as", "carol", "--link", ...data("carol-2")], settings);
    const [code] = await newcomer.says(/^[0-9A-Z]{4}(-[0-9A-Z]{4})+$/m);
    const approved = await chat(["--as", "carol", "--link", code, ...data("carol")]);
    expect(approved.status).to.equal(0);
    const linked = await newcomer.ended;
    expect(linked.status).to.equal(0);
    const digits = /Both devices show (\d{6})/;
    expect(digits.exec(linked.stderr)?.[1]).to.equal(digits.exec(approved.stderr)?.[1]);
    const wrong = await chat([
      "--as",
      "carol",
      "--link",
      code.replace(/^./, (one) => (one === "A" ? "B" : "A")),
      ...data("carol"),
    ]);
    expect(wrong.status).to.equal(1);
    const second = await chat(["--as", "carol", "--register", ...data("carol-3")]);
    expect(second.status).to.equal(1);
    expect(second.stderr).to.include("--as carol --link").and.include("link-required");
  });

  it("starts over on a new device when all others are lost", async () => {
    await chat(["--as", "oscar", "--register", ...data("oscar")]);
    const started = await chat(["--as", "oscar", "--start-over", ...data("oscar-2")]);
    expect(started.status).to.equal(0);
    expect(started.stdout).to.match(/^[0-9a-f-]{36}\n$/);
    expect(started.stderr).to.include("every other device of oscar is closed out for good");
    const lost = await chat(["--as", "oscar", "--register", ...data("oscar")]);
    expect(lost.status).to.equal(1);
    expect(lost.stderr).to.include("device-revoked");
    const both = await chat(["--as", "oscar", "--start-over", "--register", ...data("oscar-2")]);
    expect(both.status).to.equal(2);
  });

  it("shows messages as they stand now, tells of what becomes of them, and counts only messages", async () => {
    await chat(["--as", "hana", "--register", ...data("hana")]);
    const { stdout: token } = await runSotto(["token", "--user", "gus"], settings);
    const gus = await createClient({ url, user: "gus", token: () => token.trim(), store: memoryStore() });
    try {
      await gus.connect();
      const theirs = await gus.direct("hana");
      const [one, two, three] = ["one", "two", "three"].map((text) => theirs.send(text));
      await theirs.edit(two!, "two, better");
      await theirs.retract(three!);
      await theirs.react(one!, "👍");
      await one!.reached("accepted", { timeout: 60_000 });
      await eventually(() => expect(theirs.unsent()).to.deep.equal([]));
      const got = await chat(["--as", "hana", "--receive", "3", ...data("hana")]);
      expect(got).to.include({ status: 0, stdout: "one\ntwo, better\n(taken back)\n" });

      const receiving = startSotto(["chat", "--url", url, "--as", "hana", "--receive", "1", ...data("hana")], settings);
      let edits = 0;
      await eventually(
        async () => {
          await theirs.edit(one!, `one \u0007${(edits += 1)}`);
          expect(receiving.output.stderr).to.include("gus edited: one \uFFFD");
        },
        60_000,
        200,
      );
      await theirs.react(two!, "🎉");
      await eventually(() => expect(receiving.output.stderr).to.include("gus 🎉  two, better"), 60_000);
      await theirs.retract(two!);
      theirs.send("last");
      const ended = await receiving.ended;
      expect(ended).to.include({ status: 0, stdout: "last\n" });
      expect(ended.stderr).to.include("gus took a message back");
    } finally {
      await gus.close();
    }
  });

  it("keeps what it cannot send yet, and says so", async () => {
    const args = ["--as", "dave", "--with", "nobody-yet", "--timeout", "3", ...data("dave")];
    const waiting = await chat(args, "hello?\n");
    expect(waiting).to.include({ status: 1, stdout: "queued 1\n" });
    expect(waiting.stderr).to.include("nobody-yet has no device yet").and.include("1 messages wait in this device");
    await chat(["--as", "nobody-yet", "--register", ...data("nobody-yet")]);
    const gone = await chat(["--as", "dave", "--with", "nobody-yet", ...data("dave")], "");
    expect(gone.status).to.equal(0);
    const got = await chat(["--as", "nobody-yet", "--receive", "1", "--json", ...data("nobody-yet")]);
    expect(JSON.parse(got.stdout)).to.include({ from: "dave", text: "hello?" });
  });

  it("prints the words of a recovery key once, and restores by them from standard input or a file", async () => {
    const sent = await chat(["--as", "rita", "--with", "rob", "--timeout", "3", ...data("rita")], "for the record\n");
    expect(sent.stdout).to.equal("queued 1\n");
    await chat(["--as", "rob", "--register", ...data("rob")]);
    await chat(["--as", "rita", "--with", "rob", ...data("rita")], "");
    const made = await chat(["--as", "rita", "--recovery-key", ...data("rita")]);
    expect(made).to.include({ status: 0 });
    expect(made.stdout).to.match(/^([0-9A-Z]{4} ){15}[0-9A-Z]{4}\n$/);
    const isLogged = (words: string): boolean => Object.values(node.output).some((log) => log.includes(words));
    expect(made.stderr).to.include("Write it down").and.not.include(made.stdout.trim());
    const slip = await chat(["--as", "rita", "--restore", ...data("rita-2")], "ABCD EFGH\n");
    expect(slip).to.include({ status: 1, stdout: "" });
    expect(slip.stderr).to.include("recovery-words-invalid").and.not.include("EFGH");
    const restored = await chat(["--as", "rita", "--restore", ...data("rita-2")], made.stdout);
    expect(restored).to.include({ status: 0 });
    expect(restored.stdout).to.match(/^[0-9a-f-]{36}\n$/);
    expect(restored.stderr).to.include("with 1 contacts").and.include("Other devices can still sign in");
    const file = join(folder.path, "words");
    writeFileSync(file, made.stdout);
    const args = ["--as", "rita", "--restore", file, "--revoke-others", ...data("rita-3")];
    const alone = await chat(args);
    expect(alone).to.include({ status: 0 });
    expect(alone.stderr).to.not.include("Other devices");
    const gone = await chat(["--as", "rita", "--receive", "1", ...data("rita-2")]);
    expect(gone.stderr).to.include("device-revoked");
    const loose = await chat(["--as", "rita", "--register", "--revoke-others", ...data("rita-3")]);
    expect(loose.status).to.equal(2);
    expect((await chat(["--as", "rita", "--restore", "/nowhere", ...data("rita-4")])).status).to.equal(2);
    const words = made.stdout.trim();
    expect(isLogged("socket.admitted")).to.equal(true);
    expect([words, words.replaceAll(" ", "-"), ...words.split(" ")].filter(isLogged)).to.deep.equal([]);
  });

  it("encrypts its folder under a passphrase from a file", async () => {
    const file = join(folder.path, "passphrase");
    writeFileSync(file, "correct horse\n");
    const args = ["--as", "erin", "--register", ...data("erin")];
    expect((await chat([...args, "--passphrase-file", file])).status).to.equal(0);
    const without = await chat(args);
    expect(without.status).to.equal(2);
    expect(without.stderr).to.include("--passphrase-file");
    writeFileSync(file, "wrong horse\n");
    const wrong = await chat([...args, "--passphrase-file", file]);
    expect(wrong.status).to.equal(1);
    expect(wrong.stderr).to.include("store-unreadable");
  });

  it("says what is wrong with how it was called, and what to write instead", async () => {
    for (const [args, hint] of [
      [[], "--as USER"],
      [["--as", "alice"], "--with USER"],
      [["--as", "alice", "--with", "alice"], "the same person"],
      [["--as", "alice", "--register", "--receive", "1"], "choose one"],
      [["--as", "alice", "--with", "bob", "--receive", "none"], "whole number"],
      [["--as", "alice", "--with", "bob", "--until", "read"], "accepted or delivered"],
      [["--as", "alice", "--with", "bob", "--loud"], "--loud"],
      [["--as", "alice", "--with", "bob", "--passphrase-file", "/nowhere"], "/nowhere"],
    ] as const) {
      const refused = await chat([...args]);
      expect(refused.status, args.join(" ")).to.equal(2);
      expect(refused.stderr).to.include(hint).and.include("--help");
    }
    const elsewhere = await runSotto(
      ["chat", "--as", "alice", "--with", "bob", "--url", "https://chat.example.org"],
      settings,
    );
    expect(elsewhere).to.include({ status: 2 });
    expect(elsewhere.stderr).to.include("--token");
    expect((await chat(["--help"])).stdout).to.include("--receive");
  });

  it("tells a wrong token, a node that is not there, and another user's folder apart", async () => {
    const args = ["--as", "frank", "--receive", "1", ...data("frank")];
    const forged = await chat([...args, "--token", "not-a-token"]);
    expect(forged).to.include({ status: 1 });
    expect(forged.stderr).to.include("token-invalid");
    const absent = await runSotto(["chat", ...args, "--url", "http://127.0.0.1:9", "--timeout", "1"], settings);
    expect(absent).to.include({ status: 1 });
    expect(absent.stderr).to.include("http://127.0.0.1:9").and.include("npm start");
    await chat(["--as", "frank", "--register", ...data("frank")]);
    const taken = await chat(["--as", "grace", "--register", ...data("frank")]);
    expect(taken).to.include({ status: 1 });
    expect(taken.stderr).to.include("store-in-use");
  });
});
