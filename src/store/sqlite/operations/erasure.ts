import type { Erasure, ErasurePlace, ErasureStep } from "../../../actors/ports/store-erasure.ts";
import type { DeviceId, UserId } from "../../../protocol/ids.ts";
import { idOf } from "../../blobs.ts";
import * as erasing from "../../erasure/erase-user.ts";
import type { Dialect, Plan } from "../../erasure/plan.ts";
import type { Connection } from "../connection.ts";
import type { StoreContext } from "../store-context.ts";

/** A writer has the database to itself. */
const dialect: Dialect = { hold: "", hasRuns: false, hasCommits: false };

/** See `ErasureStore.beginErasure`. */
export function beginErasure({ db, now }: StoreContext, erasure: Erasure): Erasure | undefined {
  return carryOut(db, erasing.beginErasure(erasure, now));
}

/** See `ErasureStore.eraseStep`. */
export function eraseStep(
  { db, now }: StoreContext,
  erasure: Erasure,
  place: ErasurePlace,
  chunk: number,
): ErasureStep {
  return carryOut(db, erasing.eraseStep(erasure, place, { dialect, chunk, now }));
}

/** See `ErasureStore.readErasedDevices`. */
export function readErasedDevices(
  { db }: StoreContext,
  pseudonym: UserId,
): { device: DeviceId; deviceKey: Uint8Array }[] {
  const sql = "SELECT device, device_key AS deviceKey FROM devices WHERE user = ? ORDER BY device";
  const rows = db.all<{ device: Uint8Array; deviceKey: Uint8Array }>(sql, pseudonym);
  return rows.map(({ device, deviceKey }) => ({ device: idOf<DeviceId>(device), deviceKey }));
}

function carryOut<Result>(db: Connection, plan: Plan<Result>): Result {
  let step = plan.next();
  while (!step.done) {
    const { sql, parameters, reads } = step.value;
    step = plan.next(reads ? db.all(sql, ...parameters) : db.run(sql, ...parameters));
  }
  return step.value;
}
