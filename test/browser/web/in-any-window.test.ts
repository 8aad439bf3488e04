import { expect } from "chai";
import { expectAccessible } from "../../support/browser/axe.ts";
import { expectInPlace } from "../../support/browser/layout-faults.ts";
import { WebWorld, type Person } from "../../support/browser/web-world.ts";

const windows = [
  { name: "a narrow window", viewport: { width: 360, height: 700 }, dir: "ltr" },
  { name: "a narrow window, from right to left", viewport: { width: 360, height: 700 }, dir: "rtl" },
  { name: "a wide window, from right to left", viewport: { width: 1280, height: 800 }, dir: "rtl" },
] as const;
const long = "a-name-that-somebody-has-chosen-to-be-as-long-as-it-could-be-without-any-space";

for (const { name, viewport, dir } of windows) {
  describe(`the web client in ${name}`, () => {
    let world: WebWorld;
    let alice: Person;
    let bob: Person;
    const looked = { viewport, reducedMotion: "reduce" } as const;
    const isNarrow = viewport.width < 700;
    const looksRight = async (): Promise<void> => {
      await expectInPlace(alice);
      await expectAccessible(alice);
    };

    before(async () => {
      world = await WebWorld.start();
      bob = await world.person("bob");
      alice = await world.visitor("alice", looked);
      await alice.page.addInitScript((to) => {
        addEventListener("DOMContentLoaded", () => (document.documentElement.dir = to));
      }, dir);
      await alice.page.reload();
    });
    after(() => world.close());

    it("has everything in its place before there is anything", async () => {
      await looksRight();
      await alice.signUp();
      await looksRight();
    });

    it("has a conversation with all that can be in one", async () => {
      await alice.startConversation("bob");
      await alice.write("hello bob");
      await bob.openConversation("alice");
      await bob.write(`a long answer, ${"of many words ".repeat(20)}and of one: ${"x".repeat(200)}`);
      await alice.choose("a long answer", "React 👍");
      await alice.choose("a long answer", "Reply");
      await alice.write("שלום, and an answer to it");
      await bob.sees("an answer to it");
      const buffer = Buffer.from("notes");
      await alice.page
        .locator("input[type=file]")
        .setInputFiles({ name: `${long}.txt`, mimeType: "text/plain", buffer });
      await looksRight();
      await alice.write("the notes");
      await bob.sees("the notes");
      await looksRight();
    });

    it("has the options of a message within it", async () => {
      for (const text of ["hello bob", "the notes"]) {
        await alice.message(text).hover();
        await alice.message(text).getByRole("button", { name: "Message options" }).click();
        const menu = (await alice.page.getByRole("menu").boundingBox())!;
        expect(menu.x).to.be.at.least(0);
        expect(menu.x + menu.width).to.be.at.most(viewport.width);
        await alice.page.keyboard.press("Escape");
      }
    });

    it("has details and dialogs", async () => {
      await alice.button("Details").click();
      await looksRight();
      await alice.button("Verify").click();
      await alice.page.getByRole("img", { name: "Safety number as a QR code" }).waitFor();
      await looksRight();
      await alice.page.keyboard.press("Escape");
      await alice.page.getByRole("complementary").getByRole("button", { name: "Close" }).click();
      if (isNarrow) await alice.button("Back to conversations").click();
      await looksRight();
      await alice.goOffline();
      await alice.page.getByText("You are offline.").waitFor();
      await looksRight();
      await alice.comeBack();
      await alice.button("Settings").click();
      await alice.page.getByText("This device", { exact: true }).waitFor();
      await looksRight();
      await alice.page.keyboard.press("Escape");
    });

    it("has a group of a long name, and its details", async () => {
      await alice.createGroup(long, ["bob"]);
      await alice.button("Details").click();
      await looksRight();
      await alice.page.getByRole("complementary").getByRole("button", { name: "Close" }).click();
      if (isNarrow) await alice.button("Back to conversations").click();
      await looksRight();
    });

    if (!isNarrow) {
      it("begins at the right: the list is there, and one's own messages are at the left", async () => {
        await alice.openConversation("bob");
        const box = async (selector: string) => (await alice.page.locator(selector).first().boundingBox())!;
        expect((await box("nav")).x).to.be.greaterThan((await box("main")).x);
        const [row, title] = [await box(".row[aria-current]"), await box(".row[aria-current] .row-title")];
        expect(title.x + title.width / 2).to.be.greaterThan(row.x + row.width / 2);
        expect((await box(".message.own .bubble")).x).to.be.lessThan((await box(".message:not(.own) .bubble")).x);
      });
    }

    it("meets no fault in page or worker", () => expect(alice.faults).to.deep.equal([]));
  });
}
