import { expect } from "chai";
import { fromBase64, toBase64 } from "../../src/protocol/base64.ts";
import { eventually } from "../support/eventually.ts";
import { archiveGenerations } from "../support/held-state.ts";
import { MaliciousNode, dataOf, ok, refused } from "../support/malicious-node.ts";
import { People, quickTimings } from "../support/people.ts";

describe("the archive key of a user", () => {
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

  it("is a new one when a device was revoked: those that are left have it, and archive under it", async () => {
    const ann = await people.online("ann");
    await people.online("ben");
    const tablet = await people.linked(ann);
    const stolen = await people.linked(ann);
    const chat = await ann.direct("ben");
    await chat.send("before").reached("delivered", { timeout: 60_000 });
    expect(archiveGenerations(stolen)).to.deep.equal([1]);
    await ann.devices.revoke(stolen.device);
    await eventually(async () => {
      await tablet.sync();
      expect(archiveGenerations(tablet)).to.deep.equal([1, 2]);
    });
    expect(archiveGenerations(ann)).to.deep.equal([1, 2]);
    expect(archiveGenerations(stolen)).to.deep.equal([1]);
    await chat.send("after").reached("delivered", { timeout: 60_000 });
    await eventually(async () => {
      const rows = await node.inner.store.readHistoryKeys(ann.user, chat.id, { generation: 0, epoch: 0 }, 100);
      const { epoch } = (await node.inner.store.findConversation(chat.id))!;
      expect(rows.find((row) => row.epoch === epoch)?.archiveGeneration).to.equal(2);
    });
    const later = await people.linked(ann);
    await eventually(async () => {
      await later.sync();
      const { messages } = await (await later.direct("ben")).history();
      expect(messages.map((message) => ("text" in message ? message.text : message.reason))).to.deep.equal([
        "before",
        "after",
      ]);
    });
  });

  it("is handed out later where the node fails meanwhile", async () => {
    const ann = await people.online("ann");
    const tablet = await people.linked(ann);
    const lost = await people.linked(ann);
    const refuse = node.answer("archive:grant", async () => ({
      ok: false,
      error: { code: "unavailable", retryable: true },
    }));
    await ann.devices.revoke(lost.device);
    await eventually(() => expect(archiveGenerations(ann)).to.deep.equal([1, 2]));
    refuse();
    await eventually(async () => {
      await ann.sync();
      await tablet.sync();
      expect(archiveGenerations(tablet)).to.deep.equal([1, 2]);
    });
  });

  it("is handed out by who made it, and by nobody as its own, where another has made a later one meanwhile", async () => {
    const ann = await people.online("ann");
    const tablet = await people.linked(ann, { timings: { ...quickTimings, archivePatienceMs: 1 } });
    const phone = await people.linked(ann);
    const lost = await people.linked(ann);
    const [anns] = node.linesOf("ann");
    const behave = node.answer("keypackages:claim", ({ line, forward }) =>
      line === anns ? refused("unavailable") : forward(),
    );
    await ann.devices.revoke(lost.device);
    await eventually(() => expect(archiveGenerations(ann)).to.deep.equal([1, 2]));
    const byTablet = await eventually(async () => {
      await tablet.sync();
      const made = archiveGenerations(tablet).find((generation) => generation > 2);
      expect(made).to.not.equal(undefined);
      return made!;
    });
    await eventually(async () => {
      await ann.sync().catch(() => undefined);
      expect(archiveGenerations(ann)).to.deep.equal([1, 2, byTablet]);
    });
    behave();
    await eventually(async () => {
      for (const client of [ann, phone, tablet]) await client.sync();
      for (const client of [phone, tablet]) expect(archiveGenerations(client)).to.deep.equal([1, 2, byTablet]);
    });
  });

  it("(4) is not taken from the server, whatever it changes in one that the first device has signed", async () => {
    const ann = await people.online("ann");
    const tablet = await people.linked(ann);
    const lost = await people.linked(ann);
    let isTampering = true;
    let turn = 0;
    node.answer("archive:granted", async ({ forward }) => {
      const { grants } = dataOf(await forward());
      if (!isTampering) return ok<"archive:granted">({ grants });
      const fields = ["sealed", "encapsulated", "signature"] as const;
      const field = fields[turn++ % fields.length]!;
      const flipped = (text: string) =>
        toBase64(fromBase64(text).map((byte, index) => (index === 5 ? byte ^ 1 : byte)));
      const changed = grants.map((grant) => ({ ...grant, [field]: flipped(grant[field]) }));
      return ok<"archive:granted">({ grants: [...changed, ...grants.map((one) => ({ ...one, generation: 3 }))] });
    });
    await ann.devices.revoke(lost.device);
    await eventually(() => expect(node.requests("archive:grant")).to.have.length(1));
    for (let sync = 0; sync < 4; sync += 1) await tablet.sync();
    expect(archiveGenerations(tablet)).to.deep.equal([1]);
    isTampering = false;
    await eventually(async () => {
      await tablet.sync();
      expect(archiveGenerations(tablet)).to.deep.equal([1, 2]);
    });
  });
});
