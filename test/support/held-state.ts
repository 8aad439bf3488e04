import type { Client } from "../../src/client/index.ts";
import type { ClientCore } from "../../src/client/core.ts";
import { decodeRecord, tables, type ConversationRecord, type RostersRecord } from "../../src/client/records.ts";
import type { Store } from "../../src/actors/ports/store.ts";
import type { Group } from "../../src/crypto/group-engine.ts";
import type { UserId } from "../../src/protocol/ids.ts";

/** What a client is made of, for tests that look at what applications cannot. */
export function coreOf(client: Client): ClientCore {
  return Reflect.get(client, "core") as ClientCore;
}

/** The group of a conversation, as the client has stored it. */
export async function heldGroup(client: Client, conversation: string): Promise<Group> {
  const { store, engine, own } = coreOf(client);
  const [tree, parts] = await Promise.all([
    store.get(tables.groupTrees, conversation),
    store.list(tables.groupRatchets, { prefix: `${conversation}/` }),
  ]);
  const ratchets = parts.map(({ bytes }) => bytes);
  if (!tree || ratchets.length === 0) throw new Error("the client holds no group");
  return engine.decodeGroup({ tree, ratchets }, own.identity());
}

export async function heldRecord(client: Client, conversation: string): Promise<ConversationRecord> {
  const rosters = await coreOf(client).store.get(tables.rosters, conversation);
  const record = decodeRecord<ConversationRecord>(await storedBytes(client, tables.conversations, conversation));
  return { ...record, ...(rosters && decodeRecord<RostersRecord>(rosters)) };
}

/** One record of a client's store; fails where there is none. */
export async function storedBytes(client: Client, table: string, id: string): Promise<Uint8Array> {
  const bytes = await coreOf(client).store.get(table, id);
  if (!bytes) throw new Error(`no ${id} in ${table}`);
  return bytes;
}

/** The archive keys that a client holds, by generation. */
export const archiveGenerations = (client: Client): number[] =>
  coreOf(client).own.archiveKeys.map(({ generation }) => generation);

/** The archive keys that a node keeps for a recovery key, by generation, whichever devices have handed them over; undefined where there is none. */
export async function grantedGenerations(
  store: Pick<Store, "readRecoveryKey">,
  user: UserId,
): Promise<number[] | undefined> {
  const key = await store.readRecoveryKey(user);
  return key && [...new Set(key.granted.map(({ generation }) => generation))];
}
