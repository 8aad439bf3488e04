import { expect } from "chai";
import { callBy, caughtBy, injectHostileScript } from "../../support/browser/hostile-script.ts";
import { linkedDevice } from "../../support/browser/linked-device.ts";
import { keysOf, openedWith, storedBy } from "../../support/browser/stored-in-browser.ts";
import { password, WebWorld, type Person } from "../../support/browser/web-world.ts";
import { keysIn, textsIn } from "../../support/find-secrets.ts";

describe("what a script gets that was in the page of the web client before anything else", () => {
  let world: WebWorld;
  let alice: Person;
  let bob: Person;
  const heard = async (): Promise<Buffer[]> => [Buffer.from(await caughtBy(alice.page), "latin1")];

  before(async () => {
    world = await WebWorld.start();
    bob = await world.person("bob");
    alice = await world.visitor("alice");
    await injectHostileScript(alice.context);
    await alice.page.reload();
    await alice.signUp();
    await alice.startConversation("bob");
    await alice.write("a word of alice");
    await bob.openConversation("alice");
    await bob.write("a word of bob");
    await alice.sees("a word of bob");
    await alice.createGroup("Team", ["bob"]);
    await alice.write("a word to the team");
    await alice.reaches("a word to the team", "delivered");
    const tablet = await linkedDevice(world, alice);
    await tablet.context.close();
    await alice.page.keyboard.press("Escape");
  });
  after(() => world.close());

  it("is each word on the screen, and the password as it is typed", async () => {
    expect(textsIn(await heard(), ["a word of alice", "a word of bob", password])).to.have.length(3);
  });

  it("is no private key and no history key, in any form, from all that the page's code has in its hands", async () => {
    const keys = await keysOf(await openedWith(password, await storedBy(alice.page)));
    expect(keys.privateKeys.length).to.be.greaterThan(100);
    expect(keys.historyKeys.length).to.be.greaterThan(1);
    expect(keysIn(await heard(), [...keys.privateKeys, ...keys.historyKeys])).to.deep.equal([]);
    // So would one be found.
    const leaked = Buffer.from(`{"key":"${Buffer.from(keys.historyKeys[0]!).toString("base64")}"}`);
    expect(keysIn([leaked], keys.historyKeys)).to.have.length(1);
  });

  it("is none from what is stored, unless it has caught the password: then it is all", async () => {
    const stored = await storedBy(alice.page);
    const { privateKeys, historyKeys } = await keysOf(await openedWith(password, stored));
    const sealed = stored.frames.map((frame) => Buffer.from(frame.sealed, "base64"));
    const all = [Buffer.from(stored.vaultHeader, "base64"), ...sealed];
    expect(keysIn(all, [...privateKeys, ...historyKeys])).to.deep.equal([]);
    expect(textsIn(all, ["a word of alice", "a word of bob", password])).to.deep.equal([]);
    const error: unknown = await openedWith("a guess", stored).catch((refused: unknown) => refused);
    expect(error).to.have.property("code", "store-unreadable");
  });

  it("is no token: what logs in is in the worker", async () => {
    expect(await caughtBy(alice.page)).not.to.match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/);
  });

  it("is what the page may ask: to read, and to write in the person's name", async () => {
    const { value } = await callBy(alice.page, "conversations", undefined);
    const conversation = (value as { id: string; peer?: string }[]).find(({ peer }) => peer === "bob")!.id;
    const page = await callBy(alice.page, "history", { conversation, limit: 50 });
    expect(JSON.stringify(page.value)).to.include("a word of bob");
    await callBy(alice.page, "send", { conversation, text: "not by alice's hand" });
    await bob.sees("not by alice's hand");
  });

  it("is to mark numbers as compared: no password is asked for it, as nobody but the node could gain by it", async () => {
    const { type } = await callBy(alice.page, "trust", { user: "bob", compared: true });
    expect(type).to.equal("answer");
    const { value } = await callBy(alice.page, "verification", { user: "bob" });
    expect(value).to.include({ confirmed: true });
  });

  const asked = {
    "a recovery key": ["enableRecovery", {}],
    "a further device": ["approveLink", { code: "any code" }],
    "all that was written": ["exportMessages", { files: false }],
    "to remove a device": ["revokeDevice", { device: "any device" }],
  } as const;
  for (const [what, [name, request]] of Object.entries(asked)) {
    it(`is not ${what}, without the password, which it can guess once in a second`, async () => {
      const began = performance.now();
      const guesses = ["", "a guess", "another"].map((guess) =>
        callBy(alice.page, name, { ...request, password: guess }),
      );
      for (const { failure } of await Promise.all(guesses)) expect(failure?.code).to.equal("credentials-invalid");
      expect(performance.now() - began).to.be.greaterThan(2900);
    });
  }

  it("is a recovery key, with a password that it has caught: it is the person then", async () => {
    const typed = (await caughtBy(alice.page)).split("\n").find((line) => line === password)!;
    const { value } = await callBy(alice.page, "enableRecovery", { password: typed });
    expect((value as { words: string }).words.split(" ")).to.have.length(16);
  });

  it("is no worker of its own that would outlast it", async () => {
    const refused = await alice.page.evaluate(async () => {
      const tried: string[] = [];
      const own = new Blob(["onfetch = () => undefined"], { type: "text/javascript" });
      for (const url of [URL.createObjectURL(own), "data:text/javascript,", "/v1/blobs/any", "/?a=1"]) {
        const outcome = await navigator.serviceWorker.register(url).then(
          () => "registered",
          () => "refused",
        );
        tried.push(outcome);
      }
      return tried;
    });
    expect(refused).to.deep.equal(["refused", "refused", "refused", "refused"]);
  });
});
