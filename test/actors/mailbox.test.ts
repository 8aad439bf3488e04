import { expect } from "chai";
import { Mailboxes, type MailboxOptions, type Work } from "../../src/actors/mailbox.ts";
import { codeOf } from "../support/device-socket.ts";

const roomy: MailboxOptions<number> = { capacity: 100, totalWeight: 1000, batch: 10, retryAfterMs: 50 };

/** Work that waits until it is let go, batch by batch. */
class HeldWork {
  readonly batches: { key: string; items: readonly number[]; finish(results?: (number | Error)[]): void }[] = [];
  readonly work: Work<string, number, number> = (key, items) =>
    new Promise((resolve) => {
      this.batches.push({ key, items, finish: (results) => resolve(results ?? items.map((item) => item * 2)) });
    });
}

const turns = () => new Promise((resolve) => setImmediate(resolve));

describe("a mailbox", () => {
  it("works one batch at a time, in the order of arrival", async () => {
    const held = new HeldWork();
    const mailboxes = new Mailboxes(held.work, roomy);
    const first = [1, 2].map((item) => mailboxes.post("a", item));
    await turns();
    const second = [3, 4, 5].map((item) => mailboxes.post("a", item));
    await turns();
    expect(held.batches.map(({ items }) => items)).to.deep.equal([[1, 2]]);
    held.batches[0]!.finish();
    expect(await Promise.all(first)).to.deep.equal([2, 4]);
    await turns();
    expect(held.batches.map(({ items }) => items)).to.deep.equal([
      [1, 2],
      [3, 4, 5],
    ]);
    held.batches[1]!.finish();
    expect(await Promise.all(second)).to.deep.equal([6, 8, 10]);
  });

  it("works different keys side by side", async () => {
    const held = new HeldWork();
    const mailboxes = new Mailboxes(held.work, roomy);
    const posted = [mailboxes.post("a", 1), mailboxes.post("b", 2)];
    await turns();
    expect(held.batches.map(({ key }) => key)).to.deep.equal(["a", "b"]);
    for (const batch of held.batches) batch.finish();
    expect(await Promise.all(posted)).to.deep.equal([2, 4]);
  });

  it("refuses with `overloaded` when it is full, and takes again when there is room", async () => {
    const held = new HeldWork();
    const mailboxes = new Mailboxes(held.work, { ...roomy, capacity: 2, batch: 1 });
    const taken = [mailboxes.post("a", 1)];
    await turns();
    taken.push(mailboxes.post("a", 2), mailboxes.post("a", 3));
    expect(await codeOf(mailboxes.post("a", 4))).to.equal("overloaded");
    taken.push(mailboxes.post("b", 5));
    while (mailboxes.load.items > 0) {
      held.batches.shift()?.finish();
      await turns();
    }
    expect(await Promise.all(taken)).to.deep.equal([2, 4, 6, 10]);
    const again = mailboxes.post("a", 6);
    await turns();
    held.batches.shift()!.finish();
    expect(await again).to.equal(12);
  });

  it("bounds what all mailboxes hold together, what is being worked included", async () => {
    const held = new HeldWork();
    const mailboxes = new Mailboxes(held.work, { ...roomy, totalWeight: 10, weigh: (item) => item });
    const taken = [mailboxes.post("a", 6), mailboxes.post("b", 4)];
    await turns();
    expect(await codeOf(mailboxes.post("c", 1))).to.equal("overloaded");
    for (const batch of held.batches) batch.finish();
    await Promise.all(taken);
    await turns();
    const again = mailboxes.post("c", 1);
    await turns();
    held.batches.at(-1)!.finish();
    expect(await again).to.equal(2);
  });

  it("ends a batch where items may not share one", async () => {
    const held = new HeldWork();
    const isOdd = (item: number) => item % 2 === 1;
    const mayShareBatch = (first: number, next: number) => isOdd(first) && isOdd(next);
    const mailboxes = new Mailboxes(held.work, { ...roomy, mayShareBatch });
    const posted = [1, 3, 2, 4, 5, 7].map((item) => mailboxes.post("a", item));
    for (let turn = 0; turn < 4; turn += 1) {
      await turns();
      held.batches[turn]!.finish();
    }
    await Promise.all(posted);
    expect(held.batches.map(({ items }) => items)).to.deep.equal([[1, 3], [2], [4], [5, 7]]);
  });

  it("fails one item by an error in its place, and the whole batch by a rejection, and goes on", async () => {
    let fails = true;
    const mailboxes = new Mailboxes<string, number, number>((_key, items) => {
      if (fails) return Promise.reject(new Error("no database"));
      return Promise.resolve(items.map((item) => (item === 2 ? new Error("only this") : item)));
    }, roomy);
    const failed = await Promise.allSettled([1, 2].map((item) => mailboxes.post("a", item)));
    expect(failed.map(({ status }) => status)).to.deep.equal(["rejected", "rejected"]);
    fails = false;
    const settled = await Promise.allSettled([1, 2, 3].map((item) => mailboxes.post("a", item)));
    expect(settled.map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected", "fulfilled"]);
  });

  it("keeps nothing of an actor that is idle, and flushes what is not", async () => {
    const held = new HeldWork();
    const mailboxes = new Mailboxes(held.work, roomy);
    const posted = mailboxes.post("a", 1);
    let isFlushed = false;
    const flushed = mailboxes.flush().then(() => (isFlushed = true));
    await turns();
    expect([mailboxes.load, isFlushed]).to.deep.equal([{ active: 1, items: 1 }, false]);
    held.batches[0]!.finish();
    await Promise.all([posted, flushed]);
    expect(mailboxes.load).to.deep.equal({ active: 0, items: 0 });
  });
});
