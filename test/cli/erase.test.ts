import { expect } from "chai";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { memoryStore } from "../../src/client/index.ts";
import { eventually } from "../support/eventually.ts";
import { builtDist, NodeProcess } from "../support/node-process.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";
import { runSotto } from "../support/sotto-command.ts";
import { tablesOfFile } from "../support/tables-with.ts";
import { tempFolder } from "../support/temp-folder.ts";

interface Report {
  user: string;
  pseudonym: string;
  conversations: number;
  tables: { table: string; deleted: number; kept: number }[];
  redis: number | null;
  keptUntilDays: number;
}

const soon = { timeout: 60_000 };
const alice = "alice.liddell-4711";

describe("sotto erase", function () {
  this.timeout(120_000);
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  before(() => builtDist());
  beforeEach(async () => {
    folder = await tempFolder();
  });
  afterEach(() => folder.remove());

  it("takes a user out of a running node, says what went and what stays, and closes the devices out", async () => {
    const file = join(folder.path, "sotto.db");
    const settings = { DATABASE_URL: `sqlite:${file}` };
    const node = await NodeProcess.start(settings);
    const people = new People(() => node.url);
    try {
      const store = memoryStore();
      const [first, bob] = [await people.online(alice, { store }), await people.online("bob")];
      const chat = await first.direct("bob");
      await chat.send("to bob").reached("delivered", soon);
      const { status, stdout, stderr } = await runSotto(["erase", "--user", alice, "--yes", "--json"], settings);
      expect(status, stderr).to.equal(0);
      const report = JSON.parse(stdout) as Report;
      expect(report).to.include({ user: alice, conversations: 1, redis: null, keptUntilDays: 90 });
      expect(report.pseudonym).to.match(/^erased-[0-9a-f]{32}$/);
      const lineOf = (table: string) => report.tables.find((line) => line.table === table);
      expect(lineOf("messages")!.kept).to.be.above(0);
      expect(lineOf("devices")).to.include({ deleted: 0, kept: 1 });
      expect(lineOf("device_list_entries")).to.include({ deleted: 1, kept: 0 });
      expect(lineOf("key_packages")!.deleted).to.be.above(0);
      expect(await tablesOfFile(file)(Buffer.from(alice))).to.deep.equal([]);
      for (const part of [file, `${file}-wal`]) expect((await readFile(part)).includes(alice), part).to.equal(false);

      await eventually(() => expect(first.connection).to.equal("refused"));
      people.forget(first);
      await first.close();
      await refusal((await people.open(alice, { store })).connect(), "user-erased");
      await bob.sync();
      const [back] = bob.conversations();
      expect(back).to.include({ peer: report.pseudonym });
      await refusal(back!.send("into nothing").reached("delivered", soon), "user-erased");
      const again = await runSotto(["erase", "--user", alice, "--yes"], settings);
      expect(again.status).to.equal(1);
      expect(again.stderr).to.equal(`Nothing is held about ${alice}.\n`);
    } finally {
      await people.close();
      await node.close();
    }
  });

  it("is not done by mistake: where nobody can be asked it wants --yes, and it takes no pseudonym for a user", async () => {
    const settings = { DATABASE_URL: `sqlite:${join(folder.path, "empty.db")}` };
    for (const [args, says] of [
      [["--user", alice], "--yes"],
      [["--yes"], "--user"],
      [["--user", `erased-${"0".repeat(32)}`, "--yes"], "pseudonym"],
    ] as const) {
      const { status, stderr } = await runSotto(["erase", ...args], settings);
      expect(status).to.equal(2);
      expect(stderr).to.include(says);
    }
  });

  it("leaves a name behind that no token and no sign-up may bring", async () => {
    const node = await NodeProcess.start({ ACCOUNTS: "on" });
    try {
      const user = `erased-${"0".repeat(32)}`;
      const signed = await runSotto(["token", "--user", user], node.settings);
      expect(signed.status).to.equal(2);
      const answer = await fetch(`${node.url}/v1/accounts`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ user, password: "a long password" }),
      });
      expect(await answer.json()).to.have.nested.property("error.code", "invalid-request");
      const people = new People(() => node.url);
      await refusal((await people.open(user)).connect(), "token-invalid");
      await people.close();
    } finally {
      await node.close();
    }
  });
});
