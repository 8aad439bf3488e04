import { expect } from "chai";
import { WebWorld, type Person } from "../../support/browser/web-world.ts";

describe("how long messages stay, in the web client", () => {
  let world: WebWorld;
  let alice: Person;
  let bob: Person;
  const details = ({ page }: Person) => page.getByRole("complementary", { name: "Details" });

  before(async () => {
    world = await WebWorld.start();
    alice = await world.person("alice");
    bob = await world.person("bob");
    await alice.createGroup("Team", ["bob"]);
    await bob.openConversation("Team");
    await bob.button("Details").click();
    await alice.button("Details").click();
  });
  after(() => world.close());

  it("is seen by everybody, and said by admins alone", async () => {
    await details(bob).getByText("Messages are kept as long as this service keeps them.").waitFor();
    await details(bob).getByText("Messages do not disappear once they are read.").waitFor();
    await details(alice).getByLabel("Disappearing messages").waitFor();
    expect(await details(bob).getByRole("combobox").count()).to.equal(0);
  });

  it("is told in the log when it changes, and stands in the details and over the messages", async () => {
    await alice.write("said before");
    await bob.sees("said before");
    await alice.reaches("said before", "read");
    await details(alice).getByLabel("Disappearing messages").selectOption({ label: "1 day after they are read" });
    const words = "Messages disappear 1 day after they are read";
    for (const { page } of [alice, bob]) await page.getByRole("log").getByText(`${words}.`).waitFor();
    await details(bob).getByText(`${words}.`).waitFor();
    await bob.page.getByRole("main").getByText("2 members · disappear 1 day after reading").waitFor();
    await bob.write("said after");
    await alice.sees("said after");
    const log = (await alice.page.getByRole("log").textContent())!;
    expect(log).to.match(/said before.*Messages disappear 1 day.*said after/);
  });

  it("shows on a message that is to disappear for how long it stays", async () => {
    await alice.message("said after").getByText("Disappears 1 day after it is read").waitFor({ state: "attached" });
    await alice.message("said after").getByText("1d", { exact: true }).waitFor();
    expect(await alice.message("said before").getByText("Disappears").count()).to.equal(0);
  });

  it("is shortened only by who has read that older messages are deleted", async () => {
    const kept = details(alice).getByLabel("Messages are kept");
    await kept.selectOption({ label: "30 days" });
    const dialog = alice.page.getByRole("dialog", { name: "Delete older messages" });
    await dialog.getByText("What was said more than 30 days ago is deleted from all devices").waitFor();
    await alice.page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect(await kept.inputValue()).to.equal("");
    await kept.selectOption({ label: "30 days" });
    await dialog.getByRole("button", { name: "Delete older messages" }).click();
    await details(bob).getByText("Messages are kept 30 days here.").waitFor();
    await bob.page.getByRole("log").getByText("Messages are kept 30 days here.").waitFor();
    await alice.page.locator("select").filter({ hasText: "90 days" }).selectOption({ label: "90 days" });
    await details(bob).getByText("Messages are kept 90 days here.").waitFor();
  });

  it("meets no fault in page or worker", () => {
    for (const { user, faults } of [alice, bob]) expect(faults, user).to.deep.equal([]);
  });
});
