import { expect } from "chai";
import type { Browser } from "playwright-core";
import { sodium, sodiumReady } from "../../src/identity/sodium.ts";
import { callsTo } from "../support/browser/calls.ts";
import { startChromium } from "../support/browser/chromium.ts";
import { PageServer } from "../support/browser/page-server.ts";
import type { PrimitivesActions } from "../support/browser/pages/primitives-page.ts";
import { make, primitiveResults } from "../support/browser/primitives.ts";

/** With these libsodium tests itself when it is loaded. */
const ofItself = ["crypto_secretbox_easy", "crypto_secretbox_open_easy"];

describe("the crypto of the web client, which has of libsodium what is called and no more", () => {
  let pages: PageServer;
  let browser: Browser;
  before(async () => {
    await sodiumReady();
    pages = await PageServer.start();
    browser = await startChromium();
  });
  after(async () => {
    await browser.close();
    await pages.close();
  });

  it("gives what whole libsodium gives, in a browser, by every function that it has", async () => {
    const page = await browser.newPage();
    await page.goto(`${pages.url}/primitives`);
    const inPage = callsTo<PrimitivesActions>(page);
    const names = await inPage("load");
    expect(names).to.include.members(["crypto_kem_xwing_dec", "crypto_pwhash"]);
    expect(names.length).to.be.lessThan(Object.keys(sodium()).length / 4);
    for (const made of [make(), await inPage("make")]) {
      expect(await inPage("results", made)).to.deep.equal(primitiveResults(made));
    }
    expect(await inPage("uncalled")).to.deep.equal(ofItself);
  });
});
