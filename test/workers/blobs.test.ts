import { expect } from "chai";
import { randomBytes } from "node:crypto";
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import type { Blobs } from "../../src/actors/ports/blobs.ts";
import type { Store } from "../../src/actors/ports/store.ts";
import { FileBlobs } from "../../src/blobs/file-blobs.ts";
import type { BlobId } from "../../src/protocol/blobs.ts";
import { SottoError } from "../../src/protocol/errors.ts";
import type { UserId } from "../../src/protocol/ids.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { removeOrphanedBlobs } from "../../workers/blobs.ts";
import { purgeExpired, type PurgeRun } from "../../workers/purge.ts";
import { addDevice, newUser } from "../support/store/store-kit.ts";
import { tempFolder } from "../support/temp-folder.ts";

const dayMs = 86_400_000;

describe("the end of blobs", () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let store: Store;
  let blobs: FileBlobs;
  let user: UserId;
  beforeEach(async () => {
    folder = await tempFolder();
    store = openSqliteStore({ file: join(folder.path, "sotto.db"), retentionDays: 90 });
    await store.migrate();
    blobs = new FileBlobs(join(folder.path, "blobs"));
    ({ user } = await addDevice(store, newUser()));
  });
  afterEach(async () => {
    await store.close();
    await folder.remove();
  });

  const later = (days: number, at: Blobs | undefined = blobs) => ({
    store,
    ...(at && { blobs: at }),
    telemetry: silentTelemetry,
    now: () => Date.now() + days * dayMs,
  });
  const put = async (isComplete: boolean): Promise<BlobId> => {
    const blob = randomBytes(32).toString("hex") as BlobId;
    await store.beginBlob({ blob, user, size: isComplete ? 10 : 2_000_000 }, 1e9);
    await blobs.putPart(blob, 0, randomBytes(10));
    if (isComplete) await store.advanceBlob(blob, 0, 10);
    return blob;
  };
  const isThere = async (blob: BlobId): Promise<boolean> => (await blobs.readPart(blob, 0, 10)) !== undefined;
  const rowsOf = ({ tables }: PurgeRun): number =>
    tables.filter(({ table }) => table === "blobs").reduce((sum, { rows }) => sum + rows, 0);

  it("comes a day after an upload that was left, and a week after the history of a complete one; bytes and books go together", async () => {
    const [left, whole] = [await put(false), await put(true)];
    await purgeExpired(later(0.9));
    expect([await isThere(left), await isThere(whole)]).to.deep.equal([true, true]);
    expect(rowsOf(await purgeExpired(later(1.1), { dryRun: true }))).to.equal(1);
    expect(await isThere(left), "a dry run").to.equal(true);
    expect(rowsOf(await purgeExpired(later(1.1)))).to.equal(1);
    expect([await isThere(left), await isThere(whole)]).to.deep.equal([false, true]);
    expect(await store.knownBlobs([left, whole])).to.deep.equal([whole]);
    await purgeExpired(later(96.9));
    expect(await isThere(whole)).to.equal(true);
    expect(rowsOf(await purgeExpired(later(97.1)))).to.equal(1);
    expect([await isThere(whole), await store.knownBlobs([whole])]).to.deep.equal([false, []]);
  });

  it("keeps the books until the bytes are gone", async () => {
    const left = await put(false);
    const broken: Blobs = Object.assign(Object.create(blobs) as Blobs, {
      remove: () => Promise.reject(new SottoError("unavailable")),
    });
    const { tables: report } = await purgeExpired(later(2, broken));
    expect(report.find(({ table }) => table === "blobs")).to.include({ rows: 0, putOff: true });
    expect(report.length, "the other tables are purged").to.be.greaterThan(20);
    expect(await store.knownBlobs([left])).to.deep.equal([left]);
    await purgeExpired(later(2));
    expect([await isThere(left), await store.knownBlobs([left])]).to.deep.equal([false, []]);
  });

  it("comes to bytes that no books know of, once they are a day old, and to no others", async () => {
    const known = await put(true);
    const [old, young] = [randomBytes(32), randomBytes(32)].map((id) => id.toString("hex") as BlobId) as [
      BlobId,
      BlobId,
    ];
    for (const blob of [old, young]) await blobs.putPart(blob, 0, randomBytes(10));
    const yesterday = Date.now() / 1000 - 1.1 * 86_400;
    for (const blob of [old, known])
      await utimes(join(folder.path, "blobs", blob.slice(0, 2), blob), yesterday, yesterday);
    expect(await removeOrphanedBlobs({ ...later(0), blobs })).to.equal(1);
    expect([await isThere(old), await isThere(young), await isThere(known)]).to.deep.equal([false, true, true]);
    expect(await removeOrphanedBlobs({ ...later(0), blobs })).to.equal(0);
  });
});
