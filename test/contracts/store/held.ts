import { expect } from "chai";
import type { HeldKey, HeldRow } from "../../../src/actors/ports/store-held.ts";
import type { Store } from "../../../src/actors/ports/store.ts";
import type { UserId } from "../../../src/protocol/ids.ts";
import { heldTables } from "../../../src/store/held-about-a-user.ts";
import { foundDirect, messageBy, newUser } from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

export function describeHeld(stores: () => StorePair): void {
  describe("what is held about a user", () => {
    it("is given out page by page: what is the user's, in order, each row once, and nothing of others", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const messages = [1, 2, 3].map((number) => messageBy(conversation, alice, number));
      await one.acceptMessages(conversation, messages);
      await other.acceptMessages(conversation, [messageBy(conversation, bob, 1)]);
      const all = await heldBy(other, alice.user, 2);
      const sent = all["messages"]!.filter(({ kind }) => kind === 0);
      expect(sent.map(({ number }) => number)).to.deep.equal([1, 2, 3]);
      expect(sent.map(({ payload }) => payload)).to.deep.equal(
        messages.map(({ payload }) => Buffer.from(payload).toString("base64")),
      );
      expect(sent.map(({ conversation: of, id }) => [of, id])).to.deep.equal(
        messages.map(({ id }) => [conversation, id]),
      );
      expect(all["devices"]!.map(({ device }) => device)).to.deep.equal([alice.device]);
      expect(all["directs"]!.map((row) => row["conversation"])).to.deep.equal([conversation]);
      const { directs: _, ...others } = all;
      expect(JSON.stringify(others)).to.not.include(bob.user).and.not.include(bob.device);
    });

    it("leaves out what would help to be taken for the user", async () => {
      const { one } = stores();
      const user = newUser("alice");
      await one.createAccount({ user, passwordHash: "a hash of a password" });
      const { accounts } = await heldBy(one, user, 10);
      expect(accounts).to.have.length(1);
      expect(JSON.stringify(accounts)).to.include(user).and.not.include("a hash of a password");
    });

    it("is nothing where nobody has the name", async () => {
      const all = await heldBy(stores().one, newUser("nobody"), 10);
      expect(Object.values(all).flat()).to.deep.equal([]);
    });
  });
}

async function heldBy(store: Store, user: UserId, limit: number): Promise<Record<string, HeldRow[]>> {
  const all: Record<string, HeldRow[]> = {};
  for (const table of Object.keys(heldTables)) {
    const rows: HeldRow[] = [];
    let after: HeldKey | undefined;
    do {
      const page = await store.readHeld(user, table, { after, limit });
      expect(page.rows.length).to.be.at.most(limit);
      rows.push(...page.rows);
      after = page.after;
    } while (after);
    all[table] = rows;
  }
  return all;
}
