import { expect } from "chai";
import { randomBytes } from "node:crypto";
import { appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { memoryStore, type Attachment, type Client, type Message } from "../../src/client/index.ts";
import { nodeFiles, saveAttachment } from "../../src/client/node.ts";
import { limits } from "../../src/protocol/limits.ts";
import { startBlobNode, type BlobNode } from "../support/blob-node.ts";
import { eventually } from "../support/eventually.ts";
import { FlakyLink } from "../support/flaky-link.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

const mebibyte = 1024 * 1024;

describe("attachments", function () {
  this.timeout(120_000);
  let folder: string;
  let node: BlobNode;
  let link: FlakyLink;
  let people: People;
  let alice: Client;
  let bob: Client;
  const aliceStore = memoryStore();

  before(async () => {
    node = await startBlobNode();
    folder = node.folder;
    link = await FlakyLink.to({ url: node.url });
    people = new People(() => link.url);
    alice = await people.online("alice", { store: aliceStore, files: nodeFiles });
    bob = await people.online("bob");
    await (await alice.direct("bob")).send("first").reached("delivered", { timeout: 60_000 });
  });
  after(async () => {
    await people.close();
    await link.close();
    await node.close();
  });

  const nextFor = (client: Client): Promise<Message> =>
    new Promise((resolve) => {
      const off = client.on("message", ({ message }) => (off(), resolve(message)));
    });
  const only = (message: Message): Attachment => {
    expect(message.attachments).to.have.length(1);
    return message.attachments[0]!;
  };
  const slowly = async function* (bytes: Uint8Array, gate: Promise<void>): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, 1.5 * mebibyte);
    await gate;
    yield bytes.subarray(1.5 * mebibyte);
  };

  it("go with a message, and are the same bytes on the other side", async () => {
    const bytes = randomBytes(3 * mebibyte + 12345);
    const preview = randomBytes(500);
    const arrived = nextFor(bob);
    const chat = await alice.direct("bob");
    const sent = chat.send({
      text: "look",
      attachments: [{ name: "a b.bin", type: "image/png", data: bytes, preview }],
    });
    const told: number[] = [];
    only(sent).on("progress", ({ sent: part, total }) => told.push(part / total));
    await sent.reached("delivered", { timeout: 60_000 });
    expect(told.at(-1)).to.equal(1);
    expect(told).to.deep.equal(told.toSorted((one, other) => one - other));
    const message = await arrived;
    const attachment = only(message);
    expect(message.text).to.equal("look");
    expect(attachment).to.include({ name: "a b.bin", type: "image/png", size: bytes.length });
    expect(attachment.preview).to.deep.equal(new Uint8Array(preview));
    const seen: number[] = [];
    const read = await attachment.download({ onProgress: ({ received }) => seen.push(received) }).bytes();
    expect(Buffer.compare(read, bytes)).to.equal(0);
    expect(seen.at(-1)).to.equal(bytes.length);
    expect(Buffer.compare(await only(sent).download().bytes(), bytes), "one's own").to.equal(0);
    const { messages } = await (await bob.direct("alice")).history();
    const again = only(messages.at(-1) as Message);
    expect(Buffer.compare(await again.download().bytes(), bytes), "from history").to.equal(0);
  });

  it("are of any size, none included, and up to ten", async () => {
    const sizes = [0, 1, 65_535, 65_536, 65_537, 4096, mebibyte, 10, 11, 12];
    const files = sizes.map((size) => randomBytes(size));
    const arrived = nextFor(bob);
    const chat = await alice.direct("bob");
    const sent = chat.send({ attachments: files.map((data, index) => ({ name: `${index}`, data })) });
    await sent.reached("delivered", { timeout: 60_000 });
    const { attachments, text } = await arrived;
    expect(text).to.equal("");
    for (const [index, file] of files.entries()) {
      expect(Buffer.compare(await attachments[index]!.download().bytes(), file), `${file.length} bytes`).to.equal(0);
    }
  });

  it("come from blobs and streams as well, and are read as streams", async () => {
    const bytes = randomBytes(2 * mebibyte);
    const chat = await alice.direct("bob");
    for (const input of [
      { name: "blob", data: new Blob([bytes], { type: "text/plain" }) },
      { name: "stream", stream: new Blob([bytes]).stream(), size: bytes.length },
    ]) {
      const arrived = nextFor(bob);
      await chat.send({ attachments: [input] }).reached("delivered", { timeout: 60_000 });
      const attachment = only(await arrived);
      const read = new Uint8Array(
        await new Response(attachment.download().stream() as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer(),
      );
      expect(Buffer.compare(read, bytes), input.name).to.equal(0);
    }
  });

  it("come from files, and are saved under a safe name of their own", async () => {
    const bytes = randomBytes(mebibyte + 1);
    const path = join(folder, "notes.txt");
    await writeFile(path, bytes);
    const arrived = nextFor(bob);
    const chat = await alice.direct("bob");
    const sent = chat.send({ attachments: [{ path }, { path, name: "../../etc/\u202Epasswd" }] });
    await sent.reached("delivered", { timeout: 60_000 });
    const { attachments } = await arrived;
    const into = join(folder, "saved");
    const { mkdir } = await import("node:fs/promises");
    await mkdir(into);
    const saved = [];
    for (const attachment of [...attachments, attachments[0]!]) {
      saved.push(await saveAttachment(attachment.download(), { folder: into }));
    }
    expect(saved).to.deep.equal(["notes.txt", "_.._etc_passwd", "notes (1).txt"].map((name) => join(into, name)));
    for (const file of saved) expect((await readFile(file)).equals(bytes)).to.equal(true);
    expect(await readdir(into)).to.have.length(3);
  });

  it("hold the message back until they are there, and keep the order", async () => {
    const bytes = randomBytes(3 * mebibyte);
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const chat = await alice.direct("bob");
    const order: string[] = [];
    const off = bob.on("message", ({ message }) => order.push(message.text));
    const sent = chat.send({
      text: "with a file",
      attachments: [{ name: "slow", stream: slowly(bytes, gate), size: bytes.length }],
    });
    const after = chat.send("after it");
    await eventually(() => expect(only(sent).sent).to.be.greaterThan(0));
    expect([sent.state, after.state]).to.deep.equal(["queued", "queued"]);
    open();
    await after.reached("delivered", { timeout: 60_000 });
    off();
    expect(order).to.deep.equal(["with a file", "after it"]);
  });

  it("go on after a cut where they were, sending no part twice that the node has", async () => {
    const bytes = randomBytes(6 * mebibyte);
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const chat = await alice.direct("bob");
    const arrived = nextFor(bob);
    const sent = chat.send({ attachments: [{ name: "cut", stream: slowly(bytes, gate), size: bytes.length }] });
    await eventually(() => expect(only(sent).sent).to.be.greaterThan(0));
    link.takeDown();
    open();
    await eventually(() => expect(alice.connection).to.equal("reconnecting"));
    link.restore();
    await sent.reached("delivered", { timeout: 60_000 });
    expect(
      Buffer.compare(
        await only(await arrived)
          .download()
          .bytes(),
        bytes,
      ),
    ).to.equal(0);
  });

  it("come down in spite of cuts, from where they were", async () => {
    const bytes = randomBytes(8 * mebibyte);
    const arrived = nextFor(bob);
    const chat = await alice.direct("bob");
    await chat.send({ attachments: [{ name: "down", data: bytes }] }).reached("delivered", { timeout: 60_000 });
    let cuts = 0;
    const chunks: Uint8Array[] = [];
    let read = 0;
    for await (const chunk of only(await arrived).download()) {
      chunks.push(chunk);
      read += chunk.length;
      if (read > (cuts + 1) * 2 * mebibyte && cuts < 3) {
        cuts += 1;
        link.cut();
      }
    }
    expect(cuts).to.equal(3);
    expect(Buffer.concat(chunks).equals(bytes)).to.equal(true);
  });

  it("go on after a restart of the client, from a file and from little data", async () => {
    const bytes = randomBytes(5 * mebibyte);
    const path = join(folder, "restart.bin");
    await writeFile(path, bytes);
    const small = randomBytes(1000);
    const store = memoryStore();
    const carol = await people.online("carol", { store, files: nodeFiles });
    const chat = await carol.direct("bob");
    await chat.send("hello").reached("delivered", { timeout: 60_000 });
    const sent = chat.send({ text: "again", attachments: [{ path }, { name: "small", data: small }] });
    await eventually(() => expect(sent.attachments[0]!.sent).to.be.greaterThan(0), 30_000, 1);
    link.hold("up");
    const before = sent.state;
    people.forget(carol);
    await carol.close();
    link.release();
    expect(before).to.equal("queued");
    const arrived = nextFor(bob);
    const again = await people.online("carol", { store, files: nodeFiles });
    const [waiting] = (await again.direct("bob")).unsent();
    expect(waiting!.text).to.equal("again");
    await waiting!.reached("delivered", { timeout: 60_000 });
    const { attachments } = await arrived;
    expect(Buffer.compare(await attachments[0]!.download().bytes(), bytes)).to.equal(0);
    expect(Buffer.compare(await attachments[1]!.download().bytes(), small)).to.equal(0);
  });

  it("fail with a code after a restart where a stream or a changed file cannot be read again, and take nothing along", async () => {
    const store = memoryStore();
    const path = join(folder, "changing.bin");
    await writeFile(path, randomBytes(3 * mebibyte));
    const dave = await people.online("dave", { store, files: nodeFiles });
    const chat = await dave.direct("bob");
    await chat.send("hello").reached("delivered", { timeout: 60_000 });
    link.hold("up");
    chat.send({ text: "a file", attachments: [{ path }] });
    chat.send({
      text: "a stream",
      attachments: [{ name: "s", stream: new Blob([randomBytes(10)]).stream(), size: 10 }],
    });
    const plain = "what comes after";
    chat.send(plain);
    await new Promise((resolve) => setImmediate(resolve));
    people.forget(dave);
    await dave.close();
    link.release();
    await appendFile(path, "more");
    const arrived = nextFor(bob);
    const again = await people.online("dave", { store, files: nodeFiles });
    const unsent = (await again.direct("bob")).unsent();
    await Promise.all(
      unsent
        .filter(({ attachments }) => attachments.length > 0)
        .map((message) => refusal(message.reached("delivered"), "source-lost")),
    );
    expect((await arrived).text).to.equal(plain);
  });

  it("fail with the node's word where they are too large, and the rest goes on", async () => {
    const chat = await alice.direct("bob");
    const sent = chat.send({ text: "much", attachments: [{ name: "m", data: new Uint8Array(16 * mebibyte) }] });
    const after = chat.send("little");
    await refusal(sent.reached("accepted", { timeout: 60_000 }), "too-large");
    await after.reached("delivered", { timeout: 60_000 });
  });

  it("refuse at once what cannot be sent", async () => {
    const chat = await alice.direct("bob");
    const data = new Uint8Array(1);
    const refused = (attachments: object[]) =>
      refusal(() => chat.send({ attachments: attachments as never }), "invalid-argument");
    await refused([{ name: "", data }]);
    await refused([{ name: "x".repeat(256), data }]);
    await refused([{ name: "x", type: "no type\n", data }]);
    await refused([{ name: "x" }]);
    await refused([{ name: "x", data, path: "/etc/hosts" }]);
    await refused([{ name: "x", stream: new Blob([data]).stream() }]);
    await refused([{ path: join(folder, "missing") }]);
    await refused([{ path: folder }]);
    await refused([{ name: "x", data, preview: new Uint8Array(limits.attachmentPreviewBytes + 1) }]);
    await refused(Array.from({ length: 11 }, () => ({ name: "x", data })));
    await refused([]);
    const previews = Array.from({ length: 9 }, () => ({ name: "x", data, preview: new Uint8Array(16 * 1024) }));
    await refusal(() => chat.send({ attachments: previews }), "too-large");
    await refusal(
      async () => (await bob.direct("alice")).send({ attachments: [{ path: "/etc/hosts" }] }),
      "invalid-argument",
    );
  });

  it("leave no name, type, preview or byte of theirs at the node", async () => {
    const secret = "s3cret-name-that-nobody-else-has";
    const bytes = Buffer.from(`${secret} `.repeat(50_000));
    const chat = await alice.direct("bob");
    const input = { name: `${secret}.txt`, type: `text/${secret}`, data: bytes, preview: Buffer.from(secret) };
    await chat.send({ text: secret, attachments: [input] }).reached("delivered", { timeout: 60_000 });
    const files = await readdir(join(folder, "data"), { recursive: true, withFileTypes: true });
    let looked = 0;
    for (const entry of files.filter((one) => one.isFile())) {
      const content = await readFile(join(entry.parentPath, entry.name));
      looked += content.length;
      expect(content.includes(secret), entry.name).to.equal(false);
    }
    expect(looked).to.be.greaterThan(mebibyte);
  });

  it("are not fetched further once the reader lets go", async () => {
    const bytes = randomBytes(6 * mebibyte);
    const arrived = nextFor(bob);
    const chat = await alice.direct("bob");
    await chat.send({ attachments: [{ name: "long", data: bytes }] }).reached("delivered", { timeout: 60_000 });
    const attachment = only(await arrived);
    for await (const chunk of attachment.download()) {
      expect(chunk.length).to.be.greaterThan(0);
      break;
    }
    const stop = new AbortController();
    const reading = attachment.download({ signal: stop.signal, onProgress: () => stop.abort() }).bytes();
    await refusal(reading, "aborted");
    expect(people.faults).to.deep.equal([]);
  });
});
