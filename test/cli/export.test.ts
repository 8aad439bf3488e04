import { expect } from "chai";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { HeldRow } from "../../src/actors/ports/store-held.ts";
import { Connection } from "../../src/store/sqlite/connection.ts";
import { builtDist, NodeProcess } from "../support/node-process.ts";
import { People } from "../support/people.ts";
import { runSotto } from "../support/sotto-command.ts";
import { tempFolder } from "../support/temp-folder.ts";

interface Document {
  format: string;
  user: string;
  tables: Record<string, HeldRow[]>;
}

describe("sotto export", function () {
  this.timeout(120_000);
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  before(() => builtDist());
  beforeEach(async () => {
    folder = await tempFolder();
  });
  afterEach(() => folder.remove());

  it("gives out what a running node holds about a user: devices, conversations, and every message as it was sealed", async () => {
    const database = `sqlite:${join(folder.path, "sotto.db")}`;
    const node = await NodeProcess.start({ DATABASE_URL: database });
    const people = new People(() => node.url);
    try {
      const [alice] = [await people.online("alice"), await people.online("bob"), await people.online("carol")];
      const [toBob, toCarol] = [await alice.direct("bob"), await alice.direct("carol")];
      for (const [chat, text] of [
        [toBob, "to bob"],
        [toCarol, "to carol"],
      ] as const) {
        await chat.send(text).reached("delivered", { timeout: 60_000 });
      }
      const file = join(folder.path, "alice.json");
      const { status, stderr } = await runSotto(["export", "--user", "alice", "--output", file], {
        DATABASE_URL: database,
      });
      expect(status, stderr).to.equal(0);
      expect((await stat(file)).mode & 0o777).to.equal(0o600);
      const document = JSON.parse(await readFile(file, "utf8")) as Document;
      expect(document).to.include({ format: "sotto-export/1", user: "alice" });
      const { devices, directs, messages, members } = document.tables;
      expect(devices!.map(({ device }) => device)).to.deep.equal([alice.device]);
      expect(directs!.map(({ conversation }) => conversation)).to.have.members([toBob.id, toCarol.id]);
      expect(members).to.have.length(2);
      expect(messages!.filter(({ kind }) => kind === 0)).to.have.length(2);
      expect(messages!.every((row) => row["sender_user"] === "alice")).to.equal(true);
      const again = await runSotto(["export", "--user", "alice", "--output", file], { DATABASE_URL: database });
      expect(again.status).to.equal(2);
      expect(again.stderr).to.include("is there already");
    } finally {
      await people.close();
      await node.close();
    }
  });

  it("leaves no file behind where it fails midway, neither the one that was asked for nor a part of it", async () => {
    const path = join(folder.path, "damaged.db");
    const settings = { DATABASE_URL: `sqlite:${path}` };
    const whole = join(folder.path, "whole.json");
    expect((await runSotto(["export", "--user", "nobody", "--output", whole], settings)).status).to.equal(1);
    expect(JSON.parse(await readFile(whole, "utf8"))).to.include({ user: "nobody" });
    const db = new Connection(path, 5000);
    db.exec("DROP TABLE wakes");
    db.close();
    const before = await readdir(folder.path);
    const { status } = await runSotto(
      ["export", "--user", "nobody", "--output", join(folder.path, "half.json")],
      settings,
    );
    expect(status).to.equal(1);
    const isOfTheDatabase = (name: string): boolean => name.startsWith("damaged.db");
    expect((await readdir(folder.path)).filter((name) => !isOfTheDatabase(name))).to.deep.equal(
      before.filter((name) => !isOfTheDatabase(name)),
    );
  });

  it("says that nothing is held about somebody whom nobody knows, and which user it is to be about", async () => {
    const settings = { DATABASE_URL: `sqlite:${join(folder.path, "empty.db")}` };
    const nobody = await runSotto(["export", "--user", "nobody"], settings);
    expect(nobody.status).to.equal(1);
    expect(nobody.stderr).to.equal("Nothing is held about nobody.\n");
    expect(Object.values((JSON.parse(nobody.stdout) as Document).tables).flat()).to.deep.equal([]);
    const without = await runSotto(["export"], settings);
    expect(without.status).to.equal(2);
    expect(without.stderr).to.include("--user");
  });
});
