import { expect } from "chai";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FileBlobs } from "../../src/blobs/file-blobs.ts";
import { refusal } from "../support/refusal.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { blobsContract } from "./blobs.contract.ts";

describe("blobs in files", () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  before(async () => {
    folder = await tempFolder();
  });
  after(() => folder.remove());
  blobsContract(() => new FileBlobs(join(folder.path, "blobs")));

  it("are unavailable where nothing can be written", async () => {
    const file = join(folder.path, "a-file");
    await writeFile(file, "in the way");
    await refusal(new FileBlobs(join(file, "blobs")).check(), "unavailable");
  });

  it("have none before the first was put", async () => {
    const pages: unknown[] = [];
    for await (const page of new FileBlobs(join(folder.path, "not yet")).list()) pages.push(...page);
    expect(pages).to.deep.equal([]);
  });
});
