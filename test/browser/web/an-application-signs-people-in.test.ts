import { expect } from "chai";
import type { Request } from "playwright-core";
import { tokenFor } from "../../support/gateway-node.ts";
import { password, WebWorld, type Person } from "../../support/browser/web-world.ts";

describe("the web client where an application signs people in", () => {
  let world: WebWorld;
  let alice: Person;
  let bob: Person;
  const posted: string[] = [];

  before(async () => {
    world = await WebWorld.start({ ACCOUNTS: "off" });
    alice = await world.visitor("alice");
    bob = await world.visitor("bob");
    alice.page.on("request", (request: Request) => posted.push(`${request.url()} ${request.postData() ?? ""}`));
  });
  after(() => world.close());

  /** As by a link of the application's. */
  const handOver = (person: Person, token: string): Promise<void> =>
    person.page.evaluate((given) => void (location.hash = `token=${given}`), token);
  async function begin(person: Person, token: string): Promise<void> {
    await person.page.goto("about:blank");
    await person.page.goto(`${person.link.url}/#token=${token}`);
    await person.page.getByRole("heading", { name: `Welcome, ${person.user}` }).waitFor();
    await person.page.getByLabel("Password for this browser").fill(password);
    await person.button("Begin").click();
    await person.isIn();
  }

  it("says what to do to who comes without a token", async () => {
    await alice.page.getByText("There are no accounts here").waitFor();
    expect(await alice.page.getByRole("textbox").count()).to.equal(0);
  });

  it("takes a token from the address, and leaves it neither there nor in what is stored", async () => {
    const token = await tokenFor("alice", 12);
    await begin(alice, token);
    await begin(bob, await tokenFor("bob"));
    expect(new URL(alice.page.url()).hash).to.equal("");
    const kept = await alice.page.evaluate(() => JSON.stringify([localStorage, sessionStorage, history.state]));
    expect(kept).to.not.include(token).and.to.not.include(password);
    await alice.startConversation("bob");
    await alice.write("hello from the application");
    await alice.reaches("hello from the application", "delivered");
  });

  it("says when a token has run out, and goes on with another one", async () => {
    const said = alice.page.getByText("the sign-in by your application is missing or has run out");
    await said.waitFor({ timeout: 30_000 });
    await alice.write("written without a token");
    await alice.reaches("written without a token", "queued");
    await handOver(alice, await tokenFor("alice"));
    await alice.reaches("written without a token", "delivered");
    await alice.page.getByText("the sign-in by your application").waitFor({ state: "detached" });
    expect(new URL(alice.page.url()).hash).to.not.include("token");
  });

  it("opens what is stored without a token, by the password of this browser, which goes nowhere", async () => {
    await alice.page.reload();
    await alice.page.getByRole("heading", { name: "Welcome back, alice" }).waitFor();
    await alice.page.getByLabel("Password for this browser").fill(password);
    await alice.button("Unlock").click();
    await alice.openConversation("bob");
    await alice.sees("hello from the application");
    await alice.page.getByText("the sign-in by your application is missing or has run out").waitFor();
    for (const one of posted) {
      expect(one).to.not.include(password);
      expect(one).to.not.include("token=");
    }
  });

  it("meets no fault in page or worker", () => {
    for (const { user, faults } of [alice, bob]) expect(faults, user).to.deep.equal([]);
  });
});
