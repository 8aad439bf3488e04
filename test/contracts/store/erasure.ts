import { expect } from "chai";
import type { ErasurePlace } from "../../../src/actors/ports/store-erasure.ts";
import type { Store } from "../../../src/actors/ports/store.ts";
import { entryHash } from "../../../src/identity/log-hash.ts";
import { sodiumReady } from "../../../src/identity/sodium.ts";
import type { BlobId } from "../../../src/protocol/blobs.ts";
import { newErasedUser } from "../../../src/protocol/erased-users.ts";
import { newId, type ConversationId, type UserId } from "../../../src/protocol/ids.ts";
import { heldTables } from "../../../src/store/held-about-a-user.ts";
import { eraseInSteps } from "../../support/store/erase-in-steps.ts";
import {
  ackBy,
  addDevice,
  bytesOf,
  commitBy,
  foundDirect,
  messageBy,
  mustBeAccepted,
  newUser,
  type Party,
} from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

const dayMs = 24 * 60 * 60_000;

async function rowsHeld(store: Store, user: UserId): Promise<string[]> {
  const tables: string[] = [];
  for (const table of Object.keys(heldTables)) {
    const page = await store.readHeld(user, table, { after: undefined, limit: 1 });
    if (page.rows.length > 0) tables.push(table);
  }
  return tables;
}

async function foundGroup(store: Store): Promise<{ conversation: ConversationId; alice: Party; bob: Party }> {
  const alice = await addDevice(store, newUser("alice"));
  const bob = await addDevice(store, newUser("bob"));
  const conversation = newId<ConversationId>();
  await store.createGroup(alice.user, conversation, 84);
  const policy = {
    roles: [alice, bob].map(({ user }) => ({ user, role: "owner" as const })),
    history: "kept" as const,
  };
  const group = { policy, leavers: [], leaversBefore: [], joined: [bob.user], gone: [] };
  mustBeAccepted(
    await store.acceptCommit(
      commitBy(conversation, alice, 0, { leaves: [alice.device, bob.device], added: [alice, bob], group }),
    ),
  );
  return { conversation, alice, bob };
}

const readAll = (store: Store, conversation: ConversationId, { device }: Party) =>
  store.readLog({ conversation, device, after: 0, limit: 100, maxBytes: 1e6 });

