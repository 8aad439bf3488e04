import axe from "axe-core";
import { expect } from "chai";
import type { Page } from "playwright-core";
import { password, WebWorld, type Person } from "../../support/browser/web-world.ts";

/** What axe finds wrong with what is on the screen, a line each. */
async function violations({ page }: { page: Page }): Promise<string[]> {
  // By the debugger's own way in: the policy of the page lets no script of others run.
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { run } = (globalThis as unknown as { axe: typeof axe }).axe;
    return (await run(document, { resultTypes: ["violations"] })).violations;
  });
  return found.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`,
  );
}

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

    const clean = async (person: Person): Promise<void> => {
      expect(await violations(person)).to.deep.equal([]);
    };

    it("is nothing where people sign up, log in, and find no conversations yet", async () => {
      alice = await world.visitor("alice", looked);
      await alice.button("Create account").waitFor();
      await clean(alice);
      await alice.button("Log in").click();
      await clean(alice);
      await alice.button("Create account").click();
      await alice.signUp();
      await clean(alice);
    });

    it("is nothing in a conversation with all that can be in one", async () => {
      await alice.startConversation("bob");
      await clean(alice);
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
      await clean(alice);
      await alice.write("the notes");
      await bob.sees("the notes");
      await alice.message("hello bob").hover();
      await alice.message("hello bob").getByRole("button", { name: "Message options" }).click();
      await clean(alice);
      await alice.page.keyboard.press("Escape");
    });

    it("is nothing in dialogs and details", async () => {
      await alice.choose("hello bob", "Who has it");
      await alice.page.getByRole("dialog").getByText(/^Read/).waitFor();
      await clean(alice);
      await alice.page.keyboard.press("Escape");
      for (const name of ["New conversation", "New group"]) {
        await alice.button(name).click();
        await clean(alice);
        await alice.page.keyboard.press("Escape");
      }
      await alice.button("Details").click();
      await clean(alice);
      await alice.button("Verify").click();
      await alice.page.getByRole("img", { name: "Safety number as a QR code" }).waitFor();
      await clean(alice);
      await alice.page.keyboard.press("Escape");
      await alice.button("Settings").click();
      await alice.page.getByText("This device", { exact: true }).waitFor();
      await clean(alice);
      await alice.page.getByRole("form", { name: "Make a recovery key" }).getByLabel("Your password").fill(password);
      await alice.button("Make a recovery key").click();
      await alice.button("I have written them down").waitFor();
      await clean(alice);
      await alice.page.keyboard.press("Escape");
    });

    it("is nothing in a group and its details, and while offline", async () => {
      await alice.createGroup("Team", ["bob", "nobody-yet"]);
      await alice.page.getByRole("heading", { name: "2 members" }).waitFor();
      await alice.goOffline();
      await alice.page.getByText("You are offline.").waitFor();
      await clean(alice);
      await alice.comeBack();
    });

    it("is nothing where people unlock, link a device, and find another tab", async () => {
      await alice.page.reload();
      await alice.button("Unlock").waitFor();
      await clean(alice);
      const tab = await world.tab(alice);
      await tab.button("Use it here").waitFor();
      await clean(tab);
      const tablet = await world.visitor("bob", looked);
      await tablet.logIn();
      await tablet.page.getByText("Waiting for your other device").waitFor();
      await clean(tablet);
      await tablet.button("I have no other device").click();
      await tablet.button("Use recovery key").waitFor();
      await clean(tablet);
    });
  });
}
