import { expect } from "chai";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode, refused } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { twoTalking } from "../support/two-talking.ts";

describe("a node that refuses every send as behind its log", () => {
  let node: MaliciousNode;
  let people: People;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(async () => {
    node.behave();
    await people.close();
  });

  for (const code of ["stale-epoch", "diverged"] as const) {
    it(`is asked ever more seldom (${code}), and gets the message once when it takes it`, async () => {
      const { alice, bob } = await twoTalking(people);
      const triedAt: number[] = [];
      node.answer("message:send", () => {
        triedAt.push(performance.now());
        return refused(code);
      });
      const message = alice.chat.send("second");
      await eventually(() => expect(triedAt).to.have.length.of.at.least(8), 10_000);
      // Three are tried again at once; the pauses after them last at least 25, 50, 100 and 200 ms.
      expect(triedAt[7]! - triedAt[3]!).to.be.greaterThan(370);
      node.behave();
      await message.reached("delivered", { timeout: 60_000 });
      expect(bob.texts).to.deep.equal(["first", "second"]);
    });

    it(`is asked again at once where it refuses now and then (${code})`, async () => {
      const { alice } = await twoTalking(people);
      for (const text of ["a", "b", "c"]) {
        const triedAt: number[] = [];
        node.answer("message:send", ({ forward }) => {
          triedAt.push(performance.now());
          return triedAt.length <= 3 ? refused(code) : forward();
        });
        await alice.chat.send(text).reached("accepted", { timeout: 60_000 });
        expect(triedAt).to.have.length(4);
      }
    });
  }
});
