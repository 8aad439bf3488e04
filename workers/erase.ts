/** Erases one user, in steps that leave the database to others in between. A run that broke off is gone on with by the next. */
import type { ErasedRows, Erasure, ErasurePlace, ErasureStep } from "../src/actors/ports/store-erasure.ts";
import { newErasedUser } from "../src/protocol/erased-users.ts";
import type { UserId } from "../src/protocol/ids.ts";
import { removeEndedBlobs } from "./blobs.ts";
import type { WorkerPorts } from "./worker-ports.ts";

/** Rows changed in one transaction: few enough that nobody waits for it. */
const rowsPerStep = 200;
/** More often nothing comes back that was done before: somebody keeps writing under the name, or a row has no rule. */
const roundsAtMost = 10;

export interface ErasedUser {
  user: UserId;
  /** The name under which what stays goes on. */
  pseudonym: UserId;
  /** Conversations that the user is not in any more. */
  conversations: number;
  tables: ErasedRows[];
}

export interface ErasingHooks {
  /** So far. */
  progressed(done: { conversations: number; rows: number }): void;
  /** Where else the user is to be forgotten: once nothing more is written under the name, and before the name goes. Again where more came meanwhile. */
  elsewhere(erasure: Erasure): Promise<void>;
}

/** Undefined where nothing is held about the user. Throws where the user's rows come back, and what `elsewhere` throws. */
export async function eraseUser(
  ports: Pick<WorkerPorts, "store" | "blobs" | "telemetry" | "now">,
  user: UserId,
  hooks: Partial<ErasingHooks> = {},
): Promise<ErasedUser | undefined> {
  const { store } = ports;
  const erasure = await store.beginErasure({ user, pseudonym: newErasedUser() });
  if (erasure === undefined) return undefined;
  const tables = new Map<string, ErasedRows>();
  let [conversations, rows, rounds] = [0, 0, 0];
  for (let place: ErasurePlace | undefined = { stage: "devices" }; place;) {
    if (place.stage === "devices" && ++rounds > roundsAtMost) throw new Error("The user's rows come back.");
    if (place.stage === "end") await hooks.elsewhere?.(erasure);
    const step: ErasureStep = await store.eraseStep(erasure, place, rowsPerStep);
    for (const line of step.rows) add(tables, line);
    conversations += step.conversations;
    rows += step.rows.reduce((sum, { deleted, kept }) => sum + deleted + kept, 0);
    hooks.progressed?.({ conversations, rows });
    place = step.next;
  }
  await store.overwriteDeleted();
  if (ports.blobs) await removeEndedBlobs({ ...ports, blobs: ports.blobs });
  return { ...erasure, conversations, tables: [...tables.values()] };
}

function add(tables: Map<string, ErasedRows>, { table, deleted, kept }: ErasedRows): void {
  const before = tables.get(table) ?? { table, deleted: 0, kept: 0 };
  tables.set(table, { table, deleted: before.deleted + deleted, kept: before.kept + kept });
}
