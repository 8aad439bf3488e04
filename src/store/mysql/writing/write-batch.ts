import type { PoolConnection } from "mysql2/promise";
import type { AckOutcome, MessageOutcome } from "../../../actors/ports/store-log.ts";
import type { ConversationId } from "../../../protocol/ids.ts";
import type { Database } from "../database.ts";
import { MysqlConnection, type MysqlContext } from "../mysql-context.ts";
import { acceptInMemory } from "./accept-in-memory.ts";
import { advanceInMemory } from "./advance-in-memory.ts";
import { lockConversations, readGround } from "./read-ground.ts";
import { storeWorks } from "./store-works.ts";
import type { WriteUnit } from "./write-unit.ts";
import type { ConversationWork } from "./written-rows.ts";

/** What became of the units of one conversation, in their order. */
export type Settled = (MessageOutcome[] | AckOutcome)[];

interface Batch {
  batch: ReadonlyMap<ConversationId, readonly WriteUnit[]>;
  /** Whether to wait for rows that another transaction holds. Without it they are left out of the answer. */
  waits: boolean;
}

/**
 * One transaction in three round trips, whatever the number of conversations: lock their rows; read what decides; write all of
 * it and commit. Everything is decided in memory between the second and the third, under the locks.
 */
export async function writeBatch(
  database: Database,
  connection: PoolConnection,
  { batch, waits }: Batch,
): Promise<Map<ConversationId, Settled>> {
  const db = new MysqlConnection(connection);
  const { now, works } = await lockConversations(db, [...batch.keys()], waits);
  database.noteClock(now);
  const settled = new Map<ConversationId, Settled>();
  if (works.size > 0) await readGround(db, works, batch);
  const context = database.contextOf(db, now);
  for (const [conversation, units] of batch) {
    const work = works.get(conversation);
    if (work !== undefined) settled.set(conversation, await decide(context, work, units));
    else if (waits) settled.set(conversation, units.map(unknownConversation));
  }
  await storeWorks(db, [...works.values()]);
  return settled;
}

async function decide(context: MysqlContext, work: ConversationWork, units: readonly WriteUnit[]): Promise<Settled> {
  const settled: Settled = [];
  for (const unit of units) {
    if (unit.kind === "ack") {
      settled.push(await advanceInMemory(context, work, unit.ack));
    } else {
      const outcomes: MessageOutcome[] = [];
      for (const message of unit.messages) outcomes.push(await acceptInMemory(context, work, message));
      settled.push(outcomes);
    }
  }
  return settled;
}

function unknownConversation(unit: WriteUnit): MessageOutcome[] | AckOutcome {
  if (unit.kind === "ack") return { status: "not-a-member" };
  return unit.messages.map(() => ({ status: "conversation-unknown" }));
}
