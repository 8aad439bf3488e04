import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileStore } from "../../../src/client/stores/file-store.ts";
import { JournalFile } from "../../../src/client/stores/file-store/journal-file.ts";
import type { OpenClientStore } from "../../../src/client/stores/client-store.ts";
import { rejection } from "../../contracts/client-store.contract.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const kdf = { opslimit: 1, memlimitBytes: 8192 };
const text = (value: string) => new TextEncoder().encode(value);
const openFolder = (folder: string, passphrase = "correct horse") => fileStore(folder, { passphrase, kdf }).open();

describe("a store in a folder, when things go wrong", () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let path: string;

  beforeEach(async () => {
    folder = await tempFolder();
    path = join(folder.path, "store");
  });
  afterEach(() => folder.remove());

  /** Three batches, as they lie on the disk before the store is closed, and after. */
  async function threeBatches(): Promise<{ open: Buffer; closed: Buffer; ends: number[] }> {
    const store = await openFolder(path);
    const ends: number[] = [(await stat(join(path, "journal"))).size];
    for (const batch of ["one", "two", "three"]) {
      await store.write([
        { table: "t", id: "latest", bytes: text(batch) },
        { table: "t", id: batch, bytes: text(batch) },
      ]);
      ends.push((await stat(join(path, "journal"))).size);
    }
    const open = await readFile(join(path, "journal"));
    await store.close();
    return { open, closed: await readFile(join(path, "journal")), ends };
  }

  async function withJournal(journal: Uint8Array, use: (store: OpenClientStore) => Promise<unknown>): Promise<void> {
    await rm(path, { recursive: true });
    await mkdir(path);
    await writeFile(join(path, "journal"), journal);
    const store = await openFolder(path);
    try {
      await use(store);
    } finally {
      await store.close();
    }
  }

  const contents = async (store: OpenClientStore) =>
    Object.fromEntries((await store.list("t")).map(({ id, bytes }) => [id, new TextDecoder().decode(bytes)]));
  const upToTwo = { latest: "two", one: "one", two: "two" };
  const upToThree = { latest: "three", one: "one", two: "two", three: "three" };

  it("a write is answered after the disk has been told to keep it, not before", async () => {
    const store = await openFolder(path);
    const steps: string[] = [];
    const { sync } = JournalFile.prototype;
    JournalFile.prototype.sync = async function (this: JournalFile) {
      await sync.call(this);
      await new Promise((resolve) => setImmediate(resolve));
      steps.push("kept");
    };
    try {
      await store.write([{ table: "t", id: "one", bytes: text("one") }]);
      steps.push("answered");
    } finally {
      JournalFile.prototype.sync = sync;
    }
    expect(steps).to.deep.equal(["kept", "answered"]);
    await store.close();
  });

  it("a torn tail, at any byte of the last batch, is cut off at the last whole batch, and writing goes on", async () => {
    const { open, ends } = await threeBatches();
    for (let length = ends[2]!; length < ends[3]!; length++) {
      await withJournal(open.subarray(0, length), async (store) => {
        expect(await contents(store), `cut at ${length}`).to.deep.equal(upToTwo);
        await store.write([{ table: "t", id: "three", bytes: text("anew") }]);
      });
    }
    await withJournal(open, async (store) => expect(await contents(store)).to.deep.equal(upToThree));
  });

  it("a tail that was never filled is cut off too, and what is written behind it is found again", async () => {
    const { open, ends } = await threeBatches();
    await withJournal(Buffer.concat([open.subarray(0, ends[2]), Buffer.alloc(5000)]), async (store) => {
      expect(await contents(store)).to.deep.equal(upToTwo);
      await store.write([{ table: "t", id: "more", bytes: text("more") }]);
    });
    const again = await openFolder(path);
    expect(await contents(again)).to.deep.equal({ ...upToTwo, more: "more" });
    await again.close();
  });

  it("a flipped bit anywhere before the last frame is told as store-unreadable, and never gives other content", async () => {
    const { closed, ends } = await threeBatches();
    for (let at = 0; at < closed.length; at++) {
      const flipped = Buffer.from(closed);
      flipped[at]! ^= 1 << (at % 8);
      const opened = withJournal(flipped, async (store) => expect(await contents(store)).to.deep.equal(upToThree));
      if (at < ends[3]!) expect((await rejection(opened)).code, `byte ${at}`).to.equal("store-unreadable");
      else await opened;
    }
  });

  it("a flipped bit in the last batch of a crashed process loses that batch at most", async () => {
    const { open, ends } = await threeBatches();
    for (let at = ends[2]!; at < open.length; at += 5) {
      const flipped = Buffer.from(open);
      flipped[at]! ^= 0x10;
      await withJournal(flipped, async (store) => expect(await contents(store)).to.deep.equal(upToTwo));
    }
  });

  it("frames that were swapped, left out, or taken from another file are store-unreadable", async () => {
    const { closed, ends } = await threeBatches();
    const part = (from: number, to: number) => closed.subarray(ends[from], ends[to]);
    const start = closed.subarray(0, ends[0]);
    const end = closed.subarray(ends[3]);
    for (const frames of [
      [part(1, 2), part(0, 1), part(2, 3)],
      [part(0, 1), part(2, 3)],
      [part(0, 2), part(1, 3)],
    ]) {
      const opened = withJournal(Buffer.concat([start, ...frames, end]), async () => undefined);
      expect((await rejection(opened)).code).to.equal("store-unreadable");
    }
  });

  it("a header that was cut short, or is of something else, is store-unreadable", async () => {
    const { closed, ends } = await threeBatches();
    for (const journal of [closed.subarray(0, ends[0]! - 1), Buffer.alloc(0), Buffer.from("something else entirely")]) {
      expect((await rejection(withJournal(journal, async () => undefined))).code).to.equal("store-unreadable");
    }
  });

  it("a wrong passphrase is store-unreadable, harms nothing, and lets go of the lock", async () => {
    await threeBatches();
    expect((await rejection(openFolder(path, "Correct horse"))).code).to.equal("store-unreadable");
    const store = await openFolder(path);
    expect(await contents(store)).to.deep.equal(upToThree);
    await store.close();
  });

  it("a process killed in the middle of writing loses nothing that it was promised", async () => {
    for (let round = 0; round < 3; round++) {
      const promised = await killedWriter(path, 40 + round * 150);
      const store = await openFolder(path);
      const log = (await store.list("log")).map(({ id }) => Number(id));
      expect(log.length).to.be.at.least(promised);
      expect(log).to.deep.equal(Array.from(log, (_, index) => index + 1));
      const last = log.length;
      for (const { id, bytes } of await store.list("t")) {
        expect(new TextDecoder().decode(bytes)).to.equal(`${last}/${id.slice(2)}`.repeat(1 + (last % 40)));
      }
      await store.close();
      await rm(path, { recursive: true });
    }
  });

  it("another process cannot open it until its owner has died", async () => {
    const child = startWriter(path);
    await once(child.lines, "line");
    const refused = await rejection(openFolder(path));
    expect(refused.code).to.equal("store-locked");
    expect(refused.message).to.contain(String(child.process.pid));
    child.process.kill("SIGKILL");
    await once(child.process, "close");
    await (await openFolder(path)).close();
  });

  it("of many who find a dead owner's lock, one takes it over", async () => {
    await (await openFolder(path)).close();
    for (let round = 1; round <= 10; round++) {
      await writeFile(join(path, `lock.${round * 100}`), JSON.stringify({ pid: 1, started: "long ago" }));
      const opened = await Promise.allSettled(Array.from({ length: 8 }, () => openFolder(path)));
      const holders = opened.filter((result) => result.status === "fulfilled");
      expect(holders).to.have.length(1);
      for (const result of opened) {
        if (result.status === "rejected") expect(result.reason).to.have.property("code", "store-locked");
      }
      await holders[0]!.value.close();
    }
  });

  it("keeps folder and files to their owner, and leaves nothing else lying about", async () => {
    await threeBatches();
    expect((await stat(path)).mode & 0o777).to.equal(0o700);
    const names = await readdir(path);
    expect(names.filter((name) => name !== "journal" && !/^lock\.\d+$/.test(name))).to.deep.equal([]);
    for (const name of names) expect((await stat(join(path, name))).mode & 0o777).to.equal(0o600);
  });

  it("shows no table, id or value on the disk", async () => {
    const store = await openFolder(path);
    await store.write([{ table: "table-in-clear", id: "id-in-clear", bytes: text("value-in-clear") }]);
    await store.close();
    const journal = await readFile(join(path, "journal"), "latin1");
    expect(journal).to.not.contain("in-clear");
  });

  it("gives room back when most of the file is of no use any more, and keeps what is", async () => {
    const store = await openFolder(path);
    const kept = Array.from({ length: 50 }, (_, index) => ({
      table: "kept",
      id: `k-${index}`,
      bytes: text(`kept ${index}`),
    }));
    await store.write(kept);
    let largest = 0;
    for (let round = 0; round < 60; round++) {
      await store.write([{ table: "state", id: "ratchet", bytes: new Uint8Array(100_000).fill(round) }]);
      largest = Math.max(largest, (await stat(join(path, "journal"))).size);
    }
    expect(largest).to.be.below(2_000_000);
    await store.close();
    const again = await openFolder(path);
    expect(await again.list("kept")).to.have.length(50);
    expect((await again.get("state", "ratchet"))![0]).to.equal(59);
    await again.close();
  });

  it("reads on while the file is being replaced", async () => {
    const store = await openFolder(path);
    const large = new Uint8Array(300_000).fill(7);
    await store.write(Array.from({ length: 10 }, (_, index) => ({ table: "t", id: `${index}`, bytes: large })));
    const writes = Array.from({ length: 40 }, () => store.write([{ table: "s", id: "s", bytes: large }]));
    const reads = Array.from({ length: 40 }, async () => {
      for (const { bytes } of await store.list("t"))
        expect(bytes.length === 300_000 && bytes.every((byte) => byte === 7)).to.equal(true);
    });
    await Promise.all([...writes, ...reads]);
    await store.close();
  });

  it("a replacement that was not finished is forgotten", async () => {
    const { closed } = await threeBatches();
    await cp(join(path, "journal"), join(path, "journal.new"));
    await truncate(join(path, "journal.new"), Math.floor(closed.length / 2));
    const store = await openFolder(path);
    expect(await contents(store)).to.deep.equal(upToThree);
    await store.close();
    expect(await readdir(path)).to.not.include("journal.new");
  });
});

function startWriter(folder: string) {
  const writer = new URL("file-store-writer.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, ["--import", "tsx", writer, folder], { stdio: ["ignore", "pipe", "inherit"] });
  return { process: child, lines: createInterface({ input: child.stdout }) };
}

/** Kills a writer once it has been promised about `count` batches; returns how many in the end. */
async function killedWriter(folder: string, count: number): Promise<number> {
  const child = startWriter(folder);
  let promised = 0;
  child.lines.on("line", (line) => {
    if (line === "open") return;
    promised = Number(line);
    if (promised === count) child.process.kill("SIGKILL");
  });
  await Promise.all([once(child.process, "close"), once(child.lines, "close")]);
  return promised;
}
