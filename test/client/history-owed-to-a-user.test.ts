import { expect } from "chai";
import type { Client, Group } from "../../src/client/index.ts";
import { tables } from "../../src/client/records.ts";
import { eventually } from "../support/eventually.ts";
import { groupOf, logOf } from "../support/group-sides.ts";
import { coreOf, heldRecord } from "../support/held-state.ts";
import { MaliciousNode, ok, refused } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";

const soon = { timeout: 20_000 };

describe("history that is owed to a user", function () {
  this.timeout(60_000);
  let node: MaliciousNode;
  let people: People;
  let ann: Client;
  let mine: Group;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
    ann = await people.online("ann");
    mine = await ann.createGroup({ members: [] });
    await mine.send("before dave").reached("accepted", soon);
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    await node.close();
  });

  /** Dave is in the group, and nothing can be given to him yet. */
  async function addDave(): Promise<Client> {
    const dave = await people.online("dave");
    node.answer("history:share", async () => refused("unavailable"));
    await mine.add("dave", { shareHistory: true });
    await groupOf(dave);
    expect(await debtors()).to.deep.equal(["dave"]);
    return dave;
  }

  const debtors = async () => ((await heldRecord(ann, mine.id)).historyDebts ?? []).map(({ user }) => user);
  const textsOf = async (client: Client) => (await logOf(await groupOf(client))).map(({ text }) => text);

  async function startOver(dave: Client): Promise<Client> {
    await dave.close();
    people.forget(dave);
    const again = await people.open("dave");
    await again.startOver();
    await again.sync();
    return again;
  }

  /** Whoever has started over is in the group, and has nothing of what was before. */
  async function gotNothing(again: Client): Promise<void> {
    await groupOf(again);
    await mine.send("with dave").reached("delivered", soon);
    await ann.sync();
    await eventually(async () => expect(await debtors()).to.deep.equal([]));
    await mine.send("and on").reached("delivered", soon);
    expect(await coreOf(again).store.list(tables.historyKeys)).to.have.length(1);
    expect(await textsOf(again)).to.not.include("before dave");
  }

  it("is not given to who starts over as that user, until a person says so", async () => {
    const again = await startOver(await addDave());
    node.behave();
    const asked = node.requests("history:share").length;
    await gotNothing(again);
    expect(node.requests("history:share")).to.have.length(asked);
    await mine.add("dave", { shareHistory: true });
    await eventually(async () => expect(await textsOf(again)).to.deep.equal(["before dave", "with dave", "and on"]));
  });

  it("is not given to who starts over as a user that had no device then", async () => {
    node.answer("keypackages:claim", async () => ok<"keypackages:claim">({ packages: [] }));
    expect(await mine.add("dave", { shareHistory: true })).to.equal("invited");
    const dave = await people.online("dave");
    await ann.sync();
    await coreOf(ann).directory.refresh(dave.user, mine.id);
    const again = await startOver(dave);
    node.behave();
    await eventually(async () => {
      await ann.sync();
      expect(again.conversation(mine.id)?.isJoined).to.equal(true);
    }, 10_000);
    await gotNothing(again);
  });

  it("waits where the node claims another key of who was compared, until a person has compared again", async () => {
    const dave = await addDave();
    await (await ann.verification("dave")).confirm();
    const { directory } = coreOf(ann);
    await directory.adopt(dave.user, new Uint8Array(32).fill(7), []).catch(() => undefined);
    expect(directory.isHeldBack(dave.user)).to.equal(true);
    node.behave();
    const asked = node.requests("history:share").length;
    await ann.sync();
    await mine.add("dave", { shareHistory: true });
    expect(node.requests("history:share")).to.have.length(asked);
    expect(await debtors()).to.deep.equal(["dave"]);
    await (await ann.verification("dave")).confirm();
    await eventually(async () => expect(await textsOf(dave)).to.include("before dave"));
  });
});
