import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from "playwright-core";
import { FlakyLink } from "../flaky-link.ts";
import { NodeProcess } from "../node-process.ts";
import { startChromium } from "./chromium.ts";

export const password = "correct horse battery";

/** A person at the web client, in a browser that shares nothing with others. */
export class Person {
  readonly user: string;
  readonly context: BrowserContext;
  readonly page: Page;
  /** The way to the node. */
  readonly link: FlakyLink;
  /** What the page, or its worker, said was wrong. */
  readonly faults: string[] = [];

  constructor(user: string, place: { context: BrowserContext; page: Page; link: FlakyLink }) {
    this.user = user;
    this.context = place.context;
    this.page = place.page;
    this.link = place.link;
    const { page } = place;
    page.on("pageerror", (error) => this.faults.push(error.stack ?? error.message));
    page.on("console", (message) => {
      const isFault = message.type() === "error" && !/net::ERR|Failed to load resource|WebSocket/.test(message.text());
      if (isFault) this.faults.push(message.text());
    });
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", typeof name === "string" ? { name, exact: true } : { name });
  }

  async signUp(): Promise<void> {
    await this.fillIn();
    await this.button("Create account").click();
    await this.isIn();
  }

  async logIn(): Promise<void> {
    await this.button("Log in").click();
    await this.logInAgain();
  }

  /** Where the page asks for it already. */
  async logInAgain(): Promise<void> {
    await this.fillIn();
    await this.button("Log in").click();
  }

  private async fillIn(): Promise<void> {
    await this.page.getByLabel("Name", { exact: true }).fill(this.user);
    await this.page.getByLabel("Password").fill(password);
  }

  async unlock(): Promise<void> {
    await this.page.getByLabel("Password").fill(password);
    await this.button("Unlock").click();
    await this.isIn();
  }

  async goOffline(): Promise<void> {
    this.link.takeDown();
    await this.context.setOffline(true);
  }

  async comeBack(): Promise<void> {
    this.link.restore();
    await this.context.setOffline(false);
  }

  /** The conversations are there. */
  async isIn(): Promise<void> {
    await this.page.getByRole("navigation", { name: "Conversations" }).waitFor();
  }

  async startConversation(user: string): Promise<void> {
    await this.button("New conversation").first().click();
    await this.page.getByLabel("Name of the person").fill(user);
    await this.button("Start").click();
    await this.page.getByRole("textbox", { name: `Message to ${user}` }).waitFor();
  }

  async createGroup(name: string, members: string[]): Promise<void> {
    await this.button("New group").first().click();
    await this.page.getByLabel("Name of the group").fill(name);
    await this.page.getByLabel("Members").fill(members.join(", "));
    await this.button("Create group").click();
    await this.page.getByRole("textbox", { name: `Message to ${name}` }).waitFor();
  }

  async openConversation(title: string): Promise<void> {
    await this.page.getByRole("navigation").getByRole("link").filter({ hasText: title }).first().click();
    await this.page.getByRole("textbox", { name: `Message to ${title}` }).waitFor();
  }

  async write(text: string): Promise<void> {
    const input = this.page.getByRole("textbox", { name: /^Message to/ });
    await input.fill(text);
    await input.press("Enter");
  }

  /** The message that says this, in the conversation that is open. */
  message(text: string): Locator {
    return this.page.getByRole("article").filter({ hasText: text });
  }

  async sees(text: string): Promise<void> {
    await this.message(text).first().waitFor();
  }

  /** A message of this person's has come so far. */
  async reaches(text: string, state: string): Promise<void> {
    await this.message(text).locator(`[data-state="${state}"]`).waitFor();
  }

  async choose(text: string, option: string): Promise<void> {
    const message = this.message(text).first();
    await message.hover();
    await message.getByRole("button", { name: "Message options" }).click();
    await this.page.getByRole("menuitem", { name: option, exact: true }).click();
  }
}

/** What a node has to be told to serve the web client to tests. */
export const webSettings = { ACCOUNTS: "on", RATE_SIGN_UPS_PER_HOUR: "1000", RATE_SIGN_INS_PER_MINUTE: "1000" };

/** A node as operators run it, which serves the web client, and browsers. */
export class WebWorld {
  readonly node: NodeProcess;
  readonly browser: Browser;
  private readonly links: FlakyLink[] = [];

  private constructor(node: NodeProcess, browser: Browser) {
    this.node = node;
    this.browser = browser;
  }

  static async start(more: Record<string, string> = {}): Promise<WebWorld> {
    return WebWorld.on(await NodeProcess.start({ ...webSettings, ...more }));
  }

  /** On a node that somebody else has started, and closes after this. */
  static async on(node: NodeProcess): Promise<WebWorld> {
    return new WebWorld(node, await startChromium());
  }

  /** Somebody who has not signed up, or not on this device. `node`: to which their way leads. */
  async visitor(user: string, options: BrowserContextOptions = {}, node = this.node): Promise<Person> {
    return this.visitorIn(await this.browser.newContext(options), user, node);
  }

  /** Somebody at a browser that the test has started. */
  async visitorIn(context: BrowserContext, user: string, node = this.node): Promise<Person> {
    context.setDefaultTimeout(15_000);
    const link = await FlakyLink.to(node);
    this.links.push(link);
    return open(user, { context, link });
  }

  /** The same person, at the same browser, which was started again. */
  returning(context: BrowserContext, { user, link }: Person): Promise<Person> {
    context.setDefaultTimeout(15_000);
    return open(user, { context, link });
  }

  /** A further tab of the same browser. */
  tab({ user, context, link }: Person): Promise<Person> {
    return open(user, { context, link });
  }

  /** Somebody who has just signed up. */
  async person(user: string, options: BrowserContextOptions = {}, node = this.node): Promise<Person> {
    const person = await this.visitor(user, options, node);
    await person.signUp();
    return person;
  }

  async close(): Promise<void> {
    await this.leave();
    await this.node.close();
  }

  /** Without closing the node. */
  async leave(): Promise<void> {
    await this.browser.close();
    await Promise.all(this.links.map((link) => link.close()));
  }
}

async function open(user: string, place: { context: BrowserContext; link: FlakyLink }): Promise<Person> {
  const person = new Person(user, { ...place, page: await place.context.newPage() });
  await person.page.goto(place.link.url);
  return person;
}
