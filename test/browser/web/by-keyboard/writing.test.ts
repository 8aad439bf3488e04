import { expect } from "chai";
import { eventually } from "../../../support/eventually.ts";
import { Keyboard } from "../../../support/browser/keyboard.ts";
import { password, WebWorld, type Person } from "../../../support/browser/web-world.ts";

describe("writing in the web client, by keyboard alone", () => {
  let world: WebWorld;
  let alice: Person;
  let bob: Person;
  let keys: Keyboard;
  const input = () => alice.page.getByRole("textbox", { name: "Message to bob" });
  const entry = (text: string) =>
    alice.page.locator("[data-entry]").filter({ has: alice.page.locator(".message-text", { hasText: text }) });
  const dialog = () => alice.page.getByRole("dialog");

  before(async () => {
    world = await WebWorld.start();
    bob = await world.person("bob");
    alice = await world.visitor("alice");
    keys = new Keyboard(alice.page);
  });
  after(() => world.close());

  /** From the composer to the newest entry, and its options. */
  const openOptions = async (text: string): Promise<void> => {
    await keys.tabTo(alice.page.getByRole("log"), { back: true });
    await keys.press("ArrowUp");
    for (let step = 0; step < 20 && (await entry(text).and(alice.page.locator(":focus")).count()) === 0; step++) {
      await keys.press("ArrowUp");
    }
    await keys.finds(entry(text));
    await keys.press("Enter");
    await alice.page.getByRole("menu").waitFor();
    await keys.seesFocus();
  };
  const choose = async (option: string): Promise<void> => {
    const item = alice.page.getByRole("menuitem", { name: option, exact: true });
    for (let step = 0; step < 20 && (await item.and(alice.page.locator(":focus")).count()) === 0; step++) {
      await keys.press("ArrowDown");
      await keys.seesFocus();
    }
    await keys.finds(item);
    await keys.press("Enter");
  };

  it("begins with an account", async () => {
    await keys.finds(alice.page.getByLabel("Name", { exact: true }));
    await keys.type("alice");
    await keys.press("Tab");
    await keys.type(password);
    await keys.activate(alice.button("Create account"));
    await alice.isIn();
    await keys.finds(alice.page.getByRole("navigation"));
  });

  it("goes on with a conversation, where the focus is on what is to be written", async () => {
    await keys.activate(alice.button("New conversation").first());
    await keys.finds(alice.page.getByLabel("Name of the person"));
    await keys.press("Escape");
    await dialog().waitFor({ state: "detached" });
    await keys.finds(alice.button("New conversation").first());
    await keys.press("Enter");
    await keys.finds(alice.page.getByLabel("Name of the person"));
    await keys.type("bob");
    await keys.press("Enter");
    await keys.finds(input());
    await keys.type("hello bob");
    await keys.press("Enter");
    await keys.finds(input());
    await bob.openConversation("alice");
    await bob.sees("hello bob");
  });

  it("chooses a conversation from the list", async () => {
    await bob.write("hello alice");
    await alice.sees("hello alice");
    const row = alice.page.getByRole("navigation").getByRole("link", { name: /bob/ });
    await keys.activate(row, { back: true });
    await keys.tabTo(input());
  });

  it("answers a message", async () => {
    await openOptions("hello alice");
    await choose("Reply");
    await keys.finds(input());
    await keys.type("an answer");
    await keys.press("Enter");
    await bob
      .message("an answer")
      .getByRole("button", { name: /hello alice/ })
      .waitFor();
  });

  it("begins an answer, and lets it be", async () => {
    await openOptions("hello alice");
    await choose("Reply");
    await keys.finds(input());
    await alice.page.getByText("Reply to bob").waitFor();
    await keys.press("Escape");
    await alice.page.getByText("Reply to bob").waitFor({ state: "detached" });
    await keys.finds(input());
  });

  it("reacts, and takes it back at the reaction itself", async () => {
    await openOptions("hello alice");
    await choose("React 🎉");
    await keys.finds(entry("hello alice"));
    await bob.message("hello alice").getByRole("button", { name: "🎉 from alice" }).waitFor();
    await keys.activate(alice.button("🎉 from alice"));
    await bob.button("🎉 from alice").waitFor({ state: "detached" });
    await alice.button("🎉 from alice").waitFor({ state: "detached" });
    await keys.finds(entry("hello alice"));
    await keys.tabTo(input());
  });

  it("edits by the options, and what was said last by an arrow up", async () => {
    await openOptions("an answer");
    await choose("Edit");
    await keys.finds(input());
    await keys.press("Control+a");
    await keys.type("a better answer");
    await keys.press("Enter");
    await bob.message("a better answer").getByText("edited").waitFor();
    await keys.press("ArrowUp");
    await alice.page.getByText("Edit message").waitFor();
    await eventually(async () => expect(await input().inputValue()).to.equal("a better answer"));
    await keys.press("End");
    await keys.type(" still");
    await keys.press("Enter");
    await bob.sees("a better answer still");
    await keys.finds(input());
  });

  it("closes the options by Escape, and is where it was", async () => {
    await openOptions("a better answer still");
    await keys.press("Escape");
    await alice.page.getByRole("menu").waitFor({ state: "detached" });
    await keys.finds(entry("a better answer still"));
    await keys.press("Escape");
    await keys.finds(alice.page.getByRole("log"));
  });

  it("sees who has a message, and is back at it", async () => {
    await openOptions("a better answer still");
    await choose("Who has it");
    await dialog().getByText(/^Read/).waitFor();
    await keys.press("Escape");
    await dialog().waitFor({ state: "detached" });
    await keys.finds(entry("a better answer still"));
    await keys.tabTo(input());
  });

  it("takes a message back", async () => {
    await keys.type("a slip");
    await keys.press("Enter");
    await bob.sees("a slip");
    await openOptions("a slip");
    await choose("Delete for everybody");
    await bob.sees("This message was deleted");
    await keys.finds(entry("This message was deleted"));
    await keys.tabTo(input());
  });

  it("sends a file, and saves it", async () => {
    const chooser = alice.page.waitForEvent("filechooser");
    await keys.activate(alice.button("Attach files"), { back: true });
    await (await chooser).setFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("a") });
    await keys.finds(input());
    await keys.activate(alice.button("Remove a.txt"), { back: true });
    await alice.button("Remove a.txt").waitFor({ state: "detached" });
    const again = alice.page.waitForEvent("filechooser");
    await keys.activate(alice.button("Attach files"));
    await (await again).setFiles({ name: "b.txt", mimeType: "text/plain", buffer: Buffer.from("b") });
    await keys.finds(input());
    await keys.press("Enter");
    await bob.button(/^Save b.txt/).waitFor();
    const saved = alice.page.waitForEvent("download");
    await keys.activate(alice.button(/^Save b.txt/), { back: true });
    expect((await saved).suggestedFilename()).to.equal("b.txt");
    await keys.finds(alice.button(/^Save b.txt/));
  });

  it("meets no fault in page or worker", () => expect(alice.faults).to.deep.equal([]));
});
