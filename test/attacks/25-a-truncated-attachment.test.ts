import { expect } from "chai";
import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { BlobClient } from "../../src/client/attachments/blob-client.ts";
import { AttachmentDownload } from "../../src/client/attachments/attachment-download.ts";
import { sealedParts } from "../../src/client/attachments/sealed-parts.ts";
import type { Connection } from "../../src/client/connection/connection.ts";
import {
  newFileKey,
  sealedChunkLength,
  streamHeaderLength,
  type FileKey,
} from "../../src/crypto/attachment-sealing.ts";
import type { AttachmentContent } from "../../src/crypto/attachment.ts";
import { blake2b256 } from "../../src/crypto/primitives/hash.ts";
import { StreamSealer } from "../../src/crypto/primitives/secretstream.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import type { BlobId } from "../../src/protocol/blobs.ts";
import { refusal } from "../support/refusal.ts";

const chunk = 64 * 1024;

async function sealed(plain: Uint8Array, key: FileKey): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const source = (async function* () {
    yield await Promise.resolve(plain);
  })();
  for await (const { bytes } of sealedParts(key, plain.length, source, new AbortController().signal)) parts.push(bytes);
  return Buffer.concat(parts);
}

describe("attack 25: an attachment that a server has cut, stretched, swapped or put together anew", () => {
  let server: Server;
  let blobs: BlobClient;
  /** What the server has in the place of the blob, and how many bytes it says that are. */
  let served: Buffer;
  let claimed: number | undefined;

  // A file of five chunks and a half.
  const plain = randomBytes(5.5 * chunk);
  let key: FileKey;
  let blob: Buffer;
  let content: AttachmentContent;

  before(async () => {
    await sodiumReady();
    key = newFileKey();
    blob = await sealed(plain, key);
    content = describe_(blob, key.key, plain.length);
    server = createServer((request, response) => {
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const total = claimed ?? served.length;
      if (from >= served.length) return response.writeHead(416).end();
      response.writeHead(206, { "content-range": `bytes ${from}-${total - 1}/${total}` });
      response.end(served.subarray(from));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    blobs = new BlobClient(url, { currentToken: () => Promise.resolve("t") } as unknown as Connection);
  });
  after(() => server.close().closeAllConnections());
  beforeEach(() => {
    served = blob;
    claimed = undefined;
  });

  function describe_(bytes: Uint8Array, fileKey: Uint8Array, size: number): AttachmentContent {
    const place = { blob: "0".repeat(64) as BlobId, name: "n", type: "a/b" };
    return { ...place, key: fileKey, hash: blake2b256(bytes), size };
  }

  /** Reads until it is refused; what was given out before is true, and not all of it. */
  async function refused(file: AttachmentContent = content, whole: Uint8Array = plain): Promise<number> {
    const given: Uint8Array[] = [];
    const read = async (): Promise<void> => {
      for await (const bytes of new AttachmentDownload(file, blobs, {})) given.push(bytes);
    };
    await refusal(read(), "attachment-damaged");
    const all = Buffer.concat(given);
    expect(all.length).to.be.lessThan(whole.length);
    expect(Buffer.compare(all, whole.subarray(0, all.length))).to.equal(0);
    return all.length;
  }
  const pieceOf = (index: number): Buffer =>
    blob.subarray(streamHeaderLength + index * sealedChunkLength, streamHeaderLength + (index + 1) * sealedChunkLength);
  const pieces = (): Buffer[] => {
    const count = Math.ceil((blob.length - streamHeaderLength) / sealedChunkLength);
    return Array.from({ length: count }, (_, index) => pieceOf(index));
  };
  const header = (): Buffer => blob.subarray(0, streamHeaderLength);

  it("25: is whole where nobody touches it", async () => {
    expect(Buffer.compare(await new AttachmentDownload(content, blobs, {}).bytes(), plain)).to.equal(0);
  });

  it("25: a truncated blob is refused, wherever it was cut", async () => {
    const ends = [1, streamHeaderLength, streamHeaderLength + sealedChunkLength, blob.length - 1];
    for (const end of [...ends, blob.length - pieces().at(-1)!.length]) {
      served = blob.subarray(0, end);
      claimed = undefined;
      expect(await refused(), `${end} bytes, and said so`).to.equal(0);
      claimed = blob.length;
      await refused();
    }
  });

  it("25: an extended blob is refused, with bytes after its end or with chunks in between", async () => {
    served = Buffer.concat([blob, randomBytes(1)]);
    expect(await refused()).to.equal(0);
    claimed = blob.length;
    await refused();
    claimed = undefined;
    served = Buffer.concat([header(), pieceOf(0), pieceOf(0), ...pieces().slice(1)]);
    await refused();
    claimed = blob.length;
    expect(await refused()).to.equal(chunk);
  });

  it("25: another blob in its place is refused, of the same sender and size", async () => {
    served = await sealed(randomBytes(plain.length), newFileKey());
    expect(served.length).to.equal(blob.length);
    expect(await refused()).to.equal(0);
  });

  it("25: an older file under the same key cannot be passed for this one", async () => {
    // A sender that would seal two files under one key: the message says which it is.
    served = await sealed(randomBytes(plain.length), { key: key.key, header: newFileKey().header });
    const given: Uint8Array[] = [];
    const read = async (): Promise<void> => {
      for await (const bytes of new AttachmentDownload(content, blobs, {})) given.push(bytes);
    };
    await refusal(read(), "attachment-damaged");
    expect(Buffer.concat(given).length).to.be.lessThan(plain.length);
  });

  it("25: chunks that changed places, or are left out for others, are refused", async () => {
    const [first, second, third, ...rest] = pieces();
    served = Buffer.concat([header(), first!, third!, second!, ...rest]);
    expect(await refused()).to.equal(chunk);
    served = Buffer.concat([header(), second!, first!, third!, ...rest]);
    expect(await refused()).to.equal(0);
    served = Buffer.concat([newFileKey().header, ...pieces()]);
    expect(await refused()).to.equal(0);
  });

  it("25: one bit that was turned is found, wherever it is, before the file is given out as whole", async () => {
    for (let at = 0; at < blob.length; at += 9_973) {
      served = Buffer.from(blob);
      served[at]! ^= 1 << (at % 8);
      await refused();
    }
    served = Buffer.from(blob);
    served[blob.length - 1]! ^= 1;
    await refused();
  });

  it("25: a shorter file with an end of its own, made by who has the key, is not the one that was sent", async () => {
    // An accomplice of the server who got the message, too: the end is sealed, but the whole is another.
    const padded = Buffer.concat([plain, Buffer.alloc(6 * chunk - plain.length)]);
    const stream = new StreamSealer(key.key, key.header);
    const made = Array.from({ length: 6 }, (_, index) => {
      const bytes = Buffer.from(padded.subarray(index * chunk, (index + 1) * chunk));
      if (index === 5) bytes.fill(0, 100);
      return stream.seal(bytes.subarray(0, pieces()[index]!.length - 17), index === 5);
    });
    stream.end();
    served = Buffer.concat([header(), ...made]);
    expect(served.length).to.equal(blob.length);
    expect(await refused()).to.equal(5 * chunk);
  });

  it("25: an end in the middle, and a last chunk that is not marked as such, are refused though the hash fits", async () => {
    for (const finals of [[2, 5], []]) {
      const stream = new StreamSealer(key.key, key.header);
      const made = pieces().map((piece, index) => stream.seal(Buffer.alloc(piece.length - 17), finals.includes(index)));
      stream.end();
      served = Buffer.concat([header(), ...made]);
      const zeros = Buffer.alloc(plain.length);
      await refused(describe_(served, key.key, plain.length), zeros);
    }
  });

  it("25: a sender cannot hide bytes behind the end of a file", async () => {
    const stream = new StreamSealer(key.key, key.header);
    const made = pieces().map((piece, index, all) => {
      const bytes = Buffer.alloc(piece.length - 17, 1);
      return stream.seal(bytes, index === all.length - 1);
    });
    stream.end();
    served = Buffer.concat([header(), ...made]);
    const size = plain.length - 1;
    await refused(describe_(served, key.key, size), Buffer.alloc(size, 1));
  });
});
