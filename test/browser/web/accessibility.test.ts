import { expectAccessible } from "../../support/browser/axe.ts";
import { password, WebWorld, type Person } from "../../support/browser/web-world.ts";

for (const colorScheme of ["light", "dark"] as const) {
  describe(`what axe finds in the web client, ${colorScheme}`, () => {
    let world: WebWorld;
    let alice: Person;
    let bob: Person;
    const looked = { colorScheme, reducedMotion: "reduce" } as const;

    before(async () => {
      world = await WebWorld.start();
      bob = await world.person("bob");
    });
    after(() => world.close());

    it("is nothing where people sign up, log in, and find no conversations yet", async () => {
      alice = await world.visitor("alice", looked);
      await alice.button("Create account").waitFor();
      await expectAccessible(alice);
      await alice.button("Log in").click();
      await expectAccessible(alice);
      await alice.button("Create account").click();
      await alice.signUp();
      await expectAccessible(alice);
    });

    it("is nothing in a conversation with all that can be in one", async () => {
      await alice.startConversation("bob");
      await expectAccessible(alice);
      await alice.write("hello bob");
      await bob.openConversation("alice");
      await bob.write("hello alice");
      await alice.choose("hello alice", "React 👍");
      await alice.choose("hello alice", "Reply");
      await alice.write("an answer");
      await alice.write("to be taken back");
      await bob.sees("to be taken back");
      await alice.choose("to be taken back", "Delete for everybody");
      await alice.sees("This message was deleted");
      await alice.page.locator("input[type=file]").setInputFiles({
        name: "notes.txt",
        mimeType: "text/plain",
        buffer: Buffer.from("notes"),
      });
      await expectAccessible(alice);
      await alice.write("the notes");
      await bob.sees("the notes");
      await alice.message("hello bob").hover();
      await alice.message("hello bob").getByRole("button", { name: "Message options" }).click();
      await expectAccessible(alice);
      await alice.page.keyboard.press("Escape");
    });

    it("is nothing in dialogs and details", async () => {
      await alice.choose("hello bob", "Who has it");
      await alice.page.getByRole("dialog").getByText(/^Read/).waitFor();
      await expectAccessible(alice);
      await alice.page.keyboard.press("Escape");
      for (const name of ["New conversation", "New group"]) {
        await alice.button(name).click();
        await expectAccessible(alice);
        await alice.page.keyboard.press("Escape");
      }
      await alice.button("Details").click();
      await expectAccessible(alice);
      await alice.button("Verify").click();
      await alice.page.getByRole("img", { name: "Safety number as a QR code" }).waitFor();
      await expectAccessible(alice);
      await alice.page.keyboard.press("Escape");
      await alice.button("Settings").click();
      await alice.page.getByText("This device", { exact: true }).waitFor();
      await expectAccessible(alice);
      await alice.page.getByRole("form", { name: "Make a recovery key" }).getByLabel("Your password").fill(password);
      await alice.button("Make a recovery key").click();
      await alice.button("I have written them down").waitFor();
      await expectAccessible(alice);
      await alice.page.keyboard.press("Escape");
    });

    it("is nothing in a group and its details, and while offline", async () => {
      await alice.createGroup("Team", ["bob", "nobody-yet"]);
      await alice.page.getByRole("heading", { name: "2 members" }).waitFor();
      await alice.goOffline();
      await alice.page.getByText("You are offline.").waitFor();
      await expectAccessible(alice);
      await alice.comeBack();
    });

    it("is nothing where people unlock, link a device, and find another tab", async () => {
      await alice.page.reload();
      await alice.button("Unlock").waitFor();
      await expectAccessible(alice);
      const tab = await world.tab(alice);
      await tab.button("Use it here").waitFor();
      await expectAccessible(tab);
      const tablet = await world.visitor("bob", looked);
      await tablet.logIn();
      await tablet.page.getByText("Waiting for your other device").waitFor();
      await expectAccessible(tablet);
      await tablet.button("I have no other device").click();
      await tablet.button("Use recovery key").waitFor();
      await expectAccessible(tablet);
    });
  });
}
