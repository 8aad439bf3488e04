import { expect } from "chai";
import { createHash, randomBytes } from "node:crypto";
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { secretVerifier } from "../../../src/accounts/tokens.ts";
import { BlobKeeping, type BlobSettings } from "../../../src/actors/blob-keeping.ts";
import type { Blobs } from "../../../src/actors/ports/blobs.ts";
import { silentTelemetry } from "../../../src/actors/ports/silent-telemetry.ts";
import type { Store } from "../../../src/actors/ports/store.ts";
import { FileBlobs } from "../../../src/blobs/file-blobs.ts";
import { MemoryRateLimiter, type Rates } from "../../../src/cluster/memory-rate-limiter.ts";
import { createPublicListener } from "../../../src/gateway/http/public-app.ts";
import type { BlobId } from "../../../src/protocol/blobs.ts";
import { httpRefusal } from "../../../src/protocol/http.ts";
import type { UserId } from "../../../src/protocol/ids.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { eventually } from "../../support/eventually.ts";
import { generousRates, tokenFor, tokenRules, tokenSecret } from "../../support/gateway-node.ts";
import { addDevice } from "../../support/store/store-kit.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const part = limits.blobPartBytes;
const newId = (): BlobId => randomBytes(32).toString("hex") as BlobId;
const plenty: BlobSettings = { maxBlobBytes: 100 * part, quotaBytes: 1000 * part };

