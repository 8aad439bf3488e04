import { expect } from "chai";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode, refused } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";
import { twoTalking, type Side } from "../support/two-talking.ts";

const soon = { timeout: 60_000 };

describe("changes of messages that fail before they are sent", function () {
  this.timeout(120_000);
  let node: MaliciousNode;
  let people: People;
  let alice: Side;
  let bob: Side;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
    ({ alice, bob } = await twoTalking(people));
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    await node.close();
  });

  /** The next message is the next thing that the log has, and nothing else is on its way. */
  async function nothingElseIsSent(): Promise<void> {
    const [first] = (await bob.chat.history()).messages;
    const after = alice.chat.send("after");
    await after.reached("delivered", soon);
    expect(after.sequence).to.equal(first!.sequence! + 1);
    await eventually(() => expect(bob.texts.at(-1)).to.equal("after"));
  }

  it("are not sent where its files cannot be read", async () => {
    let fail = (): void => undefined;
    const failing = new Promise<void>((_, reject) => (fail = () => reject(new Error("the disk is gone"))));
    const stream = (async function* () {
      yield new Uint8Array(10);
      await failing;
    })();
    const message = alice.chat.send({ text: "with a file", attachments: [{ name: "n", stream, size: 100 }] });
    await alice.chat.edit(message, "with another word");
    await alice.chat.react(message, "👍");
    expect(message.text).to.equal("with another word");
    fail();
    await refusal(message.reached("accepted", soon), "source-lost");
    await nothingElseIsSent();
  });

  it("are not sent where the node refuses it, and what was sealed after it goes on", async () => {
    const message = alice.chat.send("refused");
    node.answer("message:send", ({ request, forward }) =>
      request.id === message.id ? refused("not-accepted") : forward(),
    );
    const changes = [alice.chat.edit(message, "refused, and edited"), alice.chat.retract(message)];
    await refusal(message.reached("accepted", soon), "not-accepted");
    await Promise.allSettled(changes);
    await nothingElseIsSent();
  });
});
