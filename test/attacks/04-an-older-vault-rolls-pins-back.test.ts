import { expect } from "chai";
import type { Client } from "../../src/client/index.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { coreOf } from "../support/held-state.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";

describe("attack 4: the server shows an older vault to devices that know a later one", function () {
  this.timeout(60_000);
  let node: MaliciousNode;
  let people: People;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    await node.close();
  });

  it("(4) it rolls back neither where contacts stood nor who was compared, on whichever device", async () => {
    const ann = await people.online("ann");
    const words = await ann.recovery.enable();
    const ben = await people.online("ben");
    await ann.direct("ben");
    await ann.sync();
    const older = (await node.inner.store.fetchRecovery(ann.user))!;
    await people.linked(ben);
    await coreOf(ann).directory.refresh(ben.user);
    await (await ann.verification("ben")).confirm();
    await ann.sync();
    const { revision } = (await node.inner.store.fetchRecovery(ann.user))!;
    expect(revision).to.be.greaterThan(older.revision);
    const showOlder = (): void => {
      node.answer("recovery:fetch", async ({ forward }) => {
        const kept = dataOf(await forward());
        return ok<"recovery:fetch">({ ...kept, vault: toBase64(older.vault), revision: older.revision });
      });
      node.answer("recovery:read", async ({ forward }) => {
        const { key } = dataOf(await forward());
        return ok<"recovery:read">({ key: key && { ...key, revision: older.revision } });
      });
    };
    showOlder();
    const phone = await people.open("ann");
    await phone.recovery.restore(words);
    const trustOf = (client: Client) => coreOf(client).directory.trustIn(ben.user).confirmed;
    expect(trustOf(phone), "the older one is all there was").to.equal(false);
    node.behave();
    await phone.sync();
    expect(trustOf(phone)).to.equal(true);
    showOlder();
    for (const client of [phone, ann]) {
      await client.sync();
      expect(trustOf(client)).to.equal(true);
      expect(
        coreOf(client)
          .directory.pins()
          .map(({ version }) => version),
      ).to.deep.equal([2]);
    }
  });
});
