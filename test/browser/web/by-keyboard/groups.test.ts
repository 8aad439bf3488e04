import { expect } from "chai";
import { Keyboard } from "../../../support/browser/keyboard.ts";
import { WebWorld, type Person } from "../../../support/browser/web-world.ts";

describe("groups in the web client, by keyboard alone", () => {
  let world: WebWorld;
  let alice: Person;
  let bob: Person;
  let carol: Person;
  let keys: Keyboard;
  const details = () => alice.page.getByRole("complementary", { name: "Details" });
  const dialog = () => alice.page.getByRole("dialog");

  before(async () => {
    world = await WebWorld.start();
    alice = await world.person("alice");
    bob = await world.person("bob");
    carol = await world.person("carol");
    keys = new Keyboard(alice.page);
  });
  after(() => world.close());

  it("are formed", async () => {
    await keys.activate(alice.button("New group").first());
    await keys.finds(alice.page.getByLabel("Name of the group"));
    await keys.type("Team");
    await keys.fill(alice.page.getByLabel("Members"), "bob");
    await keys.activate(alice.button("Create group"));
    await keys.finds(alice.page.getByRole("textbox", { name: "Message to Team" }));
    await bob.openConversation("Team");
  });

  it("have details, which Escape closes", async () => {
    await keys.activate(alice.button("Details"), { back: true });
    await keys.finds(details());
    await keys.press("Tab");
    await keys.press("Escape");
    await details().waitFor({ state: "detached" });
    await keys.finds(alice.button("Details"));
    await keys.press("Enter");
    await keys.finds(details());
  });

  it("get somebody new, and another name", async () => {
    await keys.fill(alice.page.getByLabel("Add a person"), "carol");
    await keys.press("Enter");
    await details().getByRole("heading", { name: "3 members" }).waitFor();
    await keys.finds(alice.page.getByLabel("Add a person"));
    await keys.fill(details().getByLabel("Name", { exact: true }), "Crew");
    await keys.activate(details().getByRole("button", { name: "Save" }));
    await details().getByRole("heading", { name: "Crew" }).waitFor();
    await keys.finds(details());
    await carol.openConversation("Crew");
  });

  it("give a role", async () => {
    await keys.activate(alice.button("Make bob an admin"));
    await keys.finds(alice.button("Take the admin role from bob"));
    await details().getByText("Admin", { exact: true }).waitFor();
  });

  it("have messages disappear", async () => {
    await keys.tabTo(details().getByRole("combobox", { name: "Disappearing messages" }));
    await keys.press("ArrowDown");
    await keys.finds(details().getByRole("combobox", { name: "Disappearing messages" }));
    await alice.page.getByRole("log").getByText("Messages disappear").waitFor();
  });

  it("lose somebody, while the focus stays in the details", async () => {
    await keys.activate(alice.button("Remove carol"));
    await details().getByRole("heading", { name: "2 members" }).waitFor();
    await keys.finds(details());
    await carol.page.getByText("You were removed from this group.").waitFor();
  });

  it("are not left by Escape", async () => {
    await keys.activate(alice.button("Take the admin role from bob"));
    await keys.finds(alice.button("Make bob an admin"));
    await keys.activate(alice.button("Leave group"));
    await dialog().waitFor();
    await keys.press("Escape");
    await dialog().waitFor({ state: "detached" });
    await keys.finds(alice.button("Leave group"));
  });

  it("are left", async () => {
    const detailsOfBob = bob.page.getByRole("complementary", { name: "Details" });
    await bob.button("Details").click();
    const bobsKeys = new Keyboard(bob.page);
    await bobsKeys.activate(detailsOfBob.getByRole("button", { name: "Leave group" }));
    await bobsKeys.activate(bob.page.getByRole("dialog").getByRole("button", { name: "Leave group" }));
    await bob.page.getByText("You have left this group.").waitFor();
    await bobsKeys.finds(detailsOfBob);
    await details().getByRole("heading", { name: "1 member", exact: true }).waitFor();
  });

  it("meet no fault in page or worker", () => {
    for (const { user, faults } of [alice, bob, carol]) expect(faults, user).to.deep.equal([]);
  });
});
