import { expect } from "chai";
import { memoryStore, type Client, type Conversation, type Group, type Message } from "../../src/client/index.ts";
import { idToBytes } from "../../src/protocol/ids.ts";
import { Cluster } from "../support/cluster.ts";
import { eventually } from "../support/eventually.ts";
import { tokenSecret } from "../support/gateway-node.ts";
import { builtDist } from "../support/node-process.ts";
import { People, quickTimings } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";
import { placesOf } from "../support/search-a-deployment.ts";
import { runSotto, startSotto } from "../support/sotto-command.ts";
import { tempFolder } from "../support/temp-folder.ts";

const soon = { timeout: 60_000 };
const alice = "alice.liddell-7734";

const textsOf = async (chat: Conversation): Promise<string[]> =>
  (await chat.history({ limit: 200 })).messages.map((one) => ("reason" in one ? `(${one.reason})` : one.text));

/** Where device ids may stand: in the list by which messages are verified, beside those, and in trees that members keep. */
const ofDevices = ["devices.device", "messages.sender_device", "rosters.leaves"];

describe("a user is erased while others write", function () {
  this.timeout(240_000);
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let cluster: Cluster;
  let people: People;
  before(async () => {
    await builtDist();
    folder = await tempFolder();
    cluster = await Cluster.start({ nodes: 2, workers: 1, settings: { BLOB_DIR: folder.path } });
    people = new People(() => cluster.nodes[0]!.url);
  });
  after(async () => {
    await people.close();
    await cluster.close();
    await folder.remove();
  });

  const settings = () => ({
    DATABASE_URL: cluster.databaseUrl,
    REDIS_URL: cluster.redis.url,
    BLOB_DIR: folder.path,
    AUTH_JWT_SECRET: tokenSecret,
  });
  const elsewhere = () => ({ url: cluster.nodes[1]!.url });
  const close = async (client: Client): Promise<void> => {
    people.forget(client);
    await client.close();
  };
  const beganToErase = async (): Promise<void> => {
    const sql = "SELECT COUNT(*) AS open FROM erasures WHERE user IS NOT NULL";
    const [row] = (await cluster.database.query(sql, cluster.databaseUrl)) as [{ open: number }];
    expect(Number(row.open)).to.equal(1);
  };

  it("and is found nowhere afterwards; what was said is read on by all, and everything goes on", async () => {
    const old = memoryStore();
    const first = await people.online(alice, { store: old, timings: { ...quickTimings, selfUpdateAfterMs: 1 } });
    const second = await people.linked(first, elsewhere());
    const bob = await people.online("bob", elsewhere());
    const away = memoryStore();
    const carol = await people.online("carol", { store: away });
    const mallory = await people.online("mallory");

    const chat = await first.direct("bob");
    await chat.send("hello bob").reached("delivered", soon);
    const file = new Uint8Array(100_000).fill(7);
    await chat.send({ attachments: [{ name: "picture", data: file }] }).reached("delivered", soon);
    const back = await bob.direct(alice);
    await back.send("hello alice").reached("delivered", soon);
    const theirs = await eventually(() => second.conversations()[0]!);
    await eventually(async () => theirs.markRead((await theirs.unread()).at(-1)!));
    const team: Group = await bob.createGroup({ name: "Team", members: [alice, "carol"] });
    await eventually(() => expect(team.users).to.have.length(3));
    await team.setRole(alice, "admin");
    const ofAlice = await eventually(async () => {
      await first.sync();
      const found = first.conversation(team.id) as Group;
      expect(found.role).to.equal("admin");
      return found;
    });
    await ofAlice.send("hello team").reached("delivered", soon);
    await first.recovery.enable();
    await first.block("mallory");
    await mallory.block(alice);
    await cluster.database.query(
      `INSERT INTO push_subscriptions SELECT device, user, 'https://push.example/1' FROM devices WHERE user = '${alice}'`,
      cluster.databaseUrl,
    );
    await close(carol);
    await ofAlice.send("while carol is away").reached("delivered", { ...soon, by: "any" });

    const name = [Buffer.from(alice)];
    const devices = [first, second].flatMap(({ device }) => [idToBytes(device), Buffer.from(device)]);
    const where = { cluster, blobFolder: folder.path };
    expect(await placesOf(name, where)).to.include.members(["messages.sender_user", "blocks.blocked", "members.user"]);
    expect((await placesOf(name, where)).some((place) => place.startsWith("redis "))).to.equal(true);

    const sent: Message[] = [];
    let isErasing = true;
    const writing = (async () => {
      for (let turn = 0; isErasing && turn < 500; turn += 1) {
        const message = team.send(`meanwhile ${turn}`);
        sent.push(message);
        await message.reached("accepted", soon);
      }
    })();
    const broken = startSotto(["erase", "--user", alice, "--yes"], settings());
    await eventually(beganToErase);
    broken.child.kill("SIGKILL");
    await broken.ended;
    const { status, stdout, stderr } = await runSotto(["erase", "--user", alice, "--yes", "--json"], settings());
    isErasing = false;
    await writing;
    expect(status, stderr).to.equal(0);
    const { pseudonym } = JSON.parse(stdout) as { pseudonym: string };

    expect(await placesOf(name, where)).to.deep.equal([]);
    expect(ofDevices).to.include.members(await placesOf(devices, where));
    for (const client of [first, second]) {
      await eventually(() => expect(client.connection).to.equal("refused"));
      await close(client);
    }
    expect(await placesOf(name, where)).to.deep.equal([]);

    await bob.sync();
    expect(back).to.include({ peer: pseudonym, isErased: true });
    expect(await textsOf(back)).to.deep.equal(["hello bob", "", "hello alice"]);
    const again = await people.online("carol", { store: away });
    const ofCarol = again.conversation(team.id) as Group;
    const told = ["hello team", "while carol is away", ...sent.map(({ text }) => text)];
    await eventually(async () => {
      await Promise.all([bob.sync(), again.sync()]);
      expect(await textsOf(ofCarol)).to.deep.equal(told);
    }, 60_000);
    const later = await people.linked(bob);
    await eventually(async () => {
      await later.sync();
      expect(await textsOf(later.conversation(back.id)!)).to.deep.equal(["hello bob", "", "hello alice"]);
    });
    const page = await later.conversation(back.id)!.history({ limit: 10 });
    const attachment = (page.messages[1] as Message).attachments[0]!;
    expect(Buffer.compare(await attachment.download().bytes(), file)).to.equal(0);

    expect(sent).to.not.have.length(0);
    const last = team.send("to those who are left");
    await last.reached("delivered", soon);
    expect((await last.receipts()).map(({ user }) => user)).to.deep.equal(["carol"]);
    await team.remove(pseudonym);
    await ofCarol.send("nothing is in the way").reached("delivered", soon);
    expect(await placesOf(name, where)).to.deep.equal([]);
    expect(people.faults.filter((fault) => !fault.startsWith(alice))).to.deep.equal([]);

    await refusal((await people.open(alice, { store: old })).connect(), "user-erased");
    const anew = await people.online(alice);
    await (await anew.direct("bob")).send("somebody new").reached("delivered", soon);
    await eventually(() => expect(bob.conversations().filter(({ peer }) => peer === alice)).to.have.length(1));
    expect(anew.conversations()).to.have.length(1);
    const nobody = await runSotto(["erase", "--user", "nobody-at-all", "--yes"], settings());
    expect(nobody.status).to.equal(1);
  });
});
