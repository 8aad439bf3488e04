import type { DeviceIdentity, Group, KeyPackagePair } from "../../src/crypto/group-engine.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { publicKeyOf, sign } from "../../src/crypto/signing-key.ts";
import { ackBytes } from "../../src/identity/ack.ts";
import { readMarkBytes } from "../../src/identity/read-mark.ts";
import { readdRequestBytes } from "../../src/identity/readd.ts";
import { fromBase64, toBase64 } from "../../src/protocol/base64.ts";
import { newId, type ConversationId, type MessageId } from "../../src/protocol/ids.ts";
import type { RequestOf } from "../../src/protocol/requests.ts";
import { AccountWithDevices } from "./account-with-devices.ts";
import { DeviceSocket } from "./device-socket.ts";
import type { GatewayNode } from "./gateway-node.ts";

/** A user with its first device, registered and connected. */
export interface Person {
  account: AccountWithDevices;
  identity: DeviceIdentity;
  socket: DeviceSocket;
}

export async function newPerson(node: Pick<GatewayNode, "host" | "url">, name: string): Promise<Person> {
  const account = await AccountWithDevices.of(name);
  const identity = account.addDevice();
  return { account, identity, socket: await DeviceSocket.registered(node, account, identity) };
}

export async function publishKeyPackages(
  { identity, socket }: Pick<Person, "identity" | "socket">,
  count = 2,
): Promise<KeyPackagePair[]> {
  const pairs = await Promise.all(Array.from({ length: count }, () => engine.createKeyPackage(identity, 84)));
  const oneTime = pairs.map((pair) => toBase64(pair.publicBytes));
  await socket.request("keypackages:publish", { suite: 84, oneTime });
  return pairs;
}

/** The founding commit of a direct conversation, made and not yet sent. */
export async function foundingCommit(
  by: Person,
  conversation: ConversationId,
  add: readonly Uint8Array[],
): Promise<{ request: RequestOf<"conversation:commit">; next: Group }> {
  const group = await engine.createGroup(by.identity, { conversation, generation: 1, suite: 84 });
  const { commit, welcome, next } = await engine.prepareCommit(group, { add });
  const request = {
    conversation,
    generation: 1,
    epoch: 0,
    id: newId<MessageId>(),
    commit: toBase64(commit),
    ...(welcome && { welcome: toBase64(welcome) }),
  };
  return { request, next };
}

/** Alice has opened and founded her direct conversation with bob, both devices are in it. */
export async function foundDirect(
  node: Pick<GatewayNode, "host" | "url">,
  names: [string, string] = ["alice", "bob"],
  nodeOfBob = node,
): Promise<{ alice: Person; bob: Person; conversation: ConversationId; group: Group; pairs: KeyPackagePair[] }> {
  const alice = await newPerson(node, names[0]);
  const bob = await newPerson(nodeOfBob, names[1]);
  const pairs = await publishKeyPackages(bob);
  const { conversation } = await alice.socket.request("conversation:open", { peer: bob.account.user });
  const { packages } = await alice.socket.request("keypackages:claim", {
    suite: 84,
    devices: [{ user: bob.account.user, device: bob.identity.device }],
  });
  const claimed = packages.map(({ keyPackage }) => fromBase64(keyPackage));
  const { request, next } = await foundingCommit(alice, conversation, claimed);
  await alice.socket.request("conversation:commit", request);
  return { alice, bob, conversation, group: next, pairs };
}

/** A message request with bytes that a node cannot tell from sealed ones. */
export function messageOf(
  conversation: ConversationId,
  number: number,
  text = `message ${number}`,
): RequestOf<"message:send"> {
  const payload = toBase64(new TextEncoder().encode(text));
  return { conversation, generation: 1, epoch: 1, id: newId(), number, payload };
}

export function ackOf(
  { identity }: Pick<Person, "identity">,
  conversation: ConversationId,
  sequence: number,
  unopened: [number, number][] = [],
): RequestOf<"message:ack"> {
  const logHash = new Uint8Array(32).fill(7);
  const signature = sign(identity.deviceSecretKey, ackBytes({ conversation, sequence, logHash, unopened }));
  return { conversation, sequence, logHash: toBase64(logHash), unopened, signature: toBase64(signature) };
}

export function markOf(
  { identity }: Pick<Person, "identity">,
  conversation: ConversationId,
  sequence: number,
  audience: "all" | "own" = "all",
): RequestOf<"marks:put"> {
  const logHash = new Uint8Array(32).fill(7);
  const fields = { conversation, sequence, unopened: [], audience };
  const signature = sign(identity.deviceSecretKey, readMarkBytes({ ...fields, logHash }));
  return { ...fields, logHash: toBase64(logHash), signature: toBase64(signature) };
}

/** A device's request to be removed and added, with a key package of its own, signed by it. */
export async function readdRequestOf(
  { identity }: Pick<Person, "identity">,
  conversation: ConversationId,
): Promise<{ request: RequestOf<"readd:request">; keyPackage: Uint8Array }> {
  const keyPackage = (await engine.createKeyPackage(identity, 84)).publicBytes;
  const place = { conversation, generation: 1, epoch: 1 };
  const { device, deviceSecretKey } = identity;
  const signature = toBase64(sign(deviceSecretKey, readdRequestBytes({ ...place, keyPackage, device })));
  return { request: { ...place, keyPackage: toBase64(keyPackage), signature }, keyPackage };
}

/** A commit on a group, as it goes to the node, and the group after it. */
export async function commitRequestOf(
  group: Group,
  changes: { add?: Uint8Array[]; remove?: number[] },
): Promise<{ request: RequestOf<"conversation:commit">; next: Group }> {
  const { commit, welcome, next } = await engine.prepareCommit(group, changes);
  const { conversation, generation, epoch } = group;
  const wire = { commit: toBase64(commit), ...(welcome && { welcome: toBase64(welcome) }) };
  return { request: { conversation, generation, epoch, id: newId<MessageId>(), ...wire }, next };
}

/** A second device of somebody, linked by the first one over the node, connected and proved. */
export async function linkDevice(
  node: Pick<GatewayNode, "host" | "url">,
  { account, socket }: Pick<Person, "account" | "socket">,
): Promise<Pick<Person, "identity" | "socket">> {
  const identity = account.addDevice();
  const channel = toBase64(globalThis.crypto.getRandomValues(new Uint8Array(16)));
  const { device, deviceSecretKey } = identity;
  const deviceKey = toBase64(publicKeyOf(deviceSecretKey));
  const newcomer = await DeviceSocket.connectAs(node, account.user);
  await newcomer.request("link:offer", { channel, device, deviceKey, kemKey: toBase64(new Uint8Array(1216)) });
  const entry = toBase64(account.entries.at(-1)!);
  await socket.request("link:complete", { channel, entry, sealed: toBase64(new Uint8Array([1, 2, 3])) });
  await newcomer.hears("link:completed");
  await newcomer.prove(identity);
  return { identity, socket: newcomer };
}
