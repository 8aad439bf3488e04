import { expect } from "chai";
import { randomBytes } from "node:crypto";
import { S3Blobs } from "../../src/blobs/s3-blobs.ts";
import type { BlobId } from "../../src/protocol/blobs.ts";
import { refusal } from "../support/refusal.ts";
import { S3StandIn } from "../support/s3-stand-in.ts";
import { blobsContract } from "./blobs.contract.ts";

const blob = randomBytes(32).toString("hex") as BlobId;

describe("blobs in an S3-compatible store", () => {
  let s3: S3StandIn;
  const open = (changed: Partial<S3StandIn["credentials"]> = {}) =>
    new S3Blobs({ endpoint: s3.endpoint, bucket: s3.bucket, ...s3.credentials, ...changed, retryBaseMs: 1 });
  before(async () => {
    s3 = await S3StandIn.start();
  });
  after(() => s3.close());
  blobsContract(() => open());

  it("sign every request so that the store takes it", () => {
    expect(s3.refused).to.deep.equal([]);
    expect(s3.objects.size).to.be.greaterThan(0);
  });

  it("are listed and removed beyond one page of the store's answers", async () => {
    s3.pageSize = 2;
    for (let part = 0; part < 5; part += 1) await open().putPart(blob, part, randomBytes(3));
    await open().remove(blob);
    expect([...s3.objects.keys()].filter((key) => key.includes(blob))).to.deep.equal([]);
    s3.pageSize = 1000;
  });

  it("are tried again where the store is busy, and unavailable where it stays so", async () => {
    s3.failing = 2;
    await open().putPart(blob, 0, randomBytes(3));
    s3.failing = 100;
    await refusal(open().readPart(blob, 0, 3), "unavailable");
    s3.failing = 0;
  });

  it("are unavailable with another secret, another region, or another bucket", async () => {
    await refusal(open({ secretKey: "another" }).check(), "unavailable");
    expect(s3.refused.at(-1)).to.equal("SignatureDoesNotMatch");
    await refusal(open({ region: "there-1" }).check(), "unavailable");
    const elsewhere = new S3Blobs({ endpoint: s3.endpoint, bucket: "other", ...s3.credentials, retryBaseMs: 1 });
    const failed = await elsewhere.check().then(
      () => false,
      () => true,
    );
    expect(failed).to.equal(true);
  });
});
