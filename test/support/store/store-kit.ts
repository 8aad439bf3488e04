import { createHash } from "node:crypto";
import type { AcceptCommit, CommitOutcome } from "../../../src/actors/ports/store-conversations.ts";
import type { AcceptMessage, AckRow } from "../../../src/actors/ports/store-log.ts";
import type { Store } from "../../../src/actors/ports/store.ts";
import { newId, type ConversationId, type DeviceId, type MessageId, type UserId } from "../../../src/protocol/ids.ts";

/** Bytes that only this label has; 32 of them where a hash or a key is meant. */
export function bytesOf(label: string, length = 32): Uint8Array {
  return new Uint8Array(createHash("shake256", { outputLength: length }).update(label).digest());
}

let names = 0;

/** A user that no other test has. */
export function newUser(name = "user"): UserId {
  return `${name}-${++names}-${Math.random().toString(36).slice(2, 8)}` as UserId;
}

/** One device of one user. */
export interface Party {
  user: UserId;
  device: DeviceId;
}

/** Appends a device to a user's list, whatever its version is by now. */
export async function addDevice(store: Store, user: UserId): Promise<Party> {
  const device = newId<DeviceId>();
  const [list] = await store.readDeviceLists([{ user, after: 0 }]);
  const outcome = await store.appendDeviceEntry({
    user,
    accountKey: bytesOf(`account ${user}`),
    version: list!.version + 1,
    previousHead: list!.head,
    head: bytesOf(`head ${user} ${list!.version + 1}`),
    entry: bytesOf(`entry ${user} ${list!.version + 1}`, 100),
    change: { operation: "add", device, deviceKey: bytesOf(`key ${device}`) },
  });
  if (outcome !== "appended") throw new Error(`The device was not added: ${outcome}.`);
  return { user, device };
}

/** A user's next entry is one with which it starts over: the one device there is then. */
export async function startOver(store: Store, user: UserId): Promise<Party> {
  const device = newId<DeviceId>();
  const [list] = await store.readDeviceLists([{ user, after: 0 }]);
  const version = list!.version + 1;
  const nextAccountKey = bytesOf(`account of ${device}`);
  const outcome = await store.appendDeviceEntry({
    user,
    accountKey: list!.accountKey!,
    version,
    previousHead: list!.head,
    head: bytesOf(`head ${user} ${version}`),
    entry: bytesOf(`entry ${user} ${version}`, 100),
    change: { operation: "reset", device, deviceKey: bytesOf(`key ${device}`), nextAccountKey },
  });
  if (outcome !== "appended") throw new Error(`The user did not start over: ${outcome}.`);
  return { user, device };
}

/** Revokes a device by the next entry of its user's list. */
export async function revokeDevice(store: Store, { user, device }: Party): Promise<string> {
  const [list] = await store.readDeviceLists([{ user, after: 0 }]);
  return store.appendDeviceEntry({
    user,
    accountKey: bytesOf(`account ${user}`),
    version: list!.version + 1,
    previousHead: list!.head,
    head: bytesOf(`head ${user} ${list!.version + 1}`),
    entry: bytesOf(`entry ${user} ${list!.version + 1}`, 100),
    change: { operation: "revoke", device },
  });
}

/** A commit by `sender`; without more, one that only moves the epoch. */
export function commitBy(
  conversation: ConversationId,
  sender: Party,
  epoch: number,
  change: Partial<AcceptCommit> = {},
): AcceptCommit {
  const id = newId<MessageId>();
  return {
    conversation,
    generation: 1,
    epoch,
    id,
    sender,
    commit: bytesOf(`commit ${id}`, 200),
    leaves: [],
    added: [],
    removed: [],
    ...change,
  };
}

/** A direct conversation, founded by the first of its devices. */
export interface Founded {
  conversation: ConversationId;
  alice: Party;
  bob: Party;
  founding: AcceptCommit;
}

/** Two users of one device each, and their direct conversation in epoch 1 with the founding commit at sequence 1. */
export async function foundDirect(store: Store): Promise<Founded> {
  const alice = await addDevice(store, newUser("alice"));
  const bob = await addDevice(store, newUser("bob"));
  const { row } = await store.openDirect(alice.user, bob.user, newId<ConversationId>());
  const founding = commitBy(row.conversation, alice, 0, {
    leaves: [alice.device, bob.device],
    added: [alice, bob],
    welcome: bytesOf("welcome", 500),
  });
  mustBeAccepted(await store.acceptCommit(founding));
  return { conversation: row.conversation, alice, bob, founding };
}

/** The accepted outcome, or an error that says what came instead. */
export function mustBeAccepted(outcome: CommitOutcome): Extract<CommitOutcome, { status: "accepted" }> {
  if (outcome.status !== "accepted") throw new Error(`The commit was not accepted: ${outcome.status}.`);
  return outcome;
}

/** A message of one device; its id is later than those before. */
export function messageBy(
  conversation: ConversationId,
  sender: Party,
  number: number,
  change: Partial<AcceptMessage> = {},
): AcceptMessage {
  const id = newId<MessageId>();
  return {
    conversation,
    generation: 1,
    epoch: 1,
    sender,
    id,
    number,
    payload: bytesOf(`sealed ${id}`, 300),
    ...change,
  };
}

/** An ack of one device, with placeholders where a real one has its hash and signature. */
export function ackBy(
  conversation: ConversationId,
  party: Party,
  sequence: number,
  unopened: [number, number][] = [],
): AckRow {
  return {
    conversation,
    ...party,
    sequence,
    logHash: bytesOf(`log ${sequence}`),
    unopened,
    signature: bytesOf(`signature ${sequence}`, 64),
  };
}
