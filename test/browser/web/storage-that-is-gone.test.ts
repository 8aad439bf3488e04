import { expect } from "chai";
import { WebWorld, type Person } from "../../support/browser/web-world.ts";

describe("the web client, when its browser has cleared what it stored", () => {
  let world: WebWorld;
  let alice: Person;

  before(async () => {
    world = await WebWorld.start();
    alice = await world.person("alice");
  });
  after(() => world.close());

  const clear = async (): Promise<void> => {
    const session = await alice.context.newCDPSession(alice.page);
    await session.send("Storage.clearDataForOrigin", { origin: alice.link.url, storageTypes: "indexeddb" });
  };

  it("stops while it is open, and says why", async () => {
    await clear();
    await alice.page.getByText("This browser has deleted what Sotto had stored here.").waitFor();
  });

  it("says so again when it is to be unlocked, instead of beginning anew in silence, and offers to", async () => {
    await alice.page.reload();
    await alice.page.getByLabel("Password").fill("correct horse battery");
    await alice.button("Unlock").click();
    await alice.page.getByText("This browser has deleted what Sotto had stored here.").waitFor();
    await alice.button("Delete what is stored here and start again").click();
    await alice.logInAgain();
    await alice.page.getByRole("heading", { name: "Add this device" }).waitFor();
  });

  it("lets who has neither another device nor a recovery key start over", async () => {
    await alice.button("I have no other device").click();
    await alice.page.getByText("Start over without it").click();
    await alice.button("Start over").click();
    await alice.isIn();
    expect(alice.faults).to.deep.equal([]);
  });
});
