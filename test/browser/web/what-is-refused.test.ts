import { expect } from "chai";
import { WebWorld, type Person } from "../../support/browser/web-world.ts";

describe("what is refused in the web client", () => {
  let world: WebWorld;
  let alice: Person;
  let bob: Person;

  before(async () => {
    world = await WebWorld.start();
    alice = await world.person("alice");
    bob = await world.person("bob");
    await alice.startConversation("bob");
    await alice.write("hello bob");
    await bob.openConversation("alice");
    await bob.sees("hello bob");
    await alice.reaches("hello bob", "read");
  });
  after(() => world.close());

  it("is a message to somebody who has blocked one: it says why, and goes out when it is tried again later", async () => {
    await bob.button("Details").click();
    await bob.button("Block").click();
    await bob.page.getByRole("dialog").getByRole("button", { name: "Block" }).click();
    await bob.page.getByText("You have blocked this person.").waitFor();
    await alice.write("do you hear me?");
    await alice.reaches("do you hear me?", "failed");
    await alice.message("do you hear me?").getByText("This person takes no messages from you.").waitFor();
    await bob.button("Unblock").click();
    await bob.page.getByRole("textbox", { name: "Message to alice" }).waitFor();
    await alice.button("Try again").click();
    await alice.reaches("do you hear me?", "read");
    await bob.sees("do you hear me?");
    for (const person of [alice, bob]) expect(await person.message("do you hear me?").count(), person.user).to.equal(1);
  });

  it("is to write in a group that one has left: it is said on both sides, and what was said stays", async () => {
    await bob.createGroup("Crew", ["alice"]);
    await alice.openConversation("Crew");
    await bob.write("welcome to the crew");
    await alice.sees("welcome to the crew");
    await alice.button("Details").click();
    await bob.page.getByRole("heading", { name: "2 members" }).waitFor();
    await alice.button("Leave group").click();
    await alice.page.getByRole("dialog").getByRole("button", { name: "Leave group" }).click();
    await alice.page.getByText("You have left this group.").waitFor();
    await bob.page.getByRole("heading", { name: "1 member", exact: true }).waitFor();
    await alice.sees("welcome to the crew");
    expect(await alice.page.getByRole("textbox", { name: /^Message to/ }).count()).to.equal(0);
    await bob.write("alone now");
    await bob.sees("alone now");
    await alice.page.reload();
    await alice.unlock();
    await alice.page.getByText("You have left this group.").waitFor();
    await alice.sees("welcome to the crew");
    expect(await alice.message("alone now").count()).to.equal(0);
  });

  it("meets no fault in page or worker", () => {
    for (const { user, faults } of [alice, bob]) expect(faults, user).to.deep.equal([]);
  });
});
