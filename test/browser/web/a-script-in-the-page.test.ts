import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { password, WebWorld, type Person } from "../../support/browser/web-world.ts";

/** The most that the first load may have, in bytes, as the node sends it: of everything, the crypto included. */
const most = { br: 245_000, gz: 280_000 };
const canary = "a canary that nobody else may hear";

describe("the web client, for a script that somebody got into its page", () => {
  let world: WebWorld;
  let alice: Person;

  before(async () => {
    world = await WebWorld.start();
    alice = await world.person("alice");
    await alice.startConversation("bob");
    await alice.write(canary);
    await alice.sees(canary);
    // What the compiler of the tests puts around functions with a name.
    await alice.page.evaluate("globalThis.__name = (named) => named");
  });
  after(() => world.close());

  it("lets none in from elsewhere, or from within the page", async () => {
    const outcomes = await alice.page.evaluate(async () => {
      const broken: string[] = [];
      document.addEventListener("securitypolicyviolation", (event) => broken.push(event.effectiveDirective));
      const tried = async (attempt: () => unknown): Promise<string> =>
        // Later, by itself: what a debugger calls may evaluate.
        new Promise((resolve) => setTimeout(resolve, 0)).then(attempt).then(
          () => "done",
          () => "refused",
        );
      const inline = document.createElement("script");
      inline.textContent = "globalThis.wasInlined = true";
      document.head.append(inline);
      const button = document.createElement("button");
      button.setAttribute("onclick", "globalThis.wasClicked = true");
      document.body.append(button);
      button.click();
      const evaluated = await tried(() => Reflect.construct(Function, ["return 1"]));
      const fetched = await tried(() => fetch("https://example.org/"));
      const worker = await tried(() => new Worker(URL.createObjectURL(new Blob(["1"]))));
      await new Promise((resolve) => setTimeout(resolve, 0));
      const { wasInlined, wasClicked } = globalThis as { wasInlined?: boolean; wasClicked?: boolean };
      return { wasInlined, wasClicked, evaluated, fetched, worker, broken: [...new Set(broken)].sort() };
    });
    expect(outcomes).to.include({ evaluated: "refused", fetched: "refused" });
    expect([outcomes.wasInlined, outcomes.wasClicked]).to.deep.equal([undefined, undefined]);
    expect(outcomes.broken).to.include.members(["connect-src", "script-src-attr", "script-src-elem", "worker-src"]);
  });

  it("has no key, no password and no word of anybody in what is stored, for it to read", async () => {
    const stored = await alice.page.evaluate(async () => {
      const parts: string[] = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie];
      const open = (name: string): Promise<IDBDatabase> =>
        new Promise((resolve, reject) => {
          const request = indexedDB.open(name);
          request.addEventListener("success", () => resolve(request.result));
          request.addEventListener("error", () => reject(request.error!));
        });
      let records = 0;
      for (const { name } of await indexedDB.databases()) {
        const database = await open(name!);
        for (const store of database.objectStoreNames) {
          const all = database.transaction(store).objectStore(store).getAll();
          await new Promise((resolve) => all.addEventListener("success", resolve));
          for (const value of all.result as unknown[]) {
            records++;
            const bytes =
              value instanceof Uint8Array || value instanceof ArrayBuffer ? [value] : Object.values(value as object);
            parts.push(JSON.stringify(value));
            for (const one of bytes) {
              if (one instanceof Uint8Array || one instanceof ArrayBuffer)
                parts.push(new TextDecoder("latin1").decode(one));
            }
          }
        }
        database.close();
      }
      return { records, text: parts.join("\n") };
    });
    expect(stored.records).to.be.greaterThan(0);
    for (const secret of [canary, password, "eyJ"]) expect(stored.text, secret).to.not.include(secret);
  });

  it("can have what the person has: see what is on the screen, and ask the worker as the page does", async () => {
    expect(await alice.page.evaluate(() => document.body.textContent)).to.include(canary);
  });

  it("holds nothing of the SDK in the page: what has keys is in the worker's script alone", () => {
    const folder = new URL("../../../dist/web/assets/", import.meta.url);
    const scripts = readdirSync(folder).filter((name) => name.endsWith(".js"));
    const withSdk = scripts.filter((name) =>
      readFileSync(new URL(name, folder), "utf8").includes("crypto_sign_detached"),
    );
    expect(scripts).to.have.length(2);
    expect(withSdk).to.have.length(1);
    expect(withSdk[0]).to.match(/^main-/);
  });
});

describe("the first load of the web client", () => {
  for (const ending of ["br", "gz"] as const) {
    it(`is no larger than it was meant to be: .${ending}`, () => {
      const folder = new URL("../../../dist/web/", import.meta.url);
      const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
        name.endsWith(`.${ending}`),
      );
      const sizes = names.map((name) => [name, readFileSync(new URL(name, folder)).length] as const);
      const total = sizes.reduce((sum, [, size]) => sum + size, 0);
      expect(names.length).to.be.greaterThan(4);
      expect(total, sizes.map((one) => one.join(": ")).join(", ")).to.be.within(100_000, most[ending]);
    });
  }

  it("names the hash of each script and style that the page loads", () => {
    const html = readFileSync(new URL("../../../dist/web/index.html", import.meta.url), "utf8");
    const loaded = [...html.matchAll(/<(?:script|link)\b[^>]*(?:src|href)="\/assets\/[^>]*>/g)].map(([tag]) => tag);
    expect(loaded).to.have.length(2);
    for (const tag of loaded) expect(tag).to.match(/integrity="sha384-[A-Za-z0-9+/]{64}"/);
    expect(html).not.to.match(/<script>|<style|\son\w+=/);
  });
});
