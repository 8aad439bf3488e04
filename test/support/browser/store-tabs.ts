import type { Browser, BrowserContext, Page } from "playwright-core";
import { callsTo } from "./calls.ts";
import { startChromium } from "./chromium.ts";
import { PageServer } from "./page-server.ts";
import type { StoreActions } from "./pages/store-page.ts";

/** A tab with stores in it. */
export type StoreTab = ReturnType<typeof callsTo<StoreActions>> & { page: Page };

/** Tabs of one browser context, of which each test has a new one. */
export class StoreTabs {
  /** What nobody has caught in a page of the test. */
  readonly uncaught: string[] = [];
  private readonly pages: PageServer;
  private readonly browser: Browser;
  private context: BrowserContext | undefined;

  private constructor(pages: PageServer, browser: Browser) {
    this.pages = pages;
    this.browser = browser;
  }

  static async start(): Promise<StoreTabs> {
    return new StoreTabs(await PageServer.start(), await startChromium());
  }

  get origin(): string {
    return this.pages.url;
  }

  async beginAnew(): Promise<void> {
    await this.context?.close();
    this.uncaught.length = 0;
    this.context = await this.browser.newContext();
  }

  /** Of the test's context, unless another is given. */
  async open(context?: BrowserContext): Promise<StoreTab> {
    const page = await this.page("/store", context);
    return Object.assign(callsTo<StoreActions>(page), { page });
  }

  async page(path: string, context = this.context!): Promise<Page> {
    const page = await context.newPage();
    page.on("pageerror", (error) => this.uncaught.push(error.stack ?? error.message));
    await page.goto(this.origin + path);
    return page;
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.pages.close();
  }
}
