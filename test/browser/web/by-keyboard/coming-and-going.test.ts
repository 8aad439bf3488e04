import { expect } from "chai";
import { Keyboard } from "../../../support/browser/keyboard.ts";
import { password, WebWorld, type Person } from "../../../support/browser/web-world.ts";

describe("coming and going in the web client, by keyboard alone", () => {
  let world: WebWorld;
  let alice: Person;
  let keys: Keyboard;
  const dialog = () => alice.page.getByRole("dialog");

  before(async () => {
    world = await WebWorld.start();
    alice = await world.person("alice");
    keys = new Keyboard(alice.page);
  });
  after(() => world.close());

  it("locks, and unlocks: a wrong password keeps the focus where it is typed again", async () => {
    await keys.activate(alice.button("Settings"));
    await keys.activate(alice.button("Lock"));
    const field = alice.page.getByLabel("Password");
    await keys.finds(field);
    await keys.type("a wrong password");
    await keys.press("Enter");
    await alice.page.getByText("This password does not open what is stored in this browser.").waitFor();
    await keys.finds(field);
    await keys.fill(field, password);
    await keys.activate(alice.button("Unlock"));
    await alice.isIn();
    await keys.finds(alice.page.getByRole("navigation"));
  });

  it("is taken over by another tab, and taken back", async () => {
    const second = await world.tab(alice);
    const there = new Keyboard(second.page);
    await there.activate(second.button("Use it here"));
    await there.finds(second.page.getByLabel("Password"));
    await there.type(password);
    await there.press("Enter");
    await second.isIn();
    await alice.page.bringToFront();
    await keys.finds(alice.page.getByRole("main"));
    await keys.activate(alice.button("Use it here"));
    await keys.finds(alice.page.getByLabel("Password"));
    await keys.type(password);
    await keys.press("Enter");
    await alice.isIn();
    await second.page.close();
  });

  it("logs out, and asks before it deletes", async () => {
    await keys.activate(alice.button("Settings"));
    await keys.activate(alice.button("Log out and delete"));
    await dialog().getByText("Deletes your messages and keys from this browser.").waitFor();
    await keys.press("Escape");
    await dialog().waitFor({ state: "detached" });
    await keys.finds(alice.button("Settings"));
    await keys.press("Enter");
    await keys.activate(alice.button("Log out and delete"));
    await keys.activate(alice.button("Delete everything here"));
    await keys.finds(alice.page.getByLabel("Name", { exact: true }));
  });

  it("chooses another account", async () => {
    await keys.type("alice");
    await keys.fill(alice.page.getByLabel("Password"), password);
    await keys.press("Enter");
    await alice.page.getByText("Waiting for your other device").waitFor();
    await alice.page.reload();
    await keys.activate(alice.button("Use another account"));
    await keys.finds(alice.page.getByLabel("Name", { exact: true }));
  });

  it("meets no fault in page or worker", () => expect(alice.faults).to.deep.equal([]));
});
