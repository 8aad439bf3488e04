import { expect } from "chai";
import { memoryStore, type Client, type Conversation, type Group } from "../../src/client/index.ts";
import { eventually } from "../support/eventually.ts";
import { archiveGenerations } from "../support/held-state.ts";
import { joined } from "../support/joined.ts";
import { MaliciousNode, refused } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { pagesBack, shownBy } from "../support/shown.ts";
import { quickTimings as quick } from "../support/quick-timings.ts";

const soon = { timeout: 30_000 };

const shownIn = (chat: Conversation): Promise<string> => shownBy(chat, 7);

describe("a user who lost every device and kept the words of the recovery key", function () {
  this.timeout(180_000);
  let node: MaliciousNode;
  let people: People;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    await node.close();
  });

  async function lose(...clients: Client[]): Promise<void> {
    for (const client of clients) {
      await client.close();
      people.forget(client);
    }
  }

  const talk = async (chat: Conversation, name: string, count: number): Promise<void> => {
    const sent = Array.from({ length: count }, (_, index) => chat.send(`${name} ${index} ${"ü".repeat(index * 9)}`));
    await Promise.all(sent.map((message) => message.reached("delivered", soon)));
  };

  it("pages through all that was said, in directs and groups, and talks on", async () => {
    const [ann, ben] = [await people.online("ann"), await people.online("ben")];
    const words = await ann.recovery.enable();
    const direct = await ann.direct("ben");
    await talk(direct, "ann", 20);
    const team = await ann.createGroup({ name: "Team", members: ["ben"] });
    await talk(team, "team", 12);
    const laptop = await people.linked(ann);
    await joined(laptop, team.id);
    await talk(await joined(ben, direct.id), "ben", 9);
    await (await ann.verification("ben")).confirm();
    await ann.sync();
    const before = [await shownIn(direct), await shownIn(team)];
    await lose(ann, laptop);

    const phone = await people.open("ann");
    const restored = await phone.recovery.restore(words, { revokeOthers: true });
    expect(restored.contacts).to.equal(1);
    const [his, hers] = [await joined(phone, direct.id), await joined<Group>(phone, team.id)];
    expect([await shownIn(his), await shownIn(hers)]).to.deep.equal(before);
    expect((await phone.verification("ben")).confirmed).to.equal(true);
    expect((await ben.verification("ann")).changed).to.equal(false);
    await his.send("I lost my phone").reached("delivered", soon);
    await hers.send("and my laptop").reached("delivered", soon);
    expect(hers.role).to.equal("owner");
    expect((await phone.devices.list()).filter(({ revokedAt }) => !revokedAt)).to.have.length(1);
    expect(people.faults).to.deep.equal([]);
    // It is a device that can do what the first one could.
    const tablet = await people.linked(phone);
    expect(await shownIn(await joined(tablet, direct.id))).to.equal(await shownIn(his));
  });

  it("goes on in a direct at once where nobody is there to add the device, and in a group when somebody is", async () => {
    const ann = await people.online("ann");
    const benStore = memoryStore();
    const ben = await people.online("ben", { store: benStore });
    const words = await ann.recovery.enable();
    const direct = await ann.direct("ben");
    await talk(direct, "before", 3);
    const team = await ann.createGroup({ members: ["ben"] });
    await talk(team, "before", 2);
    await ann.sync();
    await lose(ann, ben);
    const phone = await people.open("ann");
    await phone.recovery.restore(words, { revokeOthers: true });
    await phone.sync();
    const message = (await phone.direct("ben")).send("here again");
    await message.reached("accepted", soon);
    const group = phone.conversation(team.id)!;
    const waits = group.send("waits");
    await eventually(() => expect(group.waitingFor).to.equal("welcome"));
    const back = await people.open("ben", { store: benStore });
    await back.connect();
    await message.reached("delivered", soon);
    await waits.reached("delivered", soon);
    expect((await pagesBack(back.conversation(direct.id)!)).at(-1)).to.have.property("text", "here again");
  });

  it("reads what was written under a key that a linked device made, which is lost as well", async () => {
    const ann = await people.online("ann");
    await people.online("ben");
    const tablet = await people.linked(ann, { timings: { ...quick, archivePatienceMs: 50 } });
    const stolen = await people.linked(ann);
    const words = await ann.recovery.enable();
    const direct = await ann.direct("ben");
    await talk(direct, "before", 3);
    const his = await joined(tablet, direct.id);
    // The primary is lost before it has made a new archive key.
    node.answer("archive:grant", ({ user, forward, request }) =>
      request.grants.some(({ by }) => by === undefined) && user === "ann" ? refused("unavailable") : forward(),
    );
    node.answer("recovery:grant", ({ request, forward }) =>
      request.grants.some(({ by }) => by === ann.device) ? refused("unavailable") : forward(),
    );
    await ann.devices.revoke(stolen.device);
    await lose(ann);
    await eventually(async () => {
      await tablet.sync();
      expect(archiveGenerations(tablet)).to.have.length(2);
      await talk(his, "after", 1);
      const rows = await node.inner.store.readHistoryKeys(tablet.user, direct.id, { generation: 0, epoch: 0 }, 100);
      expect(rows.some(({ archiveGeneration }) => archiveGeneration > 1)).to.equal(true);
    }, 30_000);
    const shown = await shownIn(his);
    await tablet.sync();
    await lose(tablet, stolen);
    const phone = await people.open("ann");
    expect((await phone.recovery.restore(words, { revokeOthers: true })).archiveKeys).to.equal(2);
    expect(await shownIn(await joined(phone, direct.id))).to.equal(shown);
  });
});