export function describeErasure(stores: () => StorePair): void {
  describe("erasing a user", () => {
    before(() => sodiumReady());

    it("leaves no row under the name, and what was sent under a pseudonym, with the hash that it had", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const said = [1, 2, 3].map((number) => messageBy(conversation, alice, number));
      await one.acceptMessages(conversation, said);
      await one.acceptMessages(conversation, [messageBy(conversation, bob, 1)]);
      const before = await readAll(one, conversation, bob);
      const pseudonym = await eraseInSteps(one, alice.user, { chunk: 1 });
      expect(await rowsHeld(other, alice.user)).to.deep.equal([]);
      const after = await readAll(other, conversation, bob);
      if (before === "not-a-member" || after === "not-a-member") throw new Error("bob is in it");
      expect(after.entries.map(({ kind }) => kind)).to.deep.equal(before.entries.map(({ kind }) => kind));
      const hashes = after.entries.map((entry) => entry.goneHash ?? entry.originalHash ?? entryHash(entry));
      expect(hashes.map((hash) => Buffer.from(hash).toString("hex"))).to.deep.equal(
        before.entries.map((entry) => Buffer.from(entryHash(entry)).toString("hex")),
      );
      const ofAlice = after.entries.filter(({ sender }) => sender.user === pseudonym);
      expect(ofAlice.map(({ kind }) => kind)).to.deep.equal(["commit", "message", "message", "message"]);
      expect(ofAlice.slice(1).map(({ payload }) => Buffer.from(payload).toString("hex"))).to.deep.equal(
        said.map(({ payload }) => Buffer.from(payload).toString("hex")),
      );
      expect(ofAlice[0]!.payload).to.have.length(0);
      expect(await other.readErasedDevices(pseudonym)).to.deep.equal([
        { device: alice.device, deviceKey: (await other.findDevice(alice.device))!.deviceKey },
      ]);
    });

    it("takes the name out of commits of others that bear it, and leaves those that do not", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const name = Buffer.from(alice.user);
      const bearing = Buffer.concat([
        bytesOf("before", 50),
        Buffer.of(0, 0, 0, name.length),
        name,
        bytesOf("after", 50),
      ]);
      const leaves = [alice.device, bob.device];
      mustBeAccepted(
        await one.acceptCommit(commitBy(conversation, bob, 1, { leaves, commit: new Uint8Array(bearing) })),
      );
      mustBeAccepted(await one.acceptCommit(commitBy(conversation, bob, 2, { leaves })));
      await eraseInSteps(one, alice.user);
      const log = await readAll(one, conversation, bob);
      if (log === "not-a-member") throw new Error("bob is in it");
      expect(log.entries.map(({ goneHash }) => goneHash !== undefined)).to.deep.equal([true, true, false]);
      expect(log.entries[1]!.sender.user).to.equal(bob.user);
    });

    it("takes nothing from the user's devices, and nothing in a direct with who is gone", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      const pseudonym = await eraseInSteps(one, alice.user);
      const [ofAlice] = await one.acceptMessages(conversation, [messageBy(conversation, alice, 2)]);
      expect(ofAlice!.status).to.equal("not-a-member");
      const [ofBob] = await one.acceptMessages(conversation, [messageBy(conversation, bob, 1)]);
      expect(ofBob!.status).to.equal("not-accepted");
      expect((await one.findConversation(conversation))!.users).to.have.members([bob.user, pseudonym]);
      const fresh = await one.openDirect(bob.user, alice.user, newId<ConversationId>());
      expect(fresh.created).to.equal(true);
      expect(fresh.row.conversation).to.not.equal(conversation);
    });

    it("lets a group go on, which waits for nobody who is gone", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundGroup(one);
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      const pseudonym = await eraseInSteps(one, alice.user);
      const row = (await one.findConversation(conversation))!;
      expect(row.users).to.have.members([bob.user, pseudonym]);
      expect(row.group!.creator).to.equal(pseudonym);
      expect(row.group!.policy!.roles.map(({ user }) => user)).to.have.members([bob.user, pseudonym]);
      const [sent] = await one.acceptMessages(conversation, [messageBy(conversation, bob, 1)]);
      expect(sent!.status).to.equal("accepted");
      await one.advancePositions([ackBy(conversation, bob, 3)]);
      const { due } = await one.leaseDueConversations(Date.now() + 10_000, 1000, 1);
      expect(due.filter((each) => each.conversation === conversation)).to.deep.equal([]);
      const group = { policy: row.group!.policy, leavers: [], leaversBefore: [], joined: [], gone: [pseudonym] };
      const leaves = [null, bob.device];
      mustBeAccepted(
        await one.acceptCommit(commitBy(conversation, bob, 1, { leaves, removed: [alice.device], group })),
      );
      expect((await one.findConversation(conversation))!.users).to.deep.equal([bob.user]);
    });

    it("takes a conversation whole that nobody is left to read", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      await one.acceptMessages(
        conversation,
        [1, 2, 3].map((number) => messageBy(conversation, alice, number)),
      );
      await eraseInSteps(one, alice.user);
      await eraseInSteps(one, bob.user, { chunk: 1 });
      expect(await one.findConversation(conversation)).to.equal(undefined);
    });

    it("goes on where it broke off, under the pseudonym that it began with, and ends in the same", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      await one.acceptMessages(
        conversation,
        [1, 2, 3].map((number) => messageBy(conversation, alice, number)),
      );
      const begun = (await one.beginErasure({ user: alice.user, pseudonym: newErasedUser() }))!;
      let place: ErasurePlace | undefined = { stage: "devices" };
      for (let step = 0; step < 3 && place; step += 1) place = (await one.eraseStep(begun, place, 1)).next;
      expect(await eraseInSteps(other, alice.user)).to.equal(begun.pseudonym);
      expect(await rowsHeld(other, alice.user)).to.deep.equal([]);
      const log = await readAll(other, conversation, bob);
      if (log === "not-a-member") throw new Error("bob is in it");
      expect(log.entries.map(({ sender }) => sender.user)).to.deep.equal(
        Array.from({ length: 4 }, () => begun.pseudonym),
      );
      expect(await other.beginErasure({ user: alice.user, pseudonym: newErasedUser() })).to.equal(undefined);
    });

    it("looks again for a policy that was judged before, and came in after the group was gone through", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundGroup(one);
      const { policy } = (await one.findConversation(conversation))!.group!;
      const begun = (await one.beginErasure({ user: alice.user, pseudonym: newErasedUser() }))!;
      let place: ErasurePlace = { stage: "devices" };
      while (place.stage !== "end") place = (await one.eraseStep(begun, place, 100)).next!;
      const name = Buffer.from(alice.user);
      const commit = new Uint8Array(Buffer.concat([Buffer.of(1, 0, 0, 0, name.length), name]));
      const group = { policy, leavers: [], leaversBefore: [], joined: [], gone: [] };
      const leaves = [alice.device, bob.device];
      mustBeAccepted(await one.acceptCommit(commitBy(conversation, bob, 1, { leaves, group, commit })));
      await eraseInSteps(one, alice.user);
      const after = (await one.findConversation(conversation))!;
      expect(after.group!.policy!.roles.map(({ user }) => user)).to.have.members([bob.user, begun.pseudonym]);
      const log = await readAll(one, conversation, bob);
      if (log === "not-a-member") throw new Error("bob is in it");
      expect(log.entries.at(-1)).to.have.property("goneHash");
    });

    it("keeps the name from being taken again before it is done", async () => {
      const { one } = stores();
      const user = newUser("alice");
      await one.createAccount({ user, passwordHash: "hash" });
      const begun = (await one.beginErasure({ user, pseudonym: newErasedUser() }))!;
      await one.eraseStep(begun, { stage: "devices" }, 100);
      await one.eraseStep(begun, { stage: "rest" }, 100);
      expect(await one.createAccount({ user, passwordHash: "another" })).to.equal("exists");
      expect(await addDevice(one, user).catch((error: Error) => error.message)).to.include("conflict");
      await eraseInSteps(one, user);
      expect(await one.createAccount({ user, passwordHash: "another" })).to.equal("created");
    });

    it("lets the keys go with the last message that they verify", async () => {
      const { one, forgetful } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      const pseudonym = await eraseInSteps(one, alice.user);
      await one.purge({ now: Date.now(), dryRun: false, chunk: 500 });
      expect(await one.readErasedDevices(pseudonym)).to.have.length(1);
      // Retention has passed all of it by then.
      const later = Date.now() + dayMs;
      await forgetful.purge({ now: later, dryRun: false, chunk: 500 });
      await forgetful.purge({ now: later, dryRun: false, chunk: 500 });
      expect(await one.readErasedDevices(pseudonym)).to.deep.equal([]);
      expect(await rowsHeld(one, pseudonym)).to.deep.equal([]);
      expect(await one.findConversation(conversation)).to.equal(undefined);
      expect(await one.findDevice(bob.device)).to.not.equal(undefined);
    });

    it("leaves the books of what was uploaded in full, without the name, and ends what was not", async () => {
      const { one } = stores();
      const { alice } = await foundDirect(one);
      const [whole, part] = ["whole", "part"].map(
        (label) => Buffer.from(bytesOf(`${label} ${alice.user}`)).toString("hex") as BlobId,
      ) as [BlobId, BlobId];
      for (const blob of [whole, part]) await one.beginBlob({ blob, user: alice.user, size: 10 }, 1e9);
      await one.advanceBlob(whole, 0, 10);
      await one.advanceBlob(part, 0, 5);
      const pseudonym = await eraseInSteps(one, alice.user);
      expect(await one.findBlob(whole)).to.include({ user: pseudonym, received: 10 });
      expect(await one.findBlob(part)).to.equal(undefined);
      const ended = await one.listExpiredBlobs(Date.now() + 1000, 10_000);
      expect(ended.map(({ blob }) => blob)).to.include(part);
    });

    it("is nothing where nobody has the name", async () => {
      const user = newUser("nobody");
      expect(await stores().one.beginErasure({ user, pseudonym: newErasedUser() })).to.equal(undefined);
    });
  });
}
