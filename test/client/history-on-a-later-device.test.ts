import { expect } from "chai";
import { memoryStore, type Client, type Conversation, type Message } from "../../src/client/index.ts";
import { tables } from "../../src/client/records.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { People } from "../support/people.ts";

const textsOf = async (chat: Conversation, limit = 50): Promise<string[]> => {
  const texts: string[][] = [];
  for (let before: number | undefined; ;) {
    const page = await chat.history({ limit, ...(before === undefined ? {} : { before }) });
    texts.unshift(page.messages.map((message) => ("reason" in message ? `(${message.reason})` : message.text)));
    if (page.before === undefined) return texts.flat();
    before = page.before;
  }
};

describe("history on a device that was added later", () => {
  let node: GatewayNode;
  let people: People;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(() => people.close());

  const conversationOf = async (client: Client, id: string): Promise<Conversation> => {
    await eventually(async () => {
      await client.sync();
      expect(client.conversation(id)?.isJoined).to.equal(true);
    });
    return client.conversation(id)!;
  };

  it("is what the first device shows, both ways, page by page", async () => {
    const ann = await people.online("ann");
    const ben = await people.online("ben");
    const chat = await ann.direct("ben");
    const back = await ben.direct("ann");
    for (let turn = 0; turn < 12; turn += 1) {
      await chat.send(`ann ${turn}`).reached("delivered", { timeout: 60_000 });
      await back.send(`ben ${turn}`).reached("delivered", { timeout: 60_000 });
    }
    const second = await people.linked(ann);
    const there = await conversationOf(second, chat.id);
    expect(await textsOf(there, 5)).to.deep.equal(await textsOf(chat));
    expect(await textsOf(there, 5)).to.have.length(24);
    const page = await there.history({ limit: 2 });
    const [last] = page.messages.slice(-1) as [Message];
    expect(last).to.include({ text: "ben 11", state: "read" });
    expect(last.sender.user).to.equal("ben");
    expect(await there.unread()).to.have.length(0);
    await chat.send("after").reached("delivered", { timeout: 60_000 });
    await eventually(async () => expect((await textsOf(there)).at(-1)).to.equal("after"));
  });

  it("can be asked for when the device says that it has been let in", async () => {
    const nan = await people.online("nan");
    await people.online("olm");
    const chat = await nan.direct("olm");
    await chat.send("before").reached("delivered", { timeout: 60_000 });
    const second = await people.open("nan");
    const read = new Promise<{ sequence: number; texts: string[] }>((resolve) => {
      second.on("conversation", (there) => {
        there.on("joined", ({ sequence }) => void textsOf(there).then((texts) => resolve({ sequence, texts })));
      });
    });
    const { code, completed } = await second.devices.link();
    await nan.devices.approve(code);
    await completed;
    const { sequence, texts } = await read;
    expect(texts).to.deep.equal(["before"]);
    expect(sequence).to.be.greaterThan(1);
  });

  it("is there in a group from where the user was added, and nothing before", async () => {
    const cat = await people.online("cat");
    const dan = await people.online("dan");
    const eve = await people.online("eve");
    const team = await cat.createGroup({ name: "Team", members: ["dan"] });
    await team.send("before eve").reached("delivered", { timeout: 60_000 });
    await team.add("eve");
    await team.send("with eve").reached("delivered", { timeout: 60_000 });
    const eveTwo = await people.linked(eve);
    const danTwo = await people.linked(dan);
    await eventually(async () => {
      expect(await textsOf(await conversationOf(eveTwo, team.id))).to.deep.equal(["with eve"]);
    });
    expect(await textsOf(await conversationOf(danTwo, team.id))).to.deep.equal(["before eve", "with eve"]);
  });

  it("is not kept where the group says so: nothing for new devices", async () => {
    const fay = await people.online("fay");
    const gus = await people.online("gus");
    const quiet = await fay.createGroup({ members: ["gus"], history: "off" });
    await quiet.send("said once").reached("delivered", { timeout: 60_000 });
    const second = await people.linked(gus);
    expect(await textsOf(await conversationOf(second, quiet.id))).to.deep.equal(["(not-kept)"]);
  });

  it("shows what a device could not follow, once it is in the group again", async () => {
    const store = memoryStore();
    const hal = await people.online("hal", { store });
    const ivy = await people.online("ivy");
    await (await ivy.direct("hal")).send("one").reached("delivered", { timeout: 60_000 });
    await hal.close();
    const opened = await store.open();
    for (const table of [tables.groupTrees, tables.groupRatchets]) {
      for (const { id } of await opened.list(table)) await opened.write([{ table, id, bytes: null }]);
    }
    await opened.close();
    await (await ivy.direct("hal")).send("two").reached("accepted", { timeout: 60_000 });
    const back = await people.online("hal", { store });
    await (await ivy.direct("hal")).send("three").reached("delivered", { timeout: 60_000 });
    expect(await textsOf(await back.direct("ivy"))).to.deep.equal(["one", "two", "three"]);
    expect(await textsOf(await back.direct("ivy"))).to.deep.equal(["one", "two", "three"]);
  });
});
