import { expect } from "chai";
import { WebWorld, type Person } from "../../support/browser/web-world.ts";

describe("the web client in two tabs", () => {
  let world: WebWorld;
  let first: Person;
  let second: Person;
  let bob: Person;

  before(async () => {
    world = await WebWorld.start();
    first = await world.person("alice");
    bob = await world.person("bob");
    await first.startConversation("bob");
    await first.write("from the first tab");
    await first.reaches("from the first tab", "delivered");
  });
  after(() => world.close());

  it("is shown in one of them: the second says where it is", async () => {
    second = await world.tab(first);
    await second.page.getByRole("heading", { name: "Sotto is open in another tab" }).waitFor();
    await first.write("still from the first tab");
    await first.reaches("still from the first tab", "delivered");
  });

  it("moves to the second one when it is wanted there, with all that was said", async () => {
    await second.button("Use it here").click();
    await second.unlock();
    await first.page.getByRole("heading", { name: "Sotto is open in another tab" }).waitFor();
    await second.openConversation("bob");
    await second.sees("still from the first tab");
    await second.write("from the second tab");
    await bob.openConversation("alice");
    await bob.sees("from the second tab");
  });

  it("and back", async () => {
    await first.button("Use it here").click();
    await first.unlock();
    await second.page.getByRole("heading", { name: "Sotto is open in another tab" }).waitFor();
    await first.sees("from the second tab");
  });

  it("opens in the other one when the first is closed", async () => {
    await first.page.close();
    await second.page.reload();
    await second.unlock();
  });

  it("is taken from a tab that does not answer", async () => {
    const third = await world.tab(second);
    await third.page.getByRole("heading", { name: "Sotto is open in another tab" }).waitFor();
    // A frozen tab runs nothing: this one never comes to answer.
    const frozen = second.page.evaluate(() => {
      for (const until = Date.now() + 8000; Date.now() < until;);
    });
    await third.button("Use it here").click();
    await third.unlock();
    await frozen;
    await second.page.getByRole("heading", { name: "Sotto is open in another tab" }).waitFor();
    expect(third.faults).to.deep.equal([]);
  });
});
