import { expect } from "chai";
import type { Download, Locator } from "playwright-core";
import type { ExportRecord } from "../../../src/client/index.ts";
import { password, WebWorld, type Person } from "../../support/browser/web-world.ts";

async function recordsOf(download: Download): Promise<ExportRecord[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
  const lines = Buffer.concat(chunks).toString().split("\n");
  expect(lines.pop()).to.equal("");
  return lines.map((line) => JSON.parse(line) as ExportRecord);
}

describe("exporting one's messages from the web client", () => {
  let world: WebWorld;
  let alice: Person;
  let bob: Person;
  let form: Locator;

  before(async () => {
    world = await WebWorld.start();
    alice = await world.person("alice");
    bob = await world.person("bob");
    await bob.startConversation("alice");
    await bob.write("hello alice");
    await bob.page.locator("input[type=file]").setInputFiles({
      name: "notes.txt",
      mimeType: "text/plain",
      buffer: Buffer.from("the notes in full"),
    });
    await bob.write("the notes");
    await alice.openConversation("bob");
    await alice.sees("the notes");
    await alice.button("Settings").click();
    form = alice.page.getByRole("form", { name: "Export my messages" });
  });
  after(() => world.close());

  const begin = async (): Promise<void> => {
    await form.getByLabel("Your password").fill(password);
    await form.getByRole("button", { name: "Export my messages" }).click();
  };

  it("says before what the file holds, and that anybody can read it", async () => {
    await alice.page.getByText("The file is not encrypted. Whoever has it can read everything in it.").waitFor();
    await alice.page.getByText("One file with what you can read on this device").waitFor();
  });

  it("asks for the password again, and gives nothing for a wrong one", async () => {
    let isSaved = false;
    alice.page.once("download", () => (isSaved = true));
    await form.getByLabel("Your password").fill("a wrong password");
    await form.getByRole("button", { name: "Export my messages" }).click();
    await form.getByText("The name or the password is wrong.").waitFor();
    expect(isSaved).to.equal(false);
  });

  it("saves a file with every message, and no file's content where it was not asked for", async () => {
    const saving = alice.page.waitForEvent("download");
    await begin();
    const download = await saving;
    expect(download.suggestedFilename()).to.match(/^sotto-alice-\d{4}-\d\d-\d\d\.jsonl$/);
    const records = await recordsOf(download);
    expect(records[0]).to.include({ record: "export", format: "sotto-history/1", user: "alice" });
    const texts = records.flatMap((one) => (one.record === "message" ? [one.text] : []));
    expect(texts).to.deep.equal(["hello alice", "the notes"]);
    expect(records.some(({ record }) => record === "attachment")).to.equal(false);
    expect(records.at(-1)).to.deep.include({ record: "end", messages: 2, unreadable: 0 });
    await alice.page.getByText("2 messages were exported.").waitFor();
    expect(await form.getByLabel("Your password").inputValue()).to.equal("");
  });

  it("shows how far it is, and saves nothing once it is cancelled", async () => {
    const downloads: Download[] = [];
    alice.page.on("download", (download) => downloads.push(download));
    // Nobody answers.
    await alice.page.route("**/v1/blobs/**", () => undefined);
    await form.getByLabel("With the files that were sent").check();
    await begin();
    await alice.page.getByRole("progressbar", { name: "Export my messages" }).waitFor();
    await alice.page.getByText(/^\d messages? read\. Keep this window open\.$/).waitFor();
    await alice.button("Cancel").click();
    await form.waitFor();
    expect(await alice.page.getByText("exported").count()).to.equal(0);
    expect(downloads).to.deep.equal([]);
    await alice.page.unrouteAll({ behavior: "ignoreErrors" });
  });

  it("has what is in the files, too, where that is wanted", async () => {
    const saving = alice.page.waitForEvent("download");
    await form.getByLabel("With the files that were sent").check();
    await begin();
    const files = (await recordsOf(await saving)).flatMap((one) => (one.record === "attachment" ? [one.bytes] : []));
    expect(files.map((bytes) => Buffer.from(bytes, "base64").toString())).to.deep.equal(["the notes in full"]);
  });

  it("meets no fault in page or worker", () => {
    for (const { user, faults } of [alice, bob]) expect(faults, user).to.deep.equal([]);
  });
});
