import { expect } from "chai";
import { randomBytes } from "node:crypto";
import type { Blobs } from "../../src/actors/ports/blobs.ts";
import type { BlobId } from "../../src/protocol/blobs.ts";
import { limits } from "../../src/protocol/limits.ts";

const newBlob = (): BlobId => randomBytes(32).toString("hex") as BlobId;

/** What every place for the bytes of blobs promises. */
export function blobsContract(open: () => Blobs): void {
  const listed = async (): Promise<Map<BlobId, number>> => {
    const found = new Map<BlobId, number>();
    for await (const page of open().list()) for (const { blob, writtenAt } of page) found.set(blob, writtenAt);
    return found;
  };

  it("gives back each part as it was put", async () => {
    const blob = newBlob();
    const parts = [randomBytes(limits.blobPartBytes), randomBytes(limits.blobPartBytes), randomBytes(17)];
    for (const [index, part] of parts.entries()) await open().putPart(blob, index, part);
    for (const index of [2, 0, 1]) {
      const read = await open().readPart(blob, index, parts[index]!.length);
      expect(Buffer.compare(read!, parts[index]!)).to.equal(0);
    }
  });

  it("replaces a part that is put again, and leaves the others", async () => {
    const blob = newBlob();
    const first = randomBytes(limits.blobPartBytes);
    await open().putPart(blob, 0, first);
    await open().putPart(blob, 1, randomBytes(100));
    const again = randomBytes(100);
    await open().putPart(blob, 1, again);
    expect(Buffer.from((await open().readPart(blob, 1, 100))!).equals(again)).to.equal(true);
    expect(Buffer.from((await open().readPart(blob, 0, first.length))!).equals(first)).to.equal(true);
  });

  it("has nothing where nothing was put, or less than is asked for", async () => {
    const blob = newBlob();
    expect(await open().readPart(blob, 0, 10)).to.equal(undefined);
    await open().putPart(blob, 0, randomBytes(10));
    expect(await open().readPart(blob, 0, 11)).to.equal(undefined);
    expect(await open().readPart(blob, 1, 1)).to.equal(undefined);
  });

  it("removes a blob with all its parts, and nothing of others; twice does no harm", async () => {
    const [gone, stays] = [newBlob(), newBlob()];
    for (const blob of [gone, stays]) {
      await open().putPart(blob, 0, randomBytes(limits.blobPartBytes));
      await open().putPart(blob, 1, randomBytes(5));
    }
    await open().remove(gone);
    await open().remove(gone);
    for (const part of [0, 1]) expect(await open().readPart(gone, part, 5)).to.equal(undefined);
    expect(await open().readPart(stays, 1, 5)).to.have.length(5);
    const blobs = await listed();
    expect(blobs.has(gone)).to.equal(false);
    expect(blobs.get(stays)).to.be.closeTo(Date.now(), 60_000);
  });

  it("lets nothing but an id become a place", async () => {
    const outside = "../../../../../../../../../../../../../../../../../tmp/outside-01" as BlobId;
    const failed = await open()
      .putPart(outside, 0, randomBytes(1))
      .then(
        () => false,
        () => true,
      );
    expect(failed).to.equal(true);
  });

  it("can be checked, and is as before then", async () => {
    const before = (await listed()).size;
    await open().check();
    expect((await listed()).size).to.equal(before);
  });
}
