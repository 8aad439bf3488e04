import { expect } from "chai";
import { randomBytes } from "node:crypto";
import { createServer, request as httpRequest, type IncomingMessage, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { secretVerifier } from "../../../src/accounts/tokens.ts";
import { BlobKeeping } from "../../../src/actors/blob-keeping.ts";
import { silentTelemetry } from "../../../src/actors/ports/silent-telemetry.ts";
import type { Store } from "../../../src/actors/ports/store.ts";
import { FileBlobs } from "../../../src/blobs/file-blobs.ts";
import { MemoryRateLimiter } from "../../../src/cluster/memory-rate-limiter.ts";
import { createPublicListener } from "../../../src/gateway/http/public-app.ts";
import { TransferSlots } from "../../../src/gateway/http/transfer-slots.ts";
import { httpRefusal } from "../../../src/protocol/http.ts";
import type { UserId } from "../../../src/protocol/ids.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { eventually } from "../../support/eventually.ts";
import { generousRates, tokenFor, tokenRules, tokenSecret } from "../../support/gateway-node.ts";
import { addDevice } from "../../support/store/store-kit.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const part = limits.blobPartBytes;
const pace = { bytes: 32 * 1024, windowMs: 300 };

describe("a blob that goes too slowly", function () {
  this.timeout(60_000);
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let store: Store;
  let server: Server;
  let port: number;
  let token: string;
  before(async () => {
    folder = await tempFolder();
    store = openSqliteStore({ file: join(folder.path, "sotto.db"), retentionDays: 90 });
    await store.migrate();
    await addDevice(store, "alice" as UserId);
    token = await tokenFor("alice");
    const settings = { maxBlobBytes: 100 * part, quotaBytes: 1000 * part };
    const blobs = new FileBlobs(join(folder.path, "blobs"));
    const keeping = new BlobKeeping({ store, blobs, limiter: new MemoryRateLimiter(generousRates), settings });
    const one = { total: 1, perUser: 1, perUserWhenBusy: 1, pace };
    const edge = { accounts: undefined, version: "9.9.9", corsOrigins: [], trustedProxies: 0 };
    const verifier = secretVerifier(tokenSecret, tokenRules);
    const rules = { uploads: one, downloads: one };
    server = createServer(
      createPublicListener({ ...edge, telemetry: silentTelemetry, blobs: { keeping, verifier, rules } }),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ({ port } = server.address() as AddressInfo);
  });
  after(async () => {
    server.close().closeAllConnections();
    await store.close();
    await folder.remove();
  });

  const authorization = () => ({ authorization: `Bearer ${token}` });
  const urlOf = (id: string): string => `http://127.0.0.1:${port}/v1/blobs/${id}`;
  const get = (id: string, headers: Record<string, string> = {}) =>
    fetch(urlOf(id), { headers: { ...authorization(), ...headers } });
  const put = (id: string, bytes: Uint8Array, offset: number) =>
    fetch(urlOf(id), {
      method: "PUT",
      headers: {
        ...authorization(),
        "content-range": `bytes ${offset}-${Math.min(offset + part, bytes.length) - 1}/${bytes.length}`,
      },
      body: bytes.subarray(offset, offset + part) as Uint8Array<ArrayBuffer>,
    });
  const newId = (): string => randomBytes(32).toString("hex");

  /** Some bytes at a time until something is answered. */
  async function drip(
    id: string,
    bytes: Uint8Array,
    range: string,
    { each, everyMs }: { each: number; everyMs: number },
  ) {
    const headers = { ...authorization(), "content-length": bytes.length, "content-range": range };
    const request = httpRequest(urlOf(id), { method: "PUT", headers });
    request.on("error", () => undefined);
    let sent = 0;
    const timer = setInterval(() => {
      request.write(bytes.subarray(sent, (sent += each)));
      if (sent >= bytes.length) request.end();
      if (sent >= bytes.length) clearInterval(timer);
    }, everyMs);
    try {
      const [response] = (await once(request, "response")) as [IncomingMessage];
      let text = "";
      for await (const chunk of response.setEncoding("utf8")) text += String(chunk);
      return { status: response.statusCode, text, sent };
    } finally {
      clearInterval(timer);
      request.destroy();
    }
  }

  it("on its way up is refused in words, its slot is free, and it goes on where it was", async () => {
    const bytes = randomBytes(2 * part);
    const id = newId();
    expect((await put(id, bytes, 0)).status).to.equal(200);
    const range = `bytes ${part}-${2 * part - 1}/${2 * part}`;
    const { status, text, sent } = await drip(id, bytes.subarray(part), range, { each: 100, everyMs: 10 });
    const { code, retryable } = httpRefusal.parse(JSON.parse(text)).error;
    expect({ status, code, retryable }).to.deep.equal({ status: 408, code: "timeout", retryable: true });
    expect(sent).to.be.lessThan(part);
    const head = await fetch(urlOf(id), { method: "HEAD", headers: authorization() });
    expect(head.headers.get("upload-offset")).to.equal(String(part));
    expect((await put(id, bytes, part)).status).to.equal(201);
    expect(Buffer.from(await (await get(id)).arrayBuffer()).equals(bytes)).to.equal(true);
  });

  it("is not what comes in its own time, but fast enough", async () => {
    const bytes = randomBytes(part);
    const range = `bytes 0-${part - 1}/${part}`;
    const { status } = await drip(newId(), bytes, range, { each: 16 * 1024, everyMs: 20 });
    expect(status).to.equal(201);
  });

  it("on its way down is broken off, its slot is free, and the rest may be asked for", async () => {
    // More than lies in the buffers between the two.
    const bytes = randomBytes(24 * part);
    const id = newId();
    for (let offset = 0; offset < bytes.length; offset += part) await put(id, bytes, offset);
    const reader: Socket = connect(port, "127.0.0.1");
    reader.on("error", () => undefined);
    reader.write(`GET /v1/blobs/${id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    await once(reader, "readable");
    // A byte now and then, so that it is never silent.
    const timer = setInterval(() => reader.read(1), 20);
    try {
      expect((await get(id)).status).to.equal(503);
      const rest = await eventually(async () => {
        const answer = await get(id, { range: `bytes=${20 * part}-` });
        if (answer.status !== 206) await answer.body?.cancel();
        expect(answer.status).to.equal(206);
        return answer;
      });
      expect(Buffer.from(await rest.arrayBuffer()).equals(bytes.subarray(20 * part))).to.equal(true);
    } finally {
      clearInterval(timer);
      reader.destroy();
    }
  });
});

describe("the slots of a node for parts on their way", () => {
  const [alice, bob, carol] = ["alice", "bob", "carol"] as UserId[] as [UserId, UserId, UserId];
  const isRefused = (slots: TransferSlots, user: UserId): boolean => {
    try {
      slots.take(user)();
      return false;
    } catch {
      return true;
    }
  };

  it("are a user's up to a few, and to fewer once half of all are taken: there are some left for others", () => {
    const slots = new TransferSlots({ total: 8, perUser: 5, perUserWhenBusy: 2 });
    const taken = [1, 2, 3, 4].map(() => slots.take(alice));
    expect(isRefused(slots, alice)).to.equal(true);
    taken.push(slots.take(bob), slots.take(bob));
    expect(isRefused(slots, bob)).to.equal(true);
    taken.push(slots.take(carol), slots.take(carol));
    expect(isRefused(slots, "dave" as UserId), "all are taken").to.equal(true);
    for (const release of taken) release();
    for (let count = 0; count < 4; count += 1) slots.take(alice);
    expect(isRefused(slots, bob)).to.equal(false);
  });
});
