import { expectAccessible } from "../../support/browser/axe.ts";
import { linkedDevice, removeOther, startedOver } from "../../support/browser/linked-device.ts";
import { WebWorld, type Person } from "../../support/browser/web-world.ts";

for (const colorScheme of ["light", "dark"] as const) {
  describe(`what axe finds where the web client does not go on, ${colorScheme}`, () => {
    let world: WebWorld;
    let alice: Person;
    let bob: Person;
    const looked = { colorScheme, reducedMotion: "reduce" } as const;

    before(async () => {
      world = await WebWorld.start();
      alice = await world.person("alice", looked);
      bob = await world.person("bob");
      await alice.startConversation("bob");
      await alice.write("hello bob");
      await alice.reaches("hello bob", "delivered");
    });
    after(() => world.close());

    it("is nothing where a person has another identity than before, and where it is looked at", async () => {
      bob = await startedOver(world, bob);
      await alice.button("Compare").waitFor();
      await expectAccessible(alice);
      await alice.button("Compare").click();
      await alice.page.getByRole("img", { name: "Safety number as a QR code" }).waitFor();
      await alice.page.getByRole("dialog").getByText("safety number has changed").waitFor();
      await expectAccessible(alice);
      await alice.page.keyboard.press("Escape");
    });

    it("is nothing where a device was removed", async () => {
      const tablet = await linkedDevice(world, alice, looked);
      await alice.button("Settings").click();
      await removeOther(alice, () => expectAccessible(alice));
      await tablet.page.getByText("The service does not let this device in").waitFor();
      await expectAccessible(tablet);
      await tablet.context.close();
    });

    it("is nothing where a password is wrong, and one may choose another account", async () => {
      await alice.page.reload();
      await alice.page.getByLabel("Password").fill("a wrong password");
      await alice.button("Unlock").click();
      await alice.page.getByText("This password does not open").waitFor();
      await expectAccessible(alice);
      await alice.unlock();
    });

    it("is nothing where the browser has cleared what was stored", async () => {
      const session = await alice.context.newCDPSession(alice.page);
      await session.send("Storage.clearDataForOrigin", { origin: alice.link.url, storageTypes: "indexeddb" });
      await alice.button("Start again").waitFor();
      await expectAccessible(alice);
      await alice.button("Start again").click();
      await alice.page.getByLabel("Password").fill("correct horse battery");
      await alice.button("Unlock").click();
      await alice.button("Delete what is stored here and start again").waitFor();
      await expectAccessible(alice);
      await alice.button("Delete what is stored here and start again").click();
      await alice.button("Log in").waitFor();
      await expectAccessible(alice);
    });

    it("is nothing where keys may not be kept, as the connection is not secure", async () => {
      const { page, link } = await world.visitor("carol", looked);
      await page.addInitScript(() => Object.defineProperty(globalThis, "isSecureContext", { value: false }));
      await page.goto(link.url);
      await page.getByText("Sotto needs a secure connection").waitFor();
      await expectAccessible({ page });
    });

    it("is nothing while it is not yet known what to show", async () => {
      const { page, link } = await world.visitor("dave", looked);
      await page.addInitScript(() => {
        navigator.locks.request = () => new Promise(() => undefined);
      });
      await page.goto(link.url);
      await page.getByRole("heading", { name: "Loading" }).waitFor();
      await expectAccessible({ page });
    });
  });
}
