import type { Store } from "../../../src/actors/ports/store.ts";
import type { BlobId } from "../../../src/protocol/blobs.ts";
import { newId, type ConversationId, type DeviceId } from "../../../src/protocol/ids.ts";
import { eraseInSteps } from "./erase-in-steps.ts";
import {
  ackBy,
  addDevice,
  bytesOf,
  commitBy,
  messageBy,
  mustBeAccepted,
  newUser,
  revokeDevice,
  type Party,
} from "./store-kit.ts";

/**
 * A row or more in every table of a database, all of now: a group of three in which one is away, and another that its only member has
 * left; whatever is of no conversation; and a direct that nobody founded. `leave`: everybody leaves the group.
 */
export async function fillStore(store: Store): Promise<{ alice: Party; bob: Party; leave(): Promise<void> }> {
  const [alice, bob, carol] = [
    await addDevice(store, newUser("alice")),
    await addDevice(store, newUser("bob")),
    await addDevice(store, newUser("carol")),
  ];
  const conversation = newId<ConversationId>();
  const policy = { roles: [{ user: alice.user, role: "owner" as const }], history: "kept" as const };
  const group = { policy, leavers: [], leaversBefore: [], joined: [], gone: [] };
  await store.createGroup(alice.user, conversation, 84);
  const all = [alice, bob, carol];
  const founding = commitBy(conversation, alice, 0, {
    leaves: all.map(({ device }) => device),
    added: all,
    welcome: bytesOf("welcome", 500),
    group: { ...group, joined: [bob.user, carol.user] },
  });
  mustBeAccepted(await store.acceptCommit(founding));
  const keyOf = (epoch: number) => ({
    conversation,
    generation: 1,
    epoch,
    archiveGeneration: 1,
    sealed: bytesOf(`history key ${epoch}`, 100),
  });
  await store.putHistoryKeys(alice.user, alice.device, [keyOf(0), keyOf(1)]);
  await store.acceptMessages(conversation, [
    messageBy(conversation, alice, 1),
    messageBy(conversation, alice, 2, { disappears: true }),
  ]);
  await store.advancePositions([ackBy(conversation, alice, 3), ackBy(conversation, bob, 3)]);
  await store.shareHistory({
    conversation,
    user: bob.user,
    joinedSequence: 1,
    by: alice,
    signature: bytesOf("share", 64),
  });
  const keyPackage = bytesOf("package", 300);
  const place = { conversation, generation: 1, epoch: 1 };
  await store.postReadd({ ...place, ...carol, keyPackage, signature: bytesOf("readd", 64) });
  await store.noteWaiting([{ user: carol.user, newestAt: Date.now() }], Date.now(), 0);
  await store.markRead({ ...ackBy(conversation, bob, 3), audience: "all" });
  await fillAlone(store, alice);
  const leave = async () => {
    for (const sender of all) {
      const epoch = 1;
      const signature = bytesOf("leave", 64);
      await store.acceptLeave({ conversation, generation: 1, epoch, id: newId<never>(), sender, signature });
    }
  };
  return { alice, bob, leave };
}

/** What is of no conversation that anybody is in. */
async function fillAlone(
  store: Store,
  alice: { user: Awaited<ReturnType<typeof addDevice>>["user"]; device: DeviceId },
) {
  const expiresAt = Date.now() + 10 * 60_000;
  await store.createAccount({ user: newUser(), passwordHash: "$argon2id$" });
  const erased = newUser("erased");
  await store.createAccount({ user: erased, passwordHash: "$argon2id$" });
  await eraseInSteps(store, erased);
  await store.putLinkOffer({
    user: alice.user,
    channel: bytesOf("channel", 16),
    device: newId<DeviceId>(),
    deviceKey: bytesOf("device key"),
    kemKey: bytesOf("kem", 1216),
    expiresAt,
  });
  const oneTime = [{ hash: bytesOf("hash"), bytes: bytesOf("key package", 300), expiresAt }];
  await store.publishKeyPackages({ ...alice, suite: 84, oneTime });
  await store.putArchiveGrants(alice.user, alice.device, [
    {
      device: alice.device,
      generation: 1,
      listVersion: 1,
      keyPackage: bytesOf("granted to"),
      encapsulated: bytesOf("encapsulated", 1120),
      sealed: bytesOf("archive key", 48),
      signature: bytesOf("grant", 64),
    },
  ]);
  await store.putDeviceName(alice.user, { device: alice.device, archiveGeneration: 1, sealed: bytesOf("name", 169) });
  await fillRecovery(store, alice);
  await store.setPrivacy({
    ...alice,
    version: 1,
    readReceipts: true,
    typing: false,
    signature: bytesOf("privacy", 64),
  });
  const blob = Buffer.from(bytesOf("blob")).toString("hex") as BlobId;
  await store.beginBlob({ blob, user: alice.user, size: 10 }, 1e9);
  await store.advanceBlob(blob, 0, 10);
  await store.setBlock({ user: alice.user, blocked: newUser() }, true);
  await store.putPushSubscription({ ...alice, endpoint: "https://push.example/1" });
  await store.openDirect(newUser(), newUser(), newId<ConversationId>());
  await revokeDevice(store, await addDevice(store, newUser("gone")));
  await store.nodeKey("tried", bytesOf("node key"));
  await store.claimSweep("purge", 1000, Date.now());
  await store.noteReport("purge", "{}");
}

async function fillRecovery(store: Store, { user, device }: Parameters<typeof fillAlone>[1]): Promise<void> {
  await store.putRecoveryKey({
    user,
    accountKey: bytesOf(`account ${user}`),
    after: 0,
    version: 1,
    publicKey: bytesOf("recovery key", 1216),
    madeAt: Date.now(),
    signature: bytesOf("statement", 64),
    vault: bytesOf("vault", 16 * 1024),
  });
  const grant = {
    generation: 1,
    listVersion: 1,
    by: device,
    encapsulated: bytesOf("encapsulated for recovery", 1120),
    sealed: bytesOf("archive key for recovery", 48),
    signature: bytesOf("recovery grant", 64),
  };
  await store.putRecoveryGrants(user, device, 1, [grant]);
}
