import { expectAccessible } from "../../support/browser/axe.ts";
import { WebWorld, type Person } from "../../support/browser/web-world.ts";

for (const colorScheme of ["light", "dark"] as const) {
  describe(`what axe finds where the web client asks, ${colorScheme}`, () => {
    let world: WebWorld;
    let alice: Person;
    let bob: Person;
    const looked = { colorScheme, reducedMotion: "reduce" } as const;
    const dialog = () => alice.page.getByRole("dialog");
    const escape = async (): Promise<void> => {
      await alice.page.keyboard.press("Escape");
      await dialog().waitFor({ state: "detached" });
    };

    before(async () => {
      world = await WebWorld.start();
      alice = await world.person("alice", looked);
      bob = await world.person("bob");
      await alice.createGroup("Team", ["bob", "nobody-yet"]);
      await bob.openConversation("Team");
      await alice.write("hello team");
      await alice.reaches("hello team", "read");
    });
    after(() => world.close());

    it("is nothing in the details of a group, with its roles and its timer", async () => {
      await alice.button("Details").click();
      await alice.button("Make bob an admin").click();
      await alice.button("Take the admin role from bob").waitFor();
      await alice.page.getByRole("combobox", { name: "Disappearing messages" }).selectOption("3600");
      await alice.page.getByRole("log").getByText("Messages disappear").waitFor();
      await alice.write("soon gone");
      await bob.sees("soon gone");
      await alice.message("soon gone").getByText("Disappears").waitFor({ state: "attached" });
      await expectAccessible(alice);
    });

    it("is nothing in the list of who has a message", async () => {
      await alice.choose("hello team", "Who has it");
      await dialog().getByText(/^Read/).waitFor();
      await expectAccessible(alice);
      await escape();
    });

    it("is nothing where it asks whether one means it", async () => {
      await alice.button("Leave group").click();
      await expectAccessible(alice);
      await escape();
      await alice.startConversation("bob");
      await alice.button("Block").click();
      await expectAccessible(alice);
      await dialog().getByRole("button", { name: "Block" }).click();
      await alice.page.getByText("You have blocked this person.").waitFor();
      await expectAccessible(alice);
      await alice.button("Settings").click();
      await dialog().getByRole("button", { name: "Unblock" }).waitFor();
      await dialog().getByText("This device", { exact: true }).waitFor();
      await expectAccessible(alice);
      await alice.button("Log out and delete").click();
      await alice.button("Delete everything here").waitFor();
      await expectAccessible(alice);
      await escape();
    });

    it("is nothing where something was refused, in a form and at the edge", async () => {
      await alice.button("New conversation").first().click();
      await alice.page.getByLabel("Name of the person").fill("alice");
      await alice.button("Start").click();
      await dialog().getByText("That is you.").waitFor();
      await expectAccessible(alice);
      await escape();
      await alice.openConversation("Team");
      await alice.page.evaluate(() => {
        navigator.clipboard.writeText = () => Promise.reject(new Error("not allowed"));
      });
      await alice.choose("hello team", "Copy text");
      await alice.page.locator(".notice-error").waitFor();
      await expectAccessible(alice);
    });

    it("is nothing where one has left", async () => {
      await bob.createGroup("Crew", ["alice"]);
      await alice.openConversation("Crew");
      await alice.button("Leave group").click();
      await dialog().getByRole("button", { name: "Leave group" }).click();
      await alice.page.getByText("You have left this group.").waitFor();
      await expectAccessible(alice);
    });

    it("is nothing where words of a recovery key are typed, or one starts over", async () => {
      const anew = await world.visitor("alice", looked);
      await anew.logIn();
      await anew.button("I have no other device").click();
      await anew.page.getByLabel("Recovery key").fill("not the words");
      await anew.button("Use recovery key").click();
      await anew.page.getByText("These are not the words of a recovery key").waitFor();
      await anew.page.getByText("Start over without it").click();
      await anew.button("Start over").waitFor();
      await expectAccessible(anew);
    });
  });
}
