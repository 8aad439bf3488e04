import { expect } from "chai";
import { memoryStore, type Client, type ClientOptions, type Conversation, type Group } from "../../src/client/index.ts";
import { eventually } from "../support/eventually.ts";
import { NodeProcess } from "../support/node-process.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

const soon = { timeout: 20_000 };

/** Somebody, and what they were told and shown. */
interface Side {
  client: Client;
  changes: { user: string; reason?: string }[];
  texts: string[];
}

describe("a user who has lost every device and starts over", function () {
  this.timeout(120_000);
  let node: NodeProcess;
  let people: People;
  before(async () => {
    node = await NodeProcess.start();
  });
  after(() => node.close());
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(() => people.close());

  const watched = (client: Client): Side => {
    const side: Side = { client, changes: [], texts: [] };
    client.on("identity-changed", (change) => side.changes.push(change));
    client.on("message", ({ message }) => side.texts.push(message.text));
    return side;
  };
  const online = async (user: string, options: Partial<ClientOptions> = {}): Promise<Side> =>
    watched(await people.online(user, options));

  /** The only device there is is gone, with all it held. */
  async function lose({ client }: Side): Promise<void> {
    await client.close();
    people.forget(client);
  }

  async function startOver(user: string): Promise<Side> {
    const side = watched(await people.open(user));
    await side.client.startOver();
    await side.client.sync();
    return side;
  }

  const textsOf = async (conversation: Conversation): Promise<string[]> =>
    (await conversation.history()).messages.map((one) => ("text" in one ? one.text : "unopened"));

  const joined = async (client: Client, id: string): Promise<Conversation> => {
    await eventually(() => expect(client.conversation(id)?.isJoined).to.equal(true), 20_000);
    return client.conversation(id)!;
  };

  it("goes on in a direct with a contact who had not compared: the contact is told, and nothing waits", async () => {
    const [ann, ben] = [await online("ann"), await online("ben")];
    const chat = await ann.client.direct("ben");
    await chat.send("before").reached("delivered", soon);
    const before = (await ann.client.verification("ben")).safetyNumber;
    await lose(ben);
    const waiting = chat.send("are you there?");
    await waiting.reached("accepted", soon);
    const again = await startOver("ben");
    const his = await joined(again.client, chat.id);
    await eventually(() => expect(ann.changes).to.deep.equal([{ user: "ben", reason: "started-over" }]));
    // Nobody can open any more what was sealed for the device that is lost.
    await eventually(() => expect(waiting.state).to.equal("expired"));
    await chat.send("and now?").reached("delivered", soon);
    await his.send("I am").reached("delivered", soon);
    expect(again.texts).to.deep.equal(["and now?"]);
    expect(ann.texts).to.deep.equal(["I am"]);
    expect(ann.changes).to.have.length(1);
    expect(await textsOf(chat)).to.deep.equal(["before", "are you there?", "and now?", "I am"]);
    const [one, other] = [await ann.client.verification("ben"), await again.client.verification("ann")];
    expect(one.safetyNumber).to.equal(other.safetyNumber).and.to.not.equal(before);
    expect(one).to.include({ confirmed: false, changed: true });
    expect(ann.client.changedIdentities()).to.deep.equal(["ben"]);
    await one.accept();
    expect(ann.client.changedIdentities()).to.deep.equal([]);
  });

  it("is held back by a contact who had compared, until that person has compared again", async () => {
    const [ann, ben] = [await online("anna"), await online("benno")];
    const chat = await ann.client.direct("benno");
    await chat.send("before").reached("delivered", soon);
    await (await ann.client.verification("benno")).confirm();
    const team = await ann.client.createGroup({ members: ["benno"] });
    await team.send("to the team").reached("delivered", soon);
    await lose(ben);
    const again = await startOver("benno");
    await eventually(() => expect(ann.changes).to.deep.equal([{ user: "benno", reason: "started-over" }]));
    const held = [chat.send("held back"), team.send("held back, too")];
    await eventually(() =>
      expect([chat.waitingFor, team.waitingFor]).to.deep.equal(["identity-changed", "identity-changed"]),
    );
    await ann.client.sync();
    expect(held.map(({ state }) => state)).to.deep.equal(["queued", "queued"]);
    expect(team.members.some(({ device }) => device === again.client.device)).to.equal(false);
    const verification = await ann.client.verification("benno");
    expect(verification).to.include({ confirmed: true, changed: true });
    expect(ann.client.changedIdentities()).to.deep.equal(["benno"]);
    expect(verification.matches((await again.client.verification("anna")).qr)).to.equal(true);
    await verification.confirm();
    await Promise.all(held.map((message) => message.reached("delivered", soon)));
    expect(again.texts.toSorted()).to.deep.equal(["held back", "held back, too"]);
    expect(verification).to.include({ confirmed: true, changed: false });
    expect(ann.client.changedIdentities()).to.deep.equal([]);
  });

  it("is in its groups again by whoever is there, and owns what it owned", async () => {
    const [olga, max, mia] = [await online("olga"), await online("max"), await online("mia")];
    const group = await olga.client.createGroup({ name: "Team", members: ["max", "mia"] });
    await group.send("before").reached("delivered", soon);
    const [ofMax, ofMia] = [max, mia].map(({ client }) => client.conversation(group.id) as Group) as [Group, Group];
    await lose(olga);
    const again = await startOver("olga");
    const hers = (await joined(again.client, group.id)) as Group;
    for (const { changes } of [max, mia]) {
      await eventually(() => expect(changes).to.deep.equal([{ user: "olga", reason: "started-over" }]));
    }
    await ofMax.send("welcome back").reached("delivered", soon);
    await ofMia.send("what happened?").reached("delivered", soon);
    await hers.send("I lost my phone").reached("delivered", soon);
    expect(again.texts).to.deep.equal(["welcome back", "what happened?"]);
    expect(hers.role).to.equal("owner");
    await eventually(() => expect(hers.name).to.equal("Team"));
    expect(hers.users.map(({ user }) => user)).to.have.members(["olga", "max", "mia"]);
    await online("zoe");
    await hers.add("zoe");
    await hers.send("this is zoe").reached("delivered", soon);
    expect(await textsOf(ofMax)).to.deep.equal([
      "before",
      "welcome back",
      "what happened?",
      "I lost my phone",
      "this is zoe",
    ]);
  });

  it("does not wait for a contact who is away: it goes on in a new group, which the contact joins later", async () => {
    const store = memoryStore();
    const [ann, ben] = [await online("amy", { store }), await online("bert")];
    const chat = await ann.client.direct("bert");
    await chat.send("before").reached("delivered", soon);
    await lose(ann);
    await lose(ben);
    const again = await startOver("bert");
    const his = await again.client.direct("amy");
    const message = his.send("I lost my phone");
    await message.reached("accepted", soon);
    const back = watched(await people.open("amy", { store }));
    await back.client.connect();
    await message.reached("delivered", soon);
    expect(back.texts).to.deep.equal(["I lost my phone"]);
    expect(back.changes).to.deep.equal([{ user: "bert", reason: "started-over" }]);
    const hers = back.client.conversation(chat.id)!;
    await hers.send("poor you").reached("delivered", soon);
    expect(await textsOf(hers)).to.deep.equal(["before", "I lost my phone", "poor you"]);
  });

  it("finds a contact again who has lost everything, too", async () => {
    const [ann, ben] = [await online("ada"), await online("bob")];
    const chat = await ann.client.direct("bob");
    await chat.send("before").reached("delivered", soon);
    await lose(ann);
    await lose(ben);
    const [hers, his] = [await startOver("ada"), await startOver("bob")];
    await (await hers.client.direct("bob")).send("who are you?").reached("delivered", soon);
    await (await his.client.direct("ada")).send("who are you?").reached("delivered", soon);
    expect([hers.texts, his.texts]).to.deep.equal([["who are you?"], ["who are you?"]]);
    // Hers was there before him, and had seen his list.
    expect(hers.changes).to.deep.equal([{ user: "bob", reason: "started-over" }]);
    expect(his.changes).to.deep.equal([]);
  });

  it("closes out the device that was lost, should somebody have found it", async () => {
    const store = memoryStore();
    const ann = await online("alma");
    const ben = await online("bill", { store });
    const chat = await ann.client.direct("bill");
    await chat.send("before").reached("delivered", soon);
    await lose(ben);
    const laptop = await startOver("bill");
    await joined(laptop.client, chat.id);
    await chat.send("only for bill").reached("delivered", soon);
    const found = await people.open("bill", { store });
    await refusal(found.connect(), "device-revoked");
    expect(await textsOf(found.conversation(chat.id)!)).to.deep.equal(["before"]);
  });
});
