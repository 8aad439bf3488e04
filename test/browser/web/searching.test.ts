import { expect } from "chai";
import { eventually } from "../../support/eventually.ts";
import { WebWorld, type Person } from "../../support/browser/web-world.ts";

describe("searching in the web client", () => {
  let world: WebWorld;
  let alice: Person;
  let bob: Person;
  const field = () => alice.page.getByRole("searchbox", { name: "Search messages and conversations" });
  const hits = () => alice.page.getByRole("list", { name: "Messages" }).getByRole("link");

  before(async () => {
    world = await WebWorld.start();
    alice = await world.person("alice");
    bob = await world.person("bob");
    await alice.startConversation("bob");
    await alice.write("meet me at the Café Central, by the needle");
    await alice.reaches("meet me at the Café", "delivered");
    await bob.openConversation("alice");
    for (let number = 1; number <= 140; number++) await bob.write(`line ${number} of many`);
    await alice.sees("line 140 of many");
    await alice.createGroup("Needlework", ["bob"]);
    await alice.write("a cafeteria is no cafe");
    await alice.reaches("a cafeteria", "delivered");
    // What this page has read already is not what is looked at.
    await alice.page.reload();
    await alice.unlock();
  });
  after(() => world.close());

  it("finds messages of all conversations by how their words begin, and marks those", async () => {
    await field().fill("CAFE");
    await alice.page.getByText("2 messages found in what this device holds.").waitFor();
    expect(await hits().nth(0).textContent()).to.match(/Needlework.*You: .*a cafeteria is no cafe/);
    expect(await hits().nth(0).locator("mark").allTextContents()).to.deep.equal(["cafeteria", "cafe"]);
    expect(await hits().nth(1).locator("mark").allTextContents()).to.deep.equal(["Café"]);
  });

  it("finds conversations by their names beside them, and says where there is nothing", async () => {
    await field().fill("needle");
    await alice.page
      .getByRole("list", { name: "Conversations" })
      .getByRole("link", { name: /Needlework/ })
      .waitFor();
    await hits().filter({ hasText: "by the needle" }).waitFor();
    await field().fill("nothing of the kind");
    await alice.page.getByText("No message that this device holds has these words.").waitFor();
    expect(await hits().count()).to.equal(0);
  });

  it("opens a conversation at the message, which stands among what was said around it", async () => {
    await field().fill("central");
    await hits().click();
    const found = alice.page.locator("article.found");
    await found.getByText("Café Central").waitFor();
    expect(await alice.page.locator("[data-entry]:focus").textContent()).to.include("Café Central");
    await alice.message("line 20 of many").waitFor({ state: "attached" });
    expect(await alice.message("line 140 of many").count()).to.equal(0);
    const isSeen = await found.evaluate((element) => {
      const log = element.closest("[role=log]")!.getBoundingClientRect();
      const { top, bottom } = element.getBoundingClientRect();
      return top >= log.top && bottom <= log.bottom;
    });
    expect(isSeen).to.equal(true);
  });

  it("puts nothing behind it that does not follow, and reads on to the newest where somebody scrolls down", async () => {
    await bob.write("written meanwhile");
    await bob.reaches("written meanwhile", "delivered");
    await alice.page.locator("[data-announcer]").getByText("written meanwhile").waitFor({ state: "attached" });
    expect(await alice.message("written meanwhile").count()).to.equal(0);
    const log = alice.page.getByRole("log");
    await eventually(async () => {
      await log.evaluate((element) => element.scrollBy(0, 500));
      expect(await alice.message("written meanwhile").count()).to.equal(1);
    });
    const numbers = (await alice.page.getByRole("article").allTextContents())
      .map((text) => /line (\d+) of many/.exec(text)?.[1])
      .filter((number) => number !== undefined);
    expect(numbers.map(Number)).to.deep.equal(Array.from({ length: 140 }, (_, index) => index + 1));
  });

  it("leads back to the newest by one step", async () => {
    await field().fill("");
    await alice.openConversation("Needlework");
    await field().fill("central");
    await hits().click();
    await alice.page.locator("article.found").waitFor();
    expect(await alice.message("written meanwhile").count()).to.equal(0);
    await alice.button("Jump to the latest message").click();
    await alice.message("written meanwhile").waitFor();
    await alice.button("Jump to the latest message").waitFor({ state: "detached" });
    await hits().click();
    await alice.page.locator("article.found").waitFor();
    await alice.write("an answer from far above");
    await alice.sees("an answer from far above");
    await alice.message("written meanwhile").waitFor();
  });

  it("is done by keys alone", async () => {
    await field().focus();
    await field().fill("caf");
    await alice.page.getByText("2 messages found").waitFor();
    await alice.page.keyboard.press("ArrowDown");
    await alice.page.keyboard.press("ArrowDown");
    await alice.page.keyboard.press("ArrowUp");
    await alice.page.keyboard.press("Enter");
    await alice.page.getByRole("textbox", { name: "Message to Needlework" }).waitFor();
    await alice.page.locator("article.found:focus").getByText("a cafeteria").waitFor();
    await field().focus();
    await alice.page.keyboard.press("ArrowDown");
    await alice.page.keyboard.press("Escape");
    expect(await field().evaluate((element) => element === document.activeElement)).to.equal(true);
    await alice.page.keyboard.press("Escape");
    expect(await field().inputValue()).to.equal("");
    await alice.page.getByRole("link", { name: /bob/ }).waitFor();
  });

  it("stays within one conversation where it is begun there", async () => {
    await alice.button("Search in this conversation").click();
    const here = alice.page.getByRole("searchbox", { name: "Search messages with Needlework" });
    await here.fill("cafe");
    await alice.page.getByText("1 message found").waitFor();
    await hits().filter({ hasText: "a cafeteria" }).click();
    await alice.page.locator("article.found:focus").waitFor();
    await here.press("Escape");
    await here.waitFor({ state: "detached" });
    const opener = alice.button("Search in this conversation");
    expect(await opener.evaluate((element) => element === document.activeElement)).to.equal(true);
  });

  it("meets no fault in page or worker", () => {
    for (const { user, faults } of [alice, bob]) expect(faults, user).to.deep.equal([]);
  });
});
