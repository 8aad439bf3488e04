import { expect } from "chai";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeWholeFile } from "../../src/cli/whole-file.ts";
import { WrongUse } from "../../src/cli/wrong-use.ts";
import { tempFolder } from "../support/temp-folder.ts";

describe("a file that is written as a whole", () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  beforeEach(async () => {
    folder = await tempFolder();
  });
  afterEach(() => folder.remove());

  it("is there when all is in it, for its owner alone, and not before", async () => {
    const path = join(folder.path, "all.json");
    const answer = await writeWholeFile(path, async (file) => {
      await file.write("one ");
      expect(await readdir(folder.path))
        .to.have.length(1)
        .and.not.include("all.json");
      await file.write("two");
      return 2;
    });
    expect(answer).to.equal(2);
    expect(await readFile(path, "utf8")).to.equal("one two");
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readdir(folder.path)).to.deep.equal(["all.json"]);
  });

  it("leaves nothing where writing fails, and says why it did", async () => {
    const full = new Error("the disk is full");
    const failed = await writeWholeFile(join(folder.path, "half.json"), async (file) => {
      await file.write("half");
      throw full;
    }).catch((error: unknown) => error);
    expect(failed).to.equal(full);
    expect(await readdir(folder.path)).to.deep.equal([]);
  });

  it("takes the place of no other, and tells of a folder that is not there", async () => {
    const path = join(folder.path, "mine.txt");
    await writeFile(path, "mine");
    for (const wrong of [path, join(folder.path, "no-such-folder", "all.json")]) {
      const refused = await writeWholeFile(wrong, async () => undefined).catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(WrongUse);
    }
    expect(await readFile(path, "utf8")).to.equal("mine");
  });
});
