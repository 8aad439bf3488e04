import { expect } from "chai";
import { rejection } from "../contracts/client-store.contract.ts";
import { KeptChromium } from "../support/browser/chromium.ts";
import { StoreTabs, type StoreTab } from "../support/browser/store-tabs.ts";

describe("what a store in a browser leaves on the disk", () => {
  let tabs: StoreTabs;
  before(async () => {
    tabs = await StoreTabs.start();
  });
  after(() => tabs.close());
  beforeEach(() => tabs.beginAnew());
  afterEach(() => expect(tabs.uncaught).to.deep.equal([]));
  const tab = (kept?: KeptChromium): Promise<StoreTab> => tabs.open(kept?.context);

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

  it("refuses what there is no room for, and keeps what it has promised", async () => {
    const one = await tab();
    const session = await one.page.context().newCDPSession(one.page);
    await session.send("Storage.overrideQuotaForOrigin", { origin: tabs.origin, quotaSize: 500_000 });
    await one("open", "s");
    await one("write", "s", { a: "1" });
    const refused = await rejection(one("writeNoise", "s", 2_000_000));
    expect(refused.code).to.equal("store-unreadable");
    expect(refused.message).to.include("Free some space");
    expect((await rejection(one("write", "s", { b: "2" }))).code).to.equal("store-unreadable");
    await one("close", "s");
    await session.send("Storage.overrideQuotaForOrigin", { origin: tabs.origin });
    await one("open", "s");
    expect(await one("read", "s")).to.deep.equal({ a: "1" });
  });

  it("is what was written, after the browser was killed", async () => {
    const kept = await KeptChromium.start();
    try {
      const before = await tab(kept);
      await before("open", "s");
      await before("write", "s", { a: "1", b: "2" }, false);
      await kept.killAndStartAgain();
      const later = await tab(kept);
      await later("open", "s");
      expect(await later("read", "s")).to.deep.equal({ a: "1", b: "2" });
    } finally {
      await kept.close();
    }
  });

  describe("asks the browser to be kept", () => {
    let kept: KeptChromium;
    before(async () => {
      kept = await KeptChromium.start();
    });
    after(() => kept.close());

    it("once, or leaves that to the page", async () => {
      const one = await tab(kept);
      await one("open", "left", { askToPersist: false });
      expect(await one("isPersistent", "left")).to.equal(false);
      expect(await one("timesAsked")).to.equal(0);
      await one("open", "s");
      await one("isPersistent", "s");
      expect(await one("timesAsked")).to.equal(1);
    });

    for (const permission of ["granted", "denied"] as const) {
      it(`and says what that has answered: ${permission}`, async () => {
        const one = await tab(kept);
        const session = await kept.context.newCDPSession(one.page);
        const setting = { permission: { name: "persistent-storage" }, setting: permission, origin: tabs.origin };
        await session.send("Browser.setPermission", setting);
        await one("open", permission);
        expect(await one("isPersistent", permission)).to.equal(permission === "granted");
      });
    }
  });
});