describe("blobs over HTTP", () => {
  const servers: Server[] = [];
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let store: Store;
  let blobs: Blobs;
  let url: string;
  let tokens: Record<"alice" | "bob", string>;

  const serve = async (settings = plenty, rates: Partial<Rates> = {}): Promise<string> => {
    const limiter = new MemoryRateLimiter({ ...generousRates, ...rates });
    const keeping = new BlobKeeping({ store, blobs, limiter, settings });
    const verifier = secretVerifier(tokenSecret, tokenRules);
    const accounts = undefined;
    const edge = { accounts, version: "9.9.9", corsOrigins: ["https://a.example"], trustedProxies: 0 };
    const options = { ...edge, telemetry: silentTelemetry, blobs: { keeping, verifier } };
    const server = createServer(createPublicListener(options));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  before(async () => {
    folder = await tempFolder();
    store = openSqliteStore({ file: join(folder.path, "sotto.db"), retentionDays: 90 });
    await store.migrate();
    for (const user of ["alice", "bob"]) await addDevice(store, user as UserId);
    tokens = { alice: await tokenFor("alice"), bob: await tokenFor("bob") };
    blobs = new FileBlobs(join(folder.path, "blobs"));
    url = await serve();
  });
  after(async () => {
    for (const server of servers) server.close().closeAllConnections();
    await store.close();
    await folder.remove();
  });

  interface Asking {
    user?: "alice" | "bob";
    at?: string;
    headers?: Record<string, string>;
    body?: Uint8Array;
  }
  const ask = (method: string, id: string, { user = "alice", at = url, headers = {}, body }: Asking = {}) =>
    fetch(`${at}/v1/blobs/${id}`, {
      method,
      headers: { authorization: `Bearer ${tokens[user]}`, ...headers },
      ...(body && { body: body as Uint8Array<ArrayBuffer> }),
    });
  const rangeOf = (bytes: Uint8Array, offset: number): string => {
    const last = Math.min(offset + part, bytes.length) - 1;
    return `bytes ${offset}-${last}/${bytes.length}`;
  };
  const putPart = (id: string, bytes: Uint8Array, offset: number, asking: Asking = {}) =>
    ask("PUT", id, {
      ...asking,
      headers: { "content-range": rangeOf(bytes, offset), ...asking.headers },
      body: bytes.subarray(offset, offset + part),
    });
  const putWhole = async (bytes: Uint8Array, id = newId()): Promise<BlobId> => {
    for (let offset = 0; offset < bytes.length; offset += part) {
      expect((await putPart(id, bytes, offset)).ok).to.equal(true);
    }
    return id;
  };
  const codeOf = async (response: Promise<Response> | Response) => {
    const answer = await response;
    return `${answer.status} ${httpRefusal.parse(await answer.json()).error.code}`;
  };

  it("come in parts, and are read whole by who knows the id", async () => {
    const bytes = randomBytes(2 * part + 77);
    const id = newId();
    const first = await putPart(id, bytes, 0);
    expect([first.status, first.headers.get("upload-offset")]).to.deep.equal([200, String(part)]);
    expect(await first.json()).to.include({ size: bytes.length, received: part });
    expect((await putPart(id, bytes, part)).status).to.equal(200);
    expect((await putPart(id, bytes, 2 * part)).status).to.equal(201);
    const read = await ask("GET", id, { user: "bob" });
    expect(read.headers.get("content-length")).to.equal(String(bytes.length));
    expect(read.headers.get("content-security-policy")).to.equal("default-src 'none'; sandbox");
    expect(Buffer.from(await read.arrayBuffer()).equals(bytes)).to.equal(true);
  });

  it("of one part need no range", async () => {
    const bytes = randomBytes(5000);
    const id = newId();
    expect((await ask("PUT", id, { body: bytes })).status).to.equal(201);
    expect(Buffer.from(await (await ask("GET", id)).arrayBuffer()).equals(bytes)).to.equal(true);
  });

  it("say how far they are, to their uploader alone until they are complete", async () => {
    const bytes = randomBytes(part + 5);
    const id = newId();
    expect((await ask("HEAD", id)).status).to.equal(404);
    await putPart(id, bytes, 0);
    const head = await ask("HEAD", id);
    expect([head.status, head.headers.get("upload-offset"), head.headers.get("upload-length")]).to.deep.equal([
      200,
      String(part),
      String(bytes.length),
    ]);
    expect((await ask("HEAD", id, { user: "bob" })).status).to.equal(404);
    expect(await codeOf(ask("GET", id))).to.equal("404 blob-unknown");
    expect(await codeOf(ask("GET", id, { user: "bob" }))).to.equal("404 blob-unknown");
    await putPart(id, bytes, part);
    const complete = await ask("HEAD", id, { user: "bob" });
    expect([complete.status, complete.headers.get("content-length")]).to.deep.equal([200, String(bytes.length)]);
  });

  it("take a part only where the upload stands, and say where that is", async () => {
    const bytes = randomBytes(2 * part + 5);
    const id = newId();
    await putPart(id, bytes, 0);
    for (const offset of [0, 2 * part]) {
      const conflict = await putPart(id, bytes, offset);
      expect(conflict.headers.get("upload-offset")).to.equal(String(part));
      expect(await codeOf(conflict)).to.equal("409 upload-conflict");
    }
    expect(await codeOf(putPart(newId(), bytes, part))).to.equal("404 blob-unknown");
    const whole = await putWhole(bytes);
    expect(await codeOf(putPart(whole, bytes, 0))).to.equal("409 upload-conflict");
  });

  for (const [what, headers] of Object.entries({
    "a range that is none": { "content-range": "bytes 9-0/10" },
    "a range in another unit": { "content-range": "parts 0-9/10" },
    "a range that is longer than the body": { "content-range": "bytes 0-10/11" },
    "a part that is too short": { "content-range": `bytes 0-9/${part}` },
    "a part in the middle of one": { "content-range": "bytes 10-19/20" },
    "an unknown size": { "content-range": "bytes 0-9/*" },
  })) {
    it(`refuse ${what}`, async () => {
      const id = newId();
      expect(await codeOf(ask("PUT", id, { headers, body: randomBytes(10) }))).to.equal("400 invalid-request");
      expect((await ask("HEAD", id)).status).to.equal(404);
    });
  }

  it("refuse an id that is none, and whatever would lead elsewhere", async () => {
    for (const id of ["a", "A".repeat(64), `${"a".repeat(63)}%2f`, `..%2f${"a".repeat(61)}`]) {
      expect(await codeOf(ask("PUT", id, { body: randomBytes(10) }))).to.equal("400 invalid-request");
    }
    expect(await codeOf(ask("POST", newId()))).to.equal("405 unknown-request");
  });

  it("refuse a part with more bytes than a part has, and blobs that are too large", async () => {
    expect(await codeOf(ask("PUT", newId(), { body: randomBytes(part + 1) }))).to.equal("413 too-large");
    const small = await serve({ maxBlobBytes: 2 * part, quotaBytes: 1000 * part });
    expect(await codeOf(putPart(newId(), randomBytes(2 * part + 1), 0, { at: small }))).to.equal("413 too-large");
    expect((await putPart(newId(), randomBytes(2 * part), 0, { at: small })).status).to.equal(200);
  });

  it("keep nothing of a part that its digest does not fit", async () => {
    const bytes = randomBytes(100);
    const id = newId();
    const digest = (of: Uint8Array) => `sha-256=:${createHash("sha256").update(of).digest("base64")}:`;
    const wrong = ask("PUT", id, { body: bytes, headers: { "content-digest": digest(randomBytes(100)) } });
    expect(await codeOf(wrong)).to.equal("400 part-damaged");
    expect((await ask("HEAD", id)).headers.get("upload-offset")).to.equal("0");
    const right = await ask("PUT", id, { body: bytes, headers: { "content-digest": digest(bytes) } });
    expect(right.status).to.equal(201);
  });

  it("keep nothing of a part that breaks off, and go on where they were", async () => {
    const bytes = randomBytes(part + 10);
    const id = newId();
    await putPart(id, bytes, 0);
    await new Promise<void>((resolve) => {
      const headers = { authorization: `Bearer ${tokens.alice}`, "content-range": rangeOf(bytes, part) };
      const broken = httpRequest(`${url}/v1/blobs/${id}`, {
        method: "PUT",
        headers: { ...headers, "content-length": 10 },
      });
      broken.on("error", () => resolve());
      broken.write(bytes.subarray(part, part + 4), () => setImmediate(() => broken.destroy()));
      broken.on("close", () => resolve());
    });
    expect((await ask("HEAD", id)).headers.get("upload-offset")).to.equal(String(part));
    expect((await putPart(id, bytes, part)).status).to.equal(201);
    expect(Buffer.from(await (await ask("GET", id)).arrayBuffer()).equals(bytes)).to.equal(true);
  });

  it("are read in ranges, across parts too", async () => {
    const bytes = randomBytes(2 * part + 10);
    const id = await putWhole(bytes);
    const read = async (range: string) => {
      const response = await ask("GET", id, { headers: { range } });
      return {
        status: response.status,
        said: response.headers.get("content-range"),
        bytes: Buffer.from(await response.arrayBuffer()),
      };
    };
    const across = await read(`bytes=${part - 3}-${part + 2}`);
    expect([across.status, across.said]).to.deep.equal([206, `bytes ${part - 3}-${part + 2}/${bytes.length}`]);
    expect(across.bytes.equals(bytes.subarray(part - 3, part + 3))).to.equal(true);
    expect((await read(`bytes=${part + 1}-`)).bytes.equals(bytes.subarray(part + 1))).to.equal(true);
    expect((await read("bytes=-7")).bytes.equals(bytes.subarray(-7))).to.equal(true);
    expect((await read("bytes=0-0")).bytes.equals(bytes.subarray(0, 1))).to.equal(true);
    expect((await read(`bytes=5-${10 * part}`)).bytes.equals(bytes.subarray(5))).to.equal(true);
    for (const ignored of ["bytes=0-1,4-5", "lines=1-2", "bytes=9-3"])
      expect((await read(ignored)).status).to.equal(200);
    const outside = await ask("GET", id, { headers: { range: `bytes=${bytes.length}-` } });
    expect(outside.headers.get("content-range")).to.equal(`bytes */${bytes.length}`);
    expect(await codeOf(outside)).to.equal("416 invalid-request");
  });

  it("need a token that is valid", async () => {
    const id = newId();
    const by = (authorization: string) => ask("GET", id, { headers: { authorization } });
    expect(await codeOf(by(""))).to.equal("401 token-missing");
    expect(await codeOf(by("Bearer nonsense"))).to.equal("401 token-invalid");
    expect(await codeOf(by(`Bearer ${await tokenFor("alice", -60)}`))).to.equal("401 token-expired");
    expect(await codeOf(ask("PUT", id, { headers: { authorization: "" }, body: randomBytes(1) }))).to.equal(
      "401 token-missing",
    );
    const stranger = `Bearer ${await tokenFor("nobody")}`;
    expect(await codeOf(ask("PUT", id, { headers: { authorization: stranger }, body: randomBytes(1) }))).to.equal(
      "403 device-unknown",
    );
  });

  it("are written and removed by their uploader alone", async () => {
    const bytes = randomBytes(part + 5);
    const id = newId();
    await putPart(id, bytes, 0);
    expect(await codeOf(putPart(id, bytes, part, { user: "bob" }))).to.equal("403 forbidden");
    expect(await codeOf(ask("DELETE", id, { user: "bob" }))).to.equal("404 blob-unknown");
    await putPart(id, bytes, part);
    expect(await codeOf(ask("DELETE", id, { user: "bob" }))).to.equal("403 forbidden");
    expect((await ask("DELETE", id)).status).to.equal(204);
    expect(await codeOf(ask("GET", id))).to.equal("404 blob-unknown");
    expect(await codeOf(ask("DELETE", id))).to.equal("404 blob-unknown");
    expect(await blobs.readPart(id, 0, part)).to.equal(undefined);
  });

  it("keep to the quota of each user", async () => {
    const at = await serve({ maxBlobBytes: 10 * part, quotaBytes: 3 * part });
    await store.forgetBlobs((await store.listExpiredBlobs(Number.MAX_SAFE_INTEGER, 1000)).map(({ blob }) => blob));
    expect((await putPart(newId(), randomBytes(2 * part), 0, { at })).status).to.equal(200);
    expect(await codeOf(putPart(newId(), randomBytes(2 * part), 0, { at }))).to.equal("507 quota-exceeded");
    expect((await putPart(newId(), randomBytes(2 * part), 0, { at, user: "bob" })).status).to.equal(200);
  });

  it("tell who is too fast when to come back", async () => {
    const at = await serve(plenty, { blob: { amount: 1, periodMs: 60_000 } });
    expect((await ask("PUT", newId(), { at, body: randomBytes(1) })).status).to.equal(201);
    const refused = await ask("PUT", newId(), { at, body: randomBytes(1) });
    expect(Number(refused.headers.get("retry-after"))).to.be.greaterThan(0);
    expect(await codeOf(refused)).to.equal("429 rate-limited");
    const quiet = await serve(plenty, { "blob-request": { amount: 1, periodMs: 60_000 } });
    expect((await ask("HEAD", newId(), { at: quiet })).status).to.equal(404);
    expect((await ask("HEAD", newId(), { at: quiet })).status).to.equal(429);
  });

  it("are taken from a few senders at once, and others are told to wait", async () => {
    const bytes = randomBytes(10);
    const open = Array.from({ length: 8 }, () => {
      const headers = { authorization: `Bearer ${tokens.alice}`, "content-length": 10 };
      const id = newId();
      const request = httpRequest(`${url}/v1/blobs/${id}`, { method: "PUT", headers });
      request.flushHeaders();
      return { id, request };
    });
    for (const { id } of open) await eventually(async () => expect((await ask("HEAD", id)).status).to.equal(200));
    expect(await codeOf(ask("PUT", newId(), { body: bytes }))).to.equal("503 overloaded");
    expect((await ask("PUT", newId(), { body: bytes, user: "bob" })).status).to.equal(201);
    const answers = open.map(
      ({ request }) => new Promise((resolve) => request.once("response", (one) => resolve(one.resume()))),
    );
    for (const { request } of open) request.end(bytes);
    await Promise.all(answers);
    expect((await ask("PUT", newId(), { body: bytes })).status).to.equal(201);
  });

  it("may be asked for by pages of named origins, with what they need to see", async () => {
    const origin = "https://a.example";
    const preflight = await fetch(`${url}/v1/blobs/${newId()}`, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "PUT",
        "access-control-request-headers": "authorization,content-range",
      },
    });
    expect(preflight.headers.get("access-control-allow-methods")).to.include("PUT").and.to.include("DELETE");
    expect(preflight.headers.get("access-control-allow-headers")?.toLowerCase()).to.include("content-range");
    const answer = await ask("HEAD", newId(), { headers: { origin } });
    expect(answer.headers.get("access-control-allow-origin")).to.equal(origin);
    expect(answer.headers.get("access-control-expose-headers")).to.include("Upload-Offset");
  });

  it("are off where there is no place for them", async () => {
    const verifier = secretVerifier(tokenSecret, tokenRules);
    const edge = { accounts: undefined, version: "9", corsOrigins: [], trustedProxies: 0, telemetry: silentTelemetry };
    const server = createServer(createPublicListener({ ...edge, blobs: { keeping: undefined, verifier } }));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await codeOf(ask("PUT", newId(), { at, body: randomBytes(1) }))).to.equal("403 attachments-disabled");
  });
});
