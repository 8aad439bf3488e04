import { chromium, type Browser, type BrowserContext } from "playwright-core";
import { findChromium } from "../../../scripts/find-chromium.mjs";
import { tempFolder } from "../temp-folder.ts";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function options() {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("There is no Chromium: sudo apt-get install chromium");
  return { executablePath, args: flags, headless: true, chromiumSandbox: false };
}

/** A browser whose contexts know nothing of each other, and keep nothing on disk. */
export const startChromium = (): Promise<Browser> => chromium.launch(options());

/** A browser with a profile on disk, which may be killed and started again on it. */
export class KeptChromium {
  context: BrowserContext;
  private readonly folder: Awaited<ReturnType<typeof tempFolder>>;

  private constructor(folder: Awaited<ReturnType<typeof tempFolder>>, context: BrowserContext) {
    this.folder = folder;
    this.context = context;
  }

  /** The folder that the browser keeps everything in. */
  get profile(): string {
    return this.folder.path;
  }

  static async start(): Promise<KeptChromium> {
    const folder = await tempFolder();
    return new KeptChromium(folder, await launchOn(folder.path));
  }

  /** As by `kill -9`: nothing is closed, nothing flushed. */
  async killAndStartAgain(): Promise<void> {
    const gone = new Promise((resolve) => this.context.once("close", resolve));
    const session = await this.context.browser()!.newBrowserCDPSession();
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    process.kill(processInfo.find(({ type }) => type === "browser")!.id, "SIGKILL");
    await gone;
    this.context = await launchOn(this.folder.path);
  }

  /** Closed as a person does it, which writes everything to the disk, and started again. `meanwhile`: what is done while it is closed. */
  async startAgain(meanwhile: () => Promise<void>): Promise<void> {
    await this.context.close();
    await meanwhile();
    this.context = await launchOn(this.folder.path);
  }

  async close(): Promise<void> {
    await this.context.close();
    await this.folder.remove();
  }
}

const launchOn = (folder: string): Promise<BrowserContext> => chromium.launchPersistentContext(folder, options());
