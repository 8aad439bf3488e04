import { expect } from "chai";
import { memoryStore, type Client, type ClientStore } from "../../src/client/index.ts";
import { tables } from "../../src/client/records.ts";
import { eventually } from "../support/eventually.ts";
import { coreOf } from "../support/held-state.ts";
import { MaliciousNode } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

describe("starting over", () => {
  let node: MaliciousNode;
  let people: People;
  beforeEach(async () => {
    node = await MaliciousNode.start({ rates: { reset: { amount: 2, periodMs: 86_400_000 } } });
    people = new People(() => node.url);
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    await node.close();
  });

  it("is never done but by a person's word: a new device is told that it has to be linked", async () => {
    const ann = await people.online("ann");
    const fresh = await people.open("ann");
    await refusal(fresh.connect(), "link-required");
    expect(node.requests("session:reset")).to.deep.equal([]);
    await fresh.startOver();
    expect(fresh.connection).to.equal("online");
    await eventually(() => expect(ann.connection).to.equal("refused"));
    await refusal(ann.connect(), "device-revoked");
    await refusal(fresh.startOver(), "invalid-argument");
    await fresh.sync();
    const devices = await fresh.devices.list();
    expect(devices.map(({ id, current, revokedAt }) => [id, current, revokedAt === undefined])).to.deep.equal([
      [ann.device, false, false],
      [fresh.device, true, true],
    ]);
    await people.linked(fresh);
  });

  it("registers who has no device yet", async () => {
    const ben = await people.open("ben");
    await ben.startOver();
    await ben.sync();
    expect(await ben.devices.list()).to.have.length(1);
    expect(node.requests("session:reset")).to.deep.equal([]);
  });

  it("takes the place of a link that nobody answers", async () => {
    await people.online("ann");
    const fresh = await people.open("ann");
    const link = await fresh.devices.link();
    link.completed.catch(() => undefined);
    await fresh.startOver();
    await fresh.sync();
    expect(await fresh.devices.list()).to.have.length(2);
  });

  it("is refused after a few times a day", async () => {
    await people.online("ann");
    for (let count = 0; count < 2; count++) await (await people.open("ann")).startOver();
    const { retryAfterMs } = await refusal((await people.open("ann")).startOver(), "forbidden");
    expect(retryAfterMs).to.be.greaterThan(3600_000);
  });

  describe("by a device that is killed meanwhile", () => {
    let store: ClientStore;
    beforeEach(async () => {
      await people.online("ann");
      store = memoryStore();
    });

    /** The device has asked, and is gone before it hears an answer. */
    async function askAndVanish(reaches: boolean): Promise<void> {
      const fresh = await people.open("ann", { store });
      const asked = new Promise<void>((resolve) => {
        node.answer("session:reset", async ({ forward }) => {
          if (reaches) await forward();
          resolve();
          return undefined;
        });
      });
      const started = fresh.startOver();
      started.catch(() => undefined);
      await asked;
      await fresh.close();
      people.forget(fresh);
      node.behave();
    }

    it("is done when the node has taken it", async () => {
      await askAndVanish(true);
      const again = await people.online("ann", { store });
      expect(again.connection).to.equal("online");
      expect(await again.devices.list()).to.have.length(2);
    });

    it("is not done when the node has not, until the person says so again", async () => {
      await askAndVanish(false);
      const again = await people.open("ann", { store });
      await refusal(again.connect(), "link-required");
      await again.startOver();
      await again.sync();
      expect(await again.devices.list()).to.have.length(2);
    });
  });

  it("signs anew where the list has moved on in between", async () => {
    const ann = await people.online("ann");
    const phone = await people.linked(ann);
    let moved = false;
    node.answer("session:reset", async ({ forward }) => {
      if (!moved) await ann.devices.revoke(phone.device);
      moved = true;
      return forward();
    });
    const fresh = await people.open("ann");
    await fresh.startOver();
    await fresh.sync();
    expect(node.requests("session:reset")).to.have.length(2);
    expect((await fresh.devices.list()).filter(({ revokedAt }) => revokedAt === undefined)).to.have.length(1);
  });

  describe("to a contact", () => {
    /** Ben has talked with ann, and has started over; ann knows. */
    async function afterReset(before: (ann: Client) => Promise<void> = async () => undefined, store = memoryStore()) {
      const ann = await people.online("ann", { store });
      const ben = await people.online("ben");
      const chat = await ann.direct("ben");
      await chat.send("before").reached("delivered", { timeout: 10_000 });
      await before(ann);
      const changes: unknown[] = [];
      ann.on("identity-changed", (change) => changes.push(change));
      const { accountKey } = coreOf(ben).own;
      await ben.close();
      people.forget(ben);
      const fresh = await people.open("ben");
      await fresh.startOver();
      await fresh.sync();
      await eventually(() => expect(changes).to.have.length(1));
      return { ann, chat, changes, formerKey: accountKey!, fresh };
    }

    it("is told once, though what the node said before arrives after it, or says the same again", async () => {
      const { ann, changes, formerKey, fresh } = await afterReset();
      const { directory } = coreOf(ann);
      const user = fresh.user;
      const list = directory.get(user)!;
      const reset = directory.entries(user)[1]!;
      expect(await directory.adopt(user, formerKey, [], 1)).to.equal(list);
      expect(await directory.adopt(user, list.accountKey, [reset], 1)).to.equal(list);
      await Promise.all([ann.sync(), directory.refreshAll([user, ann.user])]);
      expect(changes).to.deep.equal([{ user, reason: "started-over" }]);
      await refusal(directory.adopt(user, formerKey, [], 2), "identity-changed");
    });

    it("who had compared may go on without comparing again, and then counts as one who never had", async () => {
      const { ann, chat, fresh } = await afterReset(async (client) => (await client.verification("ben")).confirm());
      const message = chat.send("held back");
      await eventually(() => expect(chat.waitingFor).to.equal("identity-changed"));
      const verification = await ann.verification("ben");
      await verification.accept();
      await message.reached("delivered", { timeout: 10_000 });
      expect(verification).to.include({ confirmed: false, changed: true });
      expect((await fresh.verification("ann")).matches(verification.qr)).to.equal(true);
    });

    it("who had compared is shown nothing that the new key says before it may be, and then all of it", async () => {
      const { ann, chat, fresh } = await afterReset(async (client) => (await client.verification("ben")).confirm());
      const shown: string[] = [];
      ann.on("message", ({ message }) => shown.push(message.text));
      const back = await fresh.direct("ann");
      for (const text of ["it is me", "believe me"]) await back.send(text).reached("delivered", { timeout: 60_000 });
      const texts = async () => (await chat.history()).messages.map((one) => ("text" in one ? one.text : one.reason));
      expect(shown).to.deep.equal([]);
      expect(await texts()).to.deep.equal(["before"]);
      expect(await chat.unread()).to.deep.equal([]);
      await (await ann.verification("ben")).confirm();
      await eventually(() => expect(shown).to.deep.equal(["it is me", "believe me"]));
      expect(await texts()).to.deep.equal(["before", "it is me", "believe me"]);
    });

    it("who had compared is told of it all, once and in order, though the client was closed in between", async () => {
      const store = memoryStore();
      const { ann, fresh } = await afterReset(async (client) => (await client.verification("ben")).confirm(), store);
      const back = await fresh.direct("ann");
      const say = (text: string) => back.send(text).reached("delivered", { timeout: 60_000 });
      for (const text of ["it is me", "believe me"]) await say(text);
      const shown: string[] = [];
      const restarted = async (client: Client): Promise<Client> => {
        people.forget(client);
        await client.close();
        const again = await people.open("ann", { store });
        again.on("message", ({ message }) => shown.push(message.text));
        await again.connect();
        await again.sync();
        return again;
      };
      let again = await restarted(ann);
      await say("please");
      await again.conversations()[0]!.settled();
      expect(shown).to.deep.equal([]);
      // What comes while that is looked up comes after it.
      const { store: open } = coreOf(again);
      const list = open.list.bind(open);
      let isThere = (): void => undefined;
      const thanked = new Promise<void>((resolve) => (isThere = resolve));
      Object.assign(open, {
        list: async (...of: Parameters<typeof list>) => {
          if (of[0] === tables.withheld) await thanked;
          return list(...of);
        },
      });
      await (await again.verification("ben")).confirm();
      await say("thank you");
      isThere();
      await eventually(() => expect(shown).to.deep.equal(["it is me", "believe me", "please", "thank you"]));
      again = await restarted(again);
      await again.conversations()[0]!.settled();
      expect(shown).to.have.length(4);
      expect(await coreOf(again).store.list(tables.withheld)).to.deep.equal([]);
    });

    it("who compares while a new key comes in has compared the one before, which confirms nothing", async () => {
      const ann = await people.online("ann");
      const ben = await people.online("ben");
      await (await ann.direct("ben")).send("before").reached("delivered", { timeout: 60_000 });
      const { directory } = coreOf(ann);
      const formerly = directory.get(ben.user)!.accountKey;
      node.rewrite("devices:changed", () => []);
      const fresh = await people.open("ben");
      await fresh.startOver();
      await fresh.sync();
      const { own, directory: theirs } = coreOf(fresh);
      const taken = directory.adopt(ben.user, own.accountKey!, [theirs.entries(ben.user)[1]!], 1);
      const confirmed = directory.confirm(ben.user, formerly);
      await Promise.allSettled([taken, confirmed]);
      expect(directory.get(ben.user)!.accountKey).to.deep.equal(own.accountKey);
      expect(directory.trustIn(ben.user).changed).to.equal(true);
    });
  });
});
