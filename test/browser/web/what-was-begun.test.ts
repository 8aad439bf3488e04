import { expect } from "chai";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { KeptChromium } from "../../support/browser/chromium.ts";
import { WebWorld, type Person } from "../../support/browser/web-world.ts";

/** Words that no browser has of its own. */
const begun = "zwetschgenknoedel um mitternacht";

describe("what was begun in the web client and not sent", () => {
  let world: WebWorld;
  let kept: KeptChromium;
  let alice: Person;

  before(async () => {
    world = await WebWorld.start();
    kept = await KeptChromium.start();
    alice = await world.visitorIn(kept.context, "alice-of-the-drafts");
    await alice.signUp();
    await alice.startConversation("bob");
  });
  after(async () => {
    await kept.close();
    await world.close();
  });

  const input = () => alice.page.getByRole("textbox", { name: "Message to bob" });
  /** The worker stores one thing after another: what was typed before this message is stored when it is. */
  async function writeElsewhere(text: string): Promise<void> {
    await alice.startConversation("carol");
    await alice.write(text);
    await alice.reaches(text, "queued");
  }

  it("is there after a lock, and shows in the list", async () => {
    await input().fill(begun);
    await alice.button("Settings").click();
    await alice.button("Lock").click();
    await alice.unlock();
    expect(await input().inputValue()).to.equal(begun);
  });

  it("is there after a reload", async () => {
    await input().fill(`${begun}, with plums`);
    await writeElsewhere("a word to carol");
    await alice.page.reload();
    await alice.unlock();
    await alice.page.getByRole("link", { name: /bob/ }).getByText(`${begun}, with plums`).waitFor();
    await alice.openConversation("bob");
    expect(await input().inputValue()).to.equal(`${begun}, with plums`);
  });

  it("is nowhere on the disk in words, while the name of who was in is", async () => {
    await writeElsewhere("another word to carol");
    let disk: Buffer[] = [];
    await kept.startAgain(async () => {
      disk = await filesIn(kept.profile);
    });
    expect(disk.some((bytes) => includes(bytes, "alice-of-the-drafts"))).to.equal(true);
    for (const words of [begun, "zwetschgenknoedel", "a word to carol"]) {
      expect(
        disk.some((bytes) => includes(bytes, words)),
        words,
      ).to.equal(false);
    }
  });

  it("is there when the browser is started again, and gone once it is sent", async () => {
    alice = await world.returning(kept.context, alice);
    await alice.unlock();
    await alice.openConversation("bob");
    expect(await input().inputValue()).to.equal(`${begun}, with plums`);
    await input().press("Enter");
    await alice.reaches(begun, "queued");
    await writeElsewhere("a last word to carol");
    await alice.page.reload();
    await alice.unlock();
    await alice.openConversation("bob");
    expect(await input().inputValue()).to.equal("");
    expect(alice.faults).to.deep.equal([]);
  });
});

async function filesIn(folder: string): Promise<Buffer[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map((file) => readFile(file)));
}

/** As browsers write text: one byte for each character, or two. */
const includes = (bytes: Buffer, words: string): boolean =>
  bytes.includes(words) || bytes.includes(words, 0, "utf16le");
