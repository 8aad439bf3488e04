import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { startNode, type RunningNode } from "../../../src/index.ts";
import { FlakyLink } from "../flaky-link.ts";
import { tokenFor, tokenSecret } from "../gateway-node.ts";
import { tempFolder } from "../temp-folder.ts";
import { callsTo } from "./calls.ts";
import { startChromium } from "./chromium.ts";
import { PageServer } from "./page-server.ts";
import type { DeviceActions } from "./pages/device-page.ts";

export type DeviceCalls = ReturnType<typeof callsTo<DeviceActions>>;

/** A page, in a browser that shares nothing with others, and the way from it to the node. */
export interface Tab {
  context: BrowserContext;
  page: Page;
  link: FlakyLink;
  call: DeviceCalls;
}

/** An embedded node, a server of pages of another origin, and a Chromium. */
export class BrowserWorld {
  /** What nobody has caught in any page. */
  readonly uncaught: string[] = [];
  readonly pages: PageServer;
  readonly browser: Browser;
  private readonly node: RunningNode;
  private readonly links: FlakyLink[] = [];
  private readonly removeFolder: () => Promise<void>;

  private constructor(parts: {
    pages: PageServer;
    browser: Browser;
    node: RunningNode;
    removeFolder(): Promise<void>;
  }) {
    this.pages = parts.pages;
    this.browser = parts.browser;
    this.node = parts.node;
    this.removeFolder = parts.removeFolder;
  }

  static async start(): Promise<BrowserWorld> {
    const folder = await tempFolder();
    const pages = await PageServer.start();
    const node = await startNode({
      PORT: 0,
      OPS_PORT: 0,
      LOG_LEVEL: "silent",
      DATA_DIR: join(folder.path, "node"),
      DATABASE_URL: `sqlite:${join(folder.path, "node.db")}`,
      AUTH_JWT_SECRET: tokenSecret,
      CORS_ORIGINS: [pages.url],
    });
    return new BrowserWorld({ pages, browser: await startChromium(), node, removeFolder: folder.remove });
  }

  /** A tab that nobody else shares a storage with; or a further one beside another. */
  async tab(beside?: Tab): Promise<Tab> {
    const context = beside?.context ?? (await this.browser.newContext());
    const link = beside?.link ?? (await this.newLink());
    const page = await context.newPage();
    page.on("pageerror", (error) => this.uncaught.push(error.stack ?? error.message));
    await page.goto(`${this.pages.url}/device`);
    return { context, page, link, call: callsTo<DeviceActions>(page) };
  }

  /** Opens the device of a user in a tab, kept in IndexedDB, and connects it. */
  async device(user: string, tab?: Tab): Promise<Tab> {
    const place = tab ?? (await this.tab());
    await place.call("open", await this.opening(user, place));
    await place.call("connect");
    return place;
  }

  async opening(user: string, { link }: Tab): Promise<Parameters<DeviceActions["open"]>[0]> {
    return { url: link.url, user, token: await tokenFor(user), store: { name: user, passphrase: "correct horse" } };
  }

  async close(): Promise<void> {
    await this.browser.close();
    await Promise.all(this.links.map((link) => link.close()));
    await this.node.close();
    await this.pages.close();
    await this.removeFolder();
  }

  private async newLink(): Promise<FlakyLink> {
    const link = await FlakyLink.to(this.node);
    this.links.push(link);
    this.pages.nodes.push(link.url);
    return link;
  }
}
