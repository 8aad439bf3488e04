import { expect } from "chai";
import type { Page } from "playwright-core";
import { rejection } from "../contracts/client-store.contract.ts";
import { callsTo } from "../support/browser/calls.ts";
import type { ContractActions } from "../support/browser/pages/contract-page.ts";
import { StoreTabs, type StoreTab } from "../support/browser/store-tabs.ts";

describe("a store in a browser", () => {
  let tabs: StoreTabs;
  before(async () => {
    tabs = await StoreTabs.start();
  });
  after(() => tabs.close());
  beforeEach(() => tabs.beginAnew());
  afterEach(() => expect(tabs.uncaught).to.deep.equal([]));
  const tab = (): Promise<StoreTab> => tabs.open();

  it("keeps what every client store promises", async () => {
    const { passed, failed } = await callsTo<ContractActions>(await tabs.page("/contract"))("runContract");
    expect(failed).to.deep.equal([]);
    expect(passed.length).to.be.greaterThan(20);
  });

  describe("in two tabs", () => {
    it("is refused to the second one, and free when the first has closed it, or is gone", async () => {
      const [one, two] = [await tab(), await tab()];
      await one("open", "s");
      expect((await rejection(two("open", "s"))).code).to.equal("store-locked");
      await one("close", "s");
      await two("open", "s");
      expect((await rejection(one("open", "s"))).code).to.equal("store-locked");
      await two.page.close();
      await one("open", "s", { whenLocked: "wait" });
    });

    it("is waited for, until the first one closes it", async () => {
      const [one, two] = [await tab(), await tab()];
      await one("open", "s");
      let isOpen = false;
      const waiting = two("open", "s", { whenLocked: "wait" }).then(() => (isOpen = true));
      await one("write", "s", { a: "1" });
      expect(isOpen).to.equal(false);
      await one("close", "s");
      await waiting;
      expect(await two("read", "s")).to.deep.equal({ a: "1" });
    });

    it("is waited for no longer than somebody wants to", async () => {
      const [one, two] = [await tab(), await tab()];
      await one("open", "s");
      const waiting = rejection(two("open", "s", { whenLocked: "wait" }));
      await two("stopWaiting", "s");
      expect((await waiting).code).to.equal("aborted");
      await one("write", "s", { a: "1" });
    });

    it("may be taken over: the first is told, reads and writes nothing more, and is not in the way", async () => {
      const [one, two] = [await tab(), await tab()];
      await one("open", "s");
      await one("write", "s", { a: "1" });
      const lost = one("lost", "s");
      await two("open", "s", { whenLocked: "take-over" });
      expect(await lost).to.equal("store-locked");
      expect((await rejection(one("write", "s", { a: "2" }))).code).to.equal("store-locked");
      expect((await rejection(one("read", "s"))).code).to.equal("store-locked");
      await one("close", "s");
      await two("write", "s", { b: "2" });
      expect(await two("read", "s")).to.deep.equal({ a: "1", b: "2" });
      expect((await rejection(one("open", "s"))).code).to.equal("store-locked");
    });

    it("is not taken over by who has not got the passphrase", async () => {
      const [one, two] = [await tab(), await tab()];
      await one("open", "s");
      const wrong = { whenLocked: "take-over" as const, passphrase: "wrong horse" };
      expect((await rejection(two("open", "s", wrong))).code).to.equal("store-unreadable");
      await one("write", "s", { a: "1" });
      expect(await one("read", "s")).to.deep.equal({ a: "1" });
    });

    it("is written by one alone, even where the first hears nothing of being taken over", async () => {
      const [one, two] = [await tab(), await tab()];
      await one("deafen");
      await one("open", "s");
      await one("write", "s", { a: "1" });
      await two("open", "s", { whenLocked: "take-over" });
      expect((await rejection(one("write", "s", { a: "2" }))).code).to.equal("store-locked");
      await two("write", "s", { b: "2" });
      await two("close", "s");
      await two("open", "s");
      expect(await two("read", "s")).to.deep.equal({ a: "1", b: "2" });
    });

    it("leaves nobody waiting who has lost it, not even for what the browser never answers", async () => {
      const [one, two] = [await tab(), await tab()];
      await one("open", "s");
      await one("hearNothingMore");
      const waiting = rejection(one("write", "s", { a: "1" }));
      await two("open", "s", { whenLocked: "take-over" });
      expect((await waiting).code).to.equal("store-locked");
      await one("close", "s");
    });

    it("is taken over in the middle of writing without losing what was promised, or taking in anything later", async () => {
      const [one, two] = [await tab(), await tab()];
      await one("open", "s");
      const refused = one("writeUntilRefused", "s");
      await two("open", "s", { whenLocked: "take-over" });
      const found = await two("read", "s");
      const { code, last } = await refused;
      expect(code).to.equal("store-locked");
      expect(Number(found["count"])).to.be.at.least(last);
      expect(await two("read", "s")).to.deep.equal(found);
      await two("close", "s");
      await two("open", "s");
      expect(await two("read", "s")).to.deep.equal(found);
    });
  });

  describe("that the browser has thrown away", () => {
    const evict = async (page: Page) => {
      const session = await page.context().newCDPSession(page);
      await session.send("Storage.clearDataForOrigin", { origin: tabs.origin, storageTypes: "indexeddb" });
    };

    it("is told as evicted to who has it open, and not replaced by a new one in silence", async () => {
      const one = await tab();
      await one("open", "s");
      await one("write", "s", { a: "1" });
      const lost = one("lost", "s");
      await evict(one.page);
      expect(await lost).to.equal("storage-evicted");
      expect((await rejection(one("write", "s", { a: "2" }))).code).to.equal("storage-evicted");
      await one("close", "s");
      for (const attempt of [1, 2]) {
        expect((await rejection(one("open", "s"))).code, `attempt ${attempt}`).to.equal("storage-evicted");
      }
    });

    it("is told as evicted to who opens it later, until it is forgotten", async () => {
      const one = await tab();
      await one("open", "s");
      await one("close", "s");
      await one("open", "other");
      await evict(one.page);
      await one.page.reload();
      expect((await rejection(one("open", "s"))).code).to.equal("storage-evicted");
      await one("forget", "s");
      await one("open", "s");
      expect(await one("read", "s")).to.deep.equal({});
    });

    it("is lost to who has it open when another forgets it, and begins anew", async () => {
      const [one, two] = [await tab(), await tab()];
      await one("open", "s");
      await one("write", "s", { a: "1" });
      const lost = one("lost", "s");
      await two("forget", "s");
      expect(await lost).to.equal("storage-evicted");
      await one("close", "s");
      await two("open", "s");
      expect(await two("read", "s")).to.deep.equal({});
    });

    it("is told as evicted to who knows that it was made, where the page cannot know", async () => {
      const one = await tab();
      expect((await rejection(one("open", "s", { mustExist: true }))).code).to.equal("storage-evicted");
      await one("open", "s");
    });
  });
});
