import { expect } from "chai";
import { eventually } from "../../support/eventually.ts";
import { WebWorld, type Person } from "../../support/browser/web-world.ts";

describe("messages in the web client", () => {
  let world: WebWorld;
  let alice: Person;
  let bob: Person;

  before(async () => {
    world = await WebWorld.start();
    alice = await world.person("alice");
    bob = await world.person("bob");
    await alice.startConversation("bob");
    await alice.write("the frist message");
    await bob.openConversation("alice");
    await bob.sees("the frist message");
  });
  after(() => world.close());

  it("are edited, which both sides see", async () => {
    await alice.choose("the frist message", "Edit");
    const input = alice.page.getByRole("textbox", { name: "Message to bob" });
    await eventually(async () => expect(await input.inputValue()).to.equal("the frist message"));
    await input.fill("the first message");
    await input.press("Enter");
    await bob.message("the first message").getByText("edited").waitFor();
    await alice.message("the first message").getByText("edited").waitFor();
  });

  it("get reactions, which a second choice takes back", async () => {
    await bob.choose("the first message", "React 👍");
    const reaction = alice.message("the first message").getByRole("button", { name: "👍 from bob" });
    await reaction.waitFor();
    await bob.message("the first message").getByRole("button", { name: "👍 from bob" }).click();
    await reaction.waitFor({ state: "detached" });
  });

  it("are answered, and lead to what they answer", async () => {
    await bob.choose("the first message", "Reply");
    await bob.write("an answer");
    const quote = alice.message("an answer").getByRole("button", { name: /the first message/ });
    await quote.click();
    const focused = alice.page.locator("[data-entry]:focus");
    expect(await focused.textContent()).to.include("the first message");
  });

  it("say who has them, and when they were read", async () => {
    await alice.choose("the first message", "Who has it");
    await alice.page
      .getByRole("dialog")
      .getByText(/^Read /)
      .waitFor();
    await alice.page.keyboard.press("Escape");
    await alice.page.getByRole("dialog").waitFor({ state: "detached" });
  });

  it("are taken back, and say no more than that they were there", async () => {
    await alice.write("a slip");
    await bob.sees("a slip");
    await alice.choose("a slip", "Delete for everybody");
    await bob.sees("This message was deleted");
    expect(await bob.message("a slip").count()).to.equal(0);
  });

  it("are reached and changed by keys alone", async () => {
    await bob.write("react by keyboard");
    await alice.sees("react by keyboard");
    await alice.page.getByRole("log").focus();
    await alice.page.keyboard.press("ArrowUp");
    expect(await alice.page.locator("[data-entry]:focus").textContent()).to.include("react by keyboard");
    await alice.page.keyboard.press("Enter");
    await alice.page.getByRole("menu").waitFor();
    await alice.page.keyboard.press("ArrowRight");
    await alice.page.keyboard.press("Enter");
    await bob.message("react by keyboard").getByRole("button", { name: "❤️ from alice" }).waitFor();
    expect(await alice.page.locator("[data-entry]:focus").textContent()).to.include("react by keyboard");
  });

  it("are shown as text, whatever they say", async () => {
    const text = "<img src=x onerror=alert(1)> **bold** https://example.org";
    await alice.write(text);
    await bob.sees(text);
    expect(await bob.message(text).locator("img, a, b, strong").count()).to.equal(0);
  });

  it("are read in pages: scrolling up shows what was before, and does not move what is looked at", async () => {
    for (let number = 1; number <= 80; number++) await bob.write(`line ${number} of many`);
    await alice.sees("line 80 of many");
    await alice.page.reload();
    await alice.unlock();
    await alice.sees("line 80 of many");
    expect(await alice.message("line 12 of many").count()).to.equal(0);
    const log = alice.page.getByRole("log");
    const looked = alice.message("line 38 of many");
    await looked.scrollIntoViewIfNeeded();
    const top = () => looked.evaluate((element) => Math.round(element.getBoundingClientRect().top));
    const before = await top();
    await alice.message("line 12 of many").waitFor({ state: "attached" });
    expect(Math.abs((await top()) - before)).to.be.lessThan(3);
    await log.press("Home");
    await alice.button("Jump to the latest message").click();
    await alice.message("line 80 of many").waitFor();
    await alice.button("Jump to the latest message").waitFor({ state: "detached" });
  });

  it("meet no fault in page or worker", () => {
    expect(alice.faults).to.deep.equal([]);
    expect(bob.faults).to.deep.equal([]);
  });
});
