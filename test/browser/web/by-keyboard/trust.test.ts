import { expect } from "chai";
import { Keyboard } from "../../../support/browser/keyboard.ts";
import { WebWorld, type Person } from "../../../support/browser/web-world.ts";

describe("whom one trusts in the web client, by keyboard alone", () => {
  let world: WebWorld;
  let alice: Person;
  let keys: Keyboard;
  const details = () => alice.page.getByRole("complementary", { name: "Details" });
  const dialog = () => alice.page.getByRole("dialog");

  before(async () => {
    world = await WebWorld.start();
    alice = await world.person("alice");
    await world.person("bob");
    keys = new Keyboard(alice.page);
    await alice.startConversation("bob");
    await alice.write("hello bob");
    await alice.reaches("hello bob", "delivered");
    await keys.activate(alice.button("Details"), { back: true });
  });
  after(() => world.close());

  it("is compared and confirmed", async () => {
    await keys.activate(alice.button("Verify"));
    await dialog().getByRole("img", { name: "Safety number as a QR code" }).waitFor();
    await keys.seesFocus();
    await keys.press("Escape");
    await dialog().waitFor({ state: "detached" });
    await keys.finds(alice.button("Verify"));
    await keys.press("Enter");
    await keys.activate(alice.button("They are the same"));
    await dialog().getByText("You have compared these numbers.").waitFor();
    await keys.finds(dialog());
    await keys.activate(dialog().getByRole("button", { name: "Close" }));
    await dialog().waitFor({ state: "detached" });
    await keys.finds(alice.button("Verify"));
  });

  it("is blocked, which is asked first, and unblocked", async () => {
    await keys.activate(alice.button("Block"));
    await dialog().waitFor();
    await keys.activate(dialog().getByRole("button", { name: "Cancel" }));
    await dialog().waitFor({ state: "detached" });
    await keys.finds(alice.button("Block"));
    await keys.press("Enter");
    await keys.activate(dialog().getByRole("button", { name: "Block" }));
    await alice.page.getByText("You have blocked this person.").waitFor();
    await keys.finds(alice.button("Unblock"));
    await keys.press("Enter");
    await keys.finds(alice.button("Block"));
    await alice.page.getByRole("textbox", { name: "Message to bob" }).waitFor();
  });

  it("is unblocked in the settings, too", async () => {
    await keys.press("Enter");
    await keys.activate(dialog().getByRole("button", { name: "Block" }));
    await details().getByRole("button", { name: "Unblock" }).waitFor();
    await keys.activate(alice.button("Settings"), { back: true });
    await dialog().getByText("This device", { exact: true }).waitFor();
    await keys.activate(dialog().getByRole("button", { name: "Unblock" }));
    await dialog().getByText("Nobody").waitFor();
    await keys.finds(dialog());
  });

  it("sees no more than one wants: privacy", async () => {
    const receipts = dialog().getByRole("checkbox", { name: "Others see when you have read their messages" });
    await keys.tabTo(receipts);
    await keys.press("Space");
    await keys.finds(receipts);
    expect(await receipts.isChecked()).to.equal(false);
    await keys.press("Escape");
    await dialog().waitFor({ state: "detached" });
    await keys.finds(alice.button("Settings"));
    await keys.press("Enter");
    await keys.tabTo(receipts);
    expect(await receipts.isChecked()).to.equal(false);
    await keys.press("Escape");
  });

  it("meets no fault in page or worker", () => expect(alice.faults).to.deep.equal([]));
});
