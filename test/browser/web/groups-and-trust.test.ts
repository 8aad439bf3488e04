import { expect } from "chai";
import { password, WebWorld, type Person } from "../../support/browser/web-world.ts";

describe("groups, devices and trust in the web client", () => {
  let world: WebWorld;
  let alice: Person;
  let bob: Person;
  let carol: Person;

  before(async () => {
    world = await WebWorld.start();
    alice = await world.person("alice");
    bob = await world.person("bob");
    carol = await world.person("carol");
  });
  after(() => world.close());

  it("are formed by name, and say who has got a message, and who has read it", async () => {
    await alice.createGroup("Team", ["bob", "carol"]);
    await bob.openConversation("Team");
    await carol.page.getByRole("link", { name: /Team/ }).waitFor();
    await alice.write("hello team");
    await bob.sees("hello team");
    await alice.message("hello team").getByText("Read by 1 of 2").waitFor({ state: "attached" });
    await carol.openConversation("Team");
    await alice.reaches("hello team", "read");
    await alice.choose("hello team", "Who has it");
    const list = alice.page.getByRole("dialog").getByRole("listitem");
    await list.filter({ hasText: "bob" }).getByText(/^Read/).waitFor();
    await list.filter({ hasText: "carol" }).getByText(/^Read/).waitFor();
    await alice.page.keyboard.press("Escape");
  });

  it("show how many have a message while one is away", async () => {
    await carol.goOffline();
    await carol.page.getByText("You are offline.").waitFor();
    await alice.write("carol is away");
    await alice
      .message("carol is away")
      .getByText(/1 of 2/)
      .first()
      .waitFor({ state: "attached" });
    await carol.comeBack();
    await carol.sees("carol is away");
    await alice.reaches("carol is away", "read");
  });

  it("change: a new name, a role, one less", async () => {
    await alice.button("Details").click();
    const details = alice.page.getByRole("complementary", { name: "Details" });
    await details.getByLabel("Name").fill("Crew");
    await details.getByRole("button", { name: "Save" }).click();
    await bob.page.getByRole("heading", { name: "Crew" }).first().waitFor();
    await details.getByRole("button", { name: "Make bob an admin" }).click();
    await bob.button("Details").click();
    await bob.page.getByRole("button", { name: "Remove carol" }).click();
    await carol.page.getByText("You were removed from this group.").waitFor();
    await details.getByRole("heading", { name: "2 members" }).waitFor();
  });

  it("has a safety number that is the same on both sides, and is remembered as compared", async () => {
    const numberOf = async (person: Person, other: string): Promise<string[]> => {
      await person.startConversation(other);
      const verify = person.page.getByRole("button", { name: "Verify", exact: true });
      if ((await verify.count()) === 0) await person.button("Details").click();
      await verify.click();
      const groups = person.page.getByRole("dialog").getByRole("list", { name: "Verify" }).getByRole("listitem");
      await groups.nth(11).waitFor();
      return groups.allTextContents();
    };
    const ofAlice = await numberOf(alice, "bob");
    expect(ofAlice).to.have.length(12);
    expect(ofAlice.every((group) => /^\d{5}$/.test(group))).to.equal(true);
    expect(await numberOf(bob, "alice")).to.deep.equal(ofAlice);
    await alice.page.getByRole("img", { name: "Safety number as a QR code" }).waitFor();
    await alice.button("They are the same").click();
    await alice.page.getByText("You have compared these numbers.").waitFor();
    for (const { page } of [alice, bob]) await page.keyboard.press("Escape");
  });

  it("links a second device by a code, which then shows what was said before", async () => {
    await alice.write("before the second device");
    await alice.reaches("before the second device", "read");
    const tablet = await world.visitor("alice");
    await tablet.logIn();
    await tablet.page.getByRole("heading", { name: "Add this device" }).waitFor();
    const code = tablet.page.getByLabel("Code on the new device");
    await tablet.page.getByText("Waiting for your other device").waitFor();
    await alice.button("Settings").click();
    await alice.page.getByLabel("Code on the new device").fill((await code.textContent())!);
    const adding = alice.page.getByRole("form", { name: "Add a device" });
    await adding.getByLabel("Your password").fill("a wrong password");
    await adding.getByRole("button", { name: "Add" }).click();
    await adding.getByText("The name or the password is wrong.").waitFor();
    await adding.getByLabel("Your password").fill(password);
    await adding.getByRole("button", { name: "Add" }).click();
    const shownBy = async (person: Person): Promise<string> =>
      (await person.page.getByText(/Both devices show/).textContent())!.replace(/^.*show /, "");
    expect(await shownBy(tablet)).to.equal(await shownBy(alice));
    await tablet.button("Continue").click();
    await tablet.openConversation("bob");
    await tablet.sees("before the second device");
    await tablet.write("from the second device");
    await alice.page.keyboard.press("Escape");
    await alice.sees("from the second device");
    expect(tablet.faults).to.deep.equal([]);
  });

  it("makes a recovery key, shown once, that is asked back", async () => {
    await alice.button("Settings").click();
    await alice.page.getByRole("form", { name: "Make a recovery key" }).getByLabel("Your password").fill(password);
    await alice.button("Make a recovery key").click();
    const words = (await alice.page.locator("output.code-words").textContent())!;
    expect(words.split(" ")).to.have.length(16);
    await alice.button("I have written them down").click();
    expect(await alice.page.getByText(words).count()).to.equal(0);
    await alice.page.getByLabel("Type the words to check them").fill("wrong words");
    await alice.button("Check").click();
    await alice.page.getByText("These are not the words. Look again.").waitFor();
    await alice.page.getByLabel("Type the words to check them").fill(words);
    await alice.button("Check").click();
    await alice.page.getByText("have shown that you kept it").waitFor();
    await alice.page.keyboard.press("Escape");
  });

  it("blocks who is not wanted, and unblocks them again", async () => {
    await alice.startConversation("carol");
    await alice.button("Block").click();
    await alice.page.getByRole("dialog").getByRole("button", { name: "Block" }).click();
    await alice.page.getByText("You have blocked this person.").waitFor();
    await alice.button("Unblock").click();
    await alice.page.getByRole("textbox", { name: "Message to carol" }).waitFor();
  });

  it("meets no fault in page or worker", () => {
    for (const { user, faults } of [alice, bob, carol]) expect(faults, user).to.deep.equal([]);
  });
});
