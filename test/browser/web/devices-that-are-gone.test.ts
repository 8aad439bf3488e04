import { expect } from "chai";
import { linkedDevice, removeOther } from "../../support/browser/linked-device.ts";
import { password, WebWorld, type Person } from "../../support/browser/web-world.ts";

describe("devices that are gone, in the web client", () => {
  let world: WebWorld;
  let alice: Person;
  let bob: Person;
  let tablet: Person;

  before(async () => {
    world = await WebWorld.start();
    alice = await world.person("alice");
    bob = await world.person("bob");
    await alice.startConversation("bob");
    await alice.write("said on the first device");
    await bob.openConversation("alice");
    await bob.write("an answer to the first device");
    await alice.sees("an answer to the first device");
    tablet = await linkedDevice(world, alice);
    await tablet.openConversation("bob");
    await tablet.sees("an answer to the first device");
  });
  after(() => world.close());

  it("say so when they were removed on another one, and get nothing more", async () => {
    await alice.button("Settings").click();
    await removeOther(alice);
    await tablet.page
      .getByText("The service does not let this device in: This device was removed from your account.")
      .waitFor();
    await alice.button(/^Remove /).waitFor({ state: "detached" });
    await alice.page.keyboard.press("Escape");
    await bob.write("not for the tablet");
    await alice.sees("not for the tablet");
    await tablet.write("from a device that is gone");
    await tablet.reaches("from a device that is gone", "queued");
    expect(await tablet.message("not for the tablet").count()).to.equal(0);
    expect(await bob.message("from a device that is gone").count()).to.equal(0);
  });

  it("say it again after a reload, and still show what they have", async () => {
    await tablet.page.reload();
    await tablet.unlock();
    await tablet.page.getByText("This device was removed from your account.").waitFor();
    await tablet.openConversation("bob");
    await tablet.sees("said on the first device");
    await tablet.context.close();
  });

  it("are replaced by one that knows the words of the recovery key, and all that was said is there", async () => {
    await alice.button("Settings").click();
    await alice.page.getByRole("form", { name: "Make a recovery key" }).getByLabel("Your password").fill(password);
    await alice.button("Make a recovery key").click();
    const words = (await alice.page.locator("output.code-words").textContent())!;
    await alice.button("I have written them down").click();
    await alice.page.keyboard.press("Escape");
    const anew = await world.visitor("alice");
    await anew.logIn();
    await anew.button("I have no other device").click();
    await anew.page.getByLabel("Recovery key").fill(words);
    await anew.button("Use recovery key").click();
    await anew.isIn();
    await alice.page.getByText("This device was removed from your account.").waitFor();
    await anew.openConversation("bob");
    await anew.sees("said on the first device");
    await anew.sees("an answer to the first device");
    await anew.write("from the restored device");
    await bob.sees("from the restored device");
    await bob.write("to the restored device");
    await anew.sees("to the restored device");
    expect(await bob.page.getByText("safety number has changed").count()).to.equal(0);
    expect(anew.faults).to.deep.equal([]);
  });
});
