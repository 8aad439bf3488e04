import { expect } from "chai";
import { newId, type DeviceId } from "../../src/protocol/ids.ts";
import { joined } from "../support/joined.ts";
import { dataOf, MaliciousNode, ok, refused } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";

const soon = { timeout: 60_000 };

describe("device lists behind a history", () => {
  let node: MaliciousNode;
  let people: People;
  before(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
  });
  after(async () => {
    await people.close();
    await node.close();
  });

  it("are asked for once in a page, not once for each message, where they do not have the device", async () => {
    const [ann, ben] = [await people.online("ann"), await people.online("ben")];
    const chat = await ann.direct("ben");
    await chat.send("first").reached("delivered", soon);
    const back = await joined(ben, chat.id);
    const sent = Array.from({ length: 8 }, (_, index) => back.send(`ben ${index}`));
    await Promise.all(sent.map((message) => message.reached("delivered", soon)));
    const later = await people.linked(ann);
    const there = await joined(later, chat.id);
    const unknown = newId<DeviceId>();
    node.answer("history:read", async ({ forward }) => {
      const page = dataOf(await forward());
      const entries = page.entries.map((entry) =>
        entry.sender.user === "ben" ? { ...entry, sender: { ...entry.sender, device: unknown } } : entry,
      );
      return ok<"history:read">({ ...page, entries });
    });
    let asked = 0;
    node.answer("devices:read", ({ request, forward }) => {
      if (!request.users.some(({ user }) => user === "ben")) return forward();
      asked += 1;
      return refused("forbidden");
    });
    const { messages } = await there.history({ limit: 50 });
    expect(messages.filter((one) => "reason" in one && one.reason === "undecryptable")).to.have.length(8);
    expect(asked).to.equal(1);
  });
});
