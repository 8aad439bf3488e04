import { expect } from "chai";
import { WebWorld, type Person } from "../../support/browser/web-world.ts";

describe("somebody who starts over, as others see it in the web client", () => {
  let world: WebWorld;
  let alice: Person;
  let bob: Person;
  let carol: Person;
  const banner = (user: string) =>
    alice.page.getByRole("main").locator(".banner-warning").getByText(`${user}’s safety number has changed.`);

  before(async () => {
    world = await WebWorld.start();
    alice = await world.person("alice");
    bob = await world.person("bob");
    carol = await world.person("carol");
    for (const { user } of [bob, carol]) {
      await alice.startConversation(user);
      await alice.write(`hello ${user}`);
      await alice.reaches(`hello ${user}`, "delivered");
    }
    await alice.button("Details").click();
    await alice.button("Verify").click();
    await alice.button("They are the same").click();
    await alice.page.getByText("You have compared these numbers.").waitFor();
    await alice.page.keyboard.press("Escape");
    await alice.button("Details").click();
  });
  after(() => world.close());

  /** All devices are gone, and the recovery key never was. */
  async function startOver(former: Person): Promise<Person> {
    await former.context.close();
    const person = await world.visitor(former.user);
    await person.logIn();
    await person.button("I have no other device").click();
    await person.page.getByText("Start over without it").click();
    await person.button("Start over").click();
    await person.isIn();
    return person;
  }

  it("is told, and goes on, where the numbers were never compared", async () => {
    await alice.openConversation("bob");
    bob = await startOver(bob);
    await alice.page.getByText("bob has started over with a new device.").waitFor();
    await banner("bob").waitFor();
    await alice.write("is it you?");
    await alice.reaches("is it you?", "delivered");
    await bob.openConversation("alice");
    await bob.sees("is it you?");
  });

  it("still stands there after a reload, until a person has looked; then no more", async () => {
    await alice.page.reload();
    await alice.unlock();
    await banner("bob").waitFor();
    await alice.button("Compare").click();
    await alice.button("Go on without comparing").click();
    await banner("bob").waitFor({ state: "detached" });
    await alice.page.reload();
    await alice.unlock();
    await alice.sees("is it you?");
    expect(await banner("bob").count()).to.equal(0);
  });

  it("gets nothing from who had compared, over a reload, until that person has compared anew", async () => {
    await alice.openConversation("carol");
    carol = await startOver(carol);
    await banner("carol").waitFor();
    await alice.write("for carol alone");
    await alice.reaches("for carol alone", "queued");
    const held = alice.page.getByText("Messages are held back until you have checked this contact.");
    await held.waitFor();
    await alice.page.reload();
    await alice.unlock();
    await banner("carol").waitFor();
    await held.waitFor();
    await alice.reaches("for carol alone", "queued");
    await alice.button("Compare").click();
    await alice.button("They are the same").click();
    await alice.page.getByText("You have compared these numbers.").waitFor();
    await alice.page.keyboard.press("Escape");
    await alice.reaches("for carol alone", "delivered");
    await carol.openConversation("alice");
    await carol.sees("for carol alone");
    expect(await banner("carol").count()).to.equal(0);
  });

  it("meets no fault in page or worker", () => {
    for (const { user, faults } of [alice, bob, carol]) expect(faults, user).to.deep.equal([]);
  });
});
