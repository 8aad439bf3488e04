import { expect } from "chai";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { rejection } from "../contracts/client-store.contract.ts";
import { callsTo } from "../support/browser/calls.ts";
import { KeptChromium, startChromium } from "../support/browser/chromium.ts";
import { PageServer } from "../support/browser/page-server.ts";
import type { ContractActions } from "../support/browser/pages/contract-page.ts";
import type { StoreActions } from "../support/browser/pages/store-page.ts";

describe("a store in a browser", () => {
  let pages: PageServer;
  let browser: Browser;
  let context: BrowserContext;

  before(async () => {
    pages = await PageServer.start();
    browser = await startChromium();
  });
  after(async () => {
    await browser.close();
    await pages.close();
  });
  beforeEach(async () => {
    context = await browser.newContext();
  });
  afterEach(() => context.close());

  /** A tab of the test's browser context, with stores in it. */
  async function tab(
    place: BrowserContext = context,
  ): Promise<ReturnType<typeof callsTo<StoreActions>> & { page: Page }> {
    const page = await place.newPage();
    await page.goto(`${pages.url}/store`);
    return Object.assign(callsTo<StoreActions>(page), { page });
  }

  it("keeps what every client store promises", async () => {
    const page = await context.newPage();
    await page.goto(`${pages.url}/contract`);
    const { passed, failed } = await callsTo<ContractActions>(page)("runContract");
    expect(failed).to.deep.equal([]);
    expect(passed.length).to.be.greaterThan(20);
  });

  describe("what lies on the disk", () => {
    it("shows no table, id or value", async () => {
      const one = await tab();
      await one("open", "s");
      await one("write", "s", { "an-id-to-look-for": "a value to look for" });
      const { frames, text } = await one("raw", "s");
      expect(frames).to.equal(1);
      for (const word of ["notes", "an-id-to-look-for", "a value to look for", "correct horse"]) {
        expect(text).to.not.include(word);
      }
    });

    it("opens with its passphrase alone, and is not harmed by another", async () => {
      const one = await tab();
      await one("open", "s");
      await one("write", "s", { a: "1" });
      await one("close", "s");
      for (const wrong of [{ passphrase: "wrong horse" }, { key: Array<number>(32).fill(1) }]) {
        const error = await rejection(one("open", "s", wrong));
        expect(error.code).to.equal("store-unreadable");
        expect(error.message).to.match(/The (passphrase|key) is wrong/);
      }
      await one("open", "s");
      expect(await one("read", "s")).to.deep.equal({ a: "1" });
    });

    it("opens with the key of 32 bytes that it was made with, and with no other", async () => {
      const one = await tab();
      const key = Array<number>(32).fill(7);
      await one("open", "s", { key });
      await one("write", "s", { a: "1" });
      await one("close", "s");
      for (const wrong of [{ key: Array<number>(32).fill(8) }, { passphrase: "correct horse" }]) {
        expect((await rejection(one("open", "s", wrong))).code).to.equal("store-unreadable");
      }
      for (const unfit of [{ key: [1, 2, 3] }, { passphrase: "" }]) {
        expect((await rejection(one("open", "s", unfit))).code).to.equal("invalid-argument");
      }
      await one("open", "s", { key });
      expect(await one("read", "s")).to.deep.equal({ a: "1" });
    });

    for (const how of ["leave out", "flip a bit", "take another's"] as const) {
      it(`is store-unreadable when somebody has tampered with it: ${how}`, async () => {
        const one = await tab();
        await one("open", "s");
        await one("write", "s", { a: "1", b: "2", c: "3", d: "4" }, false);
        await one("close", "s");
        await one("spoil", "s", 3, how);
        expect((await rejection(one("open", "s"))).code).to.equal("store-unreadable");
      });
    }

    it("gives room back when most of it is of no use any more, and keeps what is", async () => {
      const one = await tab();
      await one("open", "s");
      await one("write", "s", { kept: "kept" });
      const large = "x".repeat(300_000);
      for (let round = 0; round < 8; round++) await one("write", "s", { large: `${round}${large}` });
      expect((await one("raw", "s")).bytes).to.be.lessThan(1_500_000);
      expect(await one("read", "s")).to.deep.equal({ kept: "kept", large: `7${large}` });
      await one("close", "s");
      await one("open", "s");
      expect(await one("read", "s")).to.deep.equal({ kept: "kept", large: `7${large}` });
    });

    it("is rid, when it is opened, of a rewriting that was not finished", async () => {
      const one = await tab();
      await one("open", "s");
      await one("write", "s", { a: "1" });
      await one("close", "s");
      const { frames } = await one("raw", "s");
      await one("leaveADraft", "s");
      await one("open", "s");
      expect(await one("read", "s")).to.deep.equal({ a: "1" });
      expect((await one("raw", "s")).frames).to.equal(frames);
    });

    it("is there before a write is answered: the transaction is over, and the disk was told", async () => {
      const one = await tab();
      await one("open", "s");
      expect(await one("stepsOfAWrite", "s")).to.deep.equal(["complete strict", "answered"]);
    });

    it("is what was written, after the browser was killed", async () => {
      const kept = await KeptChromium.start();
      try {
        const before = await tab(kept.context);
        await before("open", "s");
        await before("write", "s", { a: "1", b: "2" }, false);
        await kept.killAndStartAgain();
        const later = await tab(kept.context);
        await later("open", "s");
        expect(await later("read", "s")).to.deep.equal({ a: "1", b: "2" });
      } finally {
        await kept.close();
      }
    });
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
      await session.send("Storage.clearDataForOrigin", { origin: pages.url, storageTypes: "indexeddb" });
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

    it("is told as evicted to who knows that it was made, where the page cannot know", async () => {
      const one = await tab();
      expect((await rejection(one("open", "s", { mustExist: true }))).code).to.equal("storage-evicted");
      await one("open", "s");
    });
  });

  describe("asks the browser to be kept", () => {
    let kept: KeptChromium;
    before(async () => {
      kept = await KeptChromium.start();
    });
    after(() => kept.close());

    it("once, or leaves that to the page", async () => {
      const one = await tab(kept.context);
      await one("open", "left", { askToPersist: false });
      expect(await one("timesAsked")).to.equal(0);
      await one("open", "s");
      await one("isPersistent", "s");
      expect(await one("timesAsked")).to.equal(1);
    });

    for (const permission of ["granted", "denied"] as const) {
      it(`and says what that has answered: ${permission}`, async () => {
        const one = await tab(kept.context);
        const session = await kept.context.newCDPSession(one.page);
        const setting = { permission: { name: "persistent-storage" }, setting: permission, origin: pages.url };
        await session.send("Browser.setPermission", setting);
        await one("open", permission);
        expect(await one("isPersistent", permission)).to.equal(permission === "granted");
      });
    }
  });
});
