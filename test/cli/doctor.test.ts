import { expect } from "chai";
import { checkGrowth } from "../../src/cli/doctor/check-growth.ts";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { completeSettings } from "../../config/load-settings.ts";
import { checkBlobs } from "../../src/cli/doctor/check-blobs.ts";
import { S3StandIn } from "../support/s3-stand-in.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { checkClock, checkNodeVersion } from "../../src/cli/doctor/check-machine.ts";

describe("the doctor", () => {
  it("knows which Node is enough", () => {
    const states = ["18.20.0", "20.18.9", "20.19.0", "22.0.0", "100.1.0"].map(
      (version) => checkNodeVersion(version).state,
    );
    expect(states).to.deep.equal(["bad", "bad", "good", "good", "good"]);
  });

  it("foretells how large the database is when the retention has filled up, and whether the disk holds it", () => {
    // 1,000 entries of 550 bytes a day, and as much again beside them: about 1 MB a day, 90 MB in 90 days.
    const growth = { days: 2, entries: 2000, payloadBytes: 2000 * 550 };
    const facts = { growth, messages: 2000, bytes: 5_000_000, retentionDays: 90 };
    const says = "1000 entries and 977 KiB a day: about 89 MiB when 90 days are there, of which 5 MiB are now";
    const plenty = checkGrowth({ ...facts, freeBytes: 10 ** 9 });
    expect(plenty).to.deep.equal({ check: "growth", state: "good", says: `${says}; 954 MiB are free` });
    const tight = checkGrowth({ ...facts, freeBytes: 60 * 10 ** 6 });
    expect(tight).to.deep.include({ state: "note", says: `${says}; 58 MiB are free, for about 60 days` });
    expect(tight.todo).to.include("HISTORY_RETENTION_DAYS");
    expect(checkGrowth({ ...facts, freeBytes: 10 ** 7 }).state).to.equal("bad");
    expect(checkGrowth(facts)).to.deep.include({
      state: "good",
      says: `${says}; see that the database's disk holds it`,
    });
    // What is there already is not foretold to shrink, and an hour says nothing about a day.
    expect(checkGrowth({ ...facts, bytes: 10 ** 9 }).says).to.include("about 1.0 GiB when");
    expect(checkGrowth({ ...facts, growth: { ...growth, days: 0.1 } }).says).to.include("too little");
    expect(checkGrowth({ ...facts, growth: { days: 0, entries: 0, payloadBytes: 0 } }).says).to.include("too little");
  });

  it("knows a clock that was never set", () => {
    expect(checkClock(0).state).to.equal("bad");
    expect(checkClock(Date.now()).state).to.equal("good");
  });

  it("tries whether attachments can be written, in files", async () => {
    const folder = await tempFolder();
    const look = (more: object) => checkBlobs(completeSettings({ DATA_DIR: folder.path, ...more }));
    expect((await look({})).state).to.equal("good");
    expect(existsSync(join(folder.path, "blobs")), "looking leaves nothing behind").to.equal(false);
    await mkdir(join(folder.path, "blobs"));
    expect((await look({})).says).to.include("can be written");
    await writeFile(join(folder.path, "in the way"), "");
    const wrong = await look({ BLOB_DIR: join(folder.path, "in the way") });
    expect(wrong.state).to.equal("bad");
    expect(wrong.says).to.match(/cannot be used \((ENOTDIR|EEXIST)\)/);
    const shared = { DATABASE_URL: "mysql://u:p@db/sotto", REDIS_URL: "redis://r", AUTH_JWT_SECRET: "s".repeat(32) };
    expect((await look(shared)).state).to.equal("note");
    await folder.remove();
  });

  it("tries whether attachments can be written, in an S3-compatible store, and shows no key", async () => {
    const s3 = await S3StandIn.start();
    const look = (secret: string) =>
      checkBlobs(
        completeSettings({
          BLOB_S3_ENDPOINT: s3.endpoint,
          BLOB_S3_BUCKET: s3.bucket,
          BLOB_S3_REGION: s3.credentials.region,
          BLOB_S3_ACCESS_KEY: s3.credentials.accessKey,
          BLOB_S3_SECRET_KEY: secret,
        }),
      );
    expect((await look(s3.credentials.secretKey)).state).to.equal("good");
    const wrong = await look("another secret");
    expect(wrong.state).to.equal("bad");
    expect(wrong.says).to.include("SignatureDoesNotMatch").and.not.to.include("another secret");
    s3.close();
  });
});
