import { expect } from "chai";
import fc from "fast-check";
import { decodeAttachments, encodeAttachments, type AttachmentContent } from "../../src/crypto/attachment.ts";
import { sealedFileLength } from "../../src/crypto/attachment-sealing.ts";
import { decodeContent, encodeContent } from "../../src/crypto/content.ts";
import { paddedFileLength } from "../../src/crypto/padding.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import type { BlobId } from "../../src/protocol/blobs.ts";
import { limits } from "../../src/protocol/limits.ts";
import { refusal } from "../support/refusal.ts";

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);
const photo: AttachmentContent = {
  blob: "0123456789abcdef".repeat(4) as BlobId,
  key: bytes(32, 1),
  hash: bytes(32, 2),
  size: 123_456,
  name: "schöne Aussicht.jpg",
  type: "image/jpeg",
};

describe("attachments in a message", () => {
  before(() => sodiumReady());

  it("come back as they went in, with the text or without one", () => {
    const attachments = [photo, { ...photo, size: 0, preview: bytes(limits.attachmentPreviewBytes, 3) }];
    for (const text of ["look", ""]) {
      const content = { kind: "text" as const, text, sentAt: 5, attachments };
      expect(decodeContent(encodeContent(content))).to.deep.equal(content);
    }
  });

  it("are strict: too many, none, other lengths and other fields do not open", () => {
    const decode = (all: readonly AttachmentContent[]) => () => decodeAttachments(encodeAttachments(all));
    expect(decode([])).to.throw();
    expect(decode(Array.from({ length: limits.attachmentsPerMessage + 1 }, () => photo))).to.throw();
    for (const changed of [
      { key: bytes(31, 1) },
      { hash: bytes(33, 2) },
      { name: "" },
      { name: "n".repeat(256) },
      { type: "" },
      { type: "a b\n" },
      { type: "x".repeat(128) },
      { preview: bytes(limits.attachmentPreviewBytes + 1, 1) },
    ]) {
      expect(decode([{ ...photo, ...changed }]), Object.keys(changed)[0]).to.throw();
    }
    const encoded = encodeAttachments([photo]);
    for (let end = 0; end < encoded.length; end += 1)
      expect(() => decodeAttachments(encoded.subarray(0, end))).to.throw();
  });

  it("are undecryptable as a whole where one is malformed, whatever the bytes", async () => {
    const good = encodeContent({ kind: "text", text: "t", sentAt: 5, attachments: [photo] });
    await refusal(() => decodeContent(good.subarray(0, good.length - 1)), "undecryptable");
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = good.slice();
        changed[at]! ^= change;
        try {
          decodeContent(changed);
        } catch (error) {
          expect(error).to.have.property("code", "undecryptable");
        }
      }),
    );
  });

  it("have sizes that tell little, and cost an eighth at most", () => {
    const seen = new Set<number>();
    for (let size = 0; size < 50_000_000; size += 4999) {
      const padded = paddedFileLength(size);
      seen.add(padded);
      expect(padded)
        .to.be.at.least(Math.max(size, 4096))
        .and.at.most(Math.max(size, 4096) * 1.125);
      expect(paddedFileLength(padded), "stays").to.equal(padded);
      expect(sealedFileLength(size)).to.be.greaterThan(padded);
    }
    expect(seen.size).to.be.lessThan(350);
  });
});
