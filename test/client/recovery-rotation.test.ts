import { expect } from "chai";
import type { Client } from "../../src/client/index.ts";
import { splitRecoveryWords } from "../../src/crypto/recovery-key.ts";
import { eventually } from "../support/eventually.ts";
import { archiveGenerations, coreOf, grantedGenerations } from "../support/held-state.ts";
import { MaliciousNode, dataOf, ok, refused } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

describe("rotating the recovery key", function () {
  this.timeout(60_000);
  let node: MaliciousNode;
  let people: People;
  let ann: Client;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
    ann = await people.online("ann");
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    await node.close();
  });

  const granted = (): Promise<number[] | undefined> => grantedGenerations(node.inner.store, ann.user);

  it("makes another in one step, shown and checked as the first, with another archive key; the words before are void", async () => {
    const tablet = await people.linked(ann);
    const first = await ann.recovery.enable();
    expect(await ann.recovery.check(first)).to.equal(true);
    const second = await ann.recovery.rotate();
    expect(second).to.not.equal(first);
    expect(await ann.recovery.status()).to.include({ isEnabled: true, isChecked: false });
    expect(await ann.recovery.check(first)).to.equal(false);
    const some = Object.fromEntries([1, 7, 16].map((place) => [place, splitRecoveryWords(second)[place - 1]!]));
    expect(await ann.recovery.check(some)).to.equal(true);
    expect(archiveGenerations(ann)).to.deep.equal([1, 2]);
    expect(await granted()).to.deep.equal([1, 2]);
    await tablet.sync();
    expect(archiveGenerations(tablet)).to.deep.equal([1, 2]);
    await refusal((await people.open("ann")).recovery.restore(first), "recovery-mismatch");
    const phone = await people.open("ann");
    expect(await phone.recovery.restore(second)).to.include({ archiveKeys: 2 });
  });

  it("needs a recovery key that is there, and a device that holds the identity key", async () => {
    const tablet = await people.linked(ann);
    await refusal(ann.recovery.rotate(), "recovery-unknown");
    await ann.recovery.enable();
    await tablet.sync();
    await refusal(tablet.recovery.rotate(), "forbidden");
    await ann.recovery.disable();
    await refusal(ann.recovery.rotate(), "recovery-unknown");
    expect(archiveGenerations(ann)).to.deep.equal([1]);
  });

  it("is that of the recovery key that another device has made, too", async () => {
    const first = await ann.recovery.enable();
    const phone = await people.open("ann");
    await phone.recovery.restore(first);
    await ann.recovery.rotate();
    const third = await phone.recovery.rotate();
    expect(await (await people.open("ann")).recovery.restore(third)).to.include({ archiveKeys: 3 });
  });

  it("answers the words although the archive keys cannot be handed over now, and hands them over later", async () => {
    await ann.recovery.enable();
    const behave = node.answer("recovery:grant", () => refused("unavailable"));
    const words = await ann.recovery.rotate();
    expect(await granted()).to.deep.equal([]);
    behave();
    await eventually(async () => {
      await ann.sync();
      expect(await granted()).to.deep.equal([1, 2]);
    });
    expect(await (await people.open("ann")).recovery.restore(words)).to.include({ archiveKeys: 2 });
  });

  it("gives who found the old words, at a server that kept what went with them, nothing that came after; the identity key they have", async () => {
    const stolen = await ann.recovery.enable();
    const kept = dataOf(await node.linesOf("ann")[0]!.ask("recovery:fetch", {}));
    await ann.recovery.rotate();
    expect(archiveGenerations(ann)).to.deep.equal([1, 2]);
    node.answer("recovery:fetch", () => ok<"recovery:fetch">(kept));
    const thief = await people.open("ann");
    await thief.recovery.restore(stolen);
    expect(archiveGenerations(thief), "by the words alone").to.deep.equal([1]);
    expect(coreOf(thief).own.accountKey).to.deep.equal(coreOf(ann).own.accountKey);
    await eventually(async () => expect((await ann.devices.list()).map(({ id }) => id)).to.include(thief.device));
  });
});
