import type { Erasure, ErasurePlace, ErasureStep } from "../../../actors/ports/store-erasure.ts";
import type { DeviceId, UserId } from "../../../protocol/ids.ts";
import { idOf } from "../../blobs.ts";
import * as erasing from "../../erasure/erase-user.ts";
import type { Dialect, Plan } from "../../erasure/plan.ts";
import type { MysqlConnection, MysqlContext } from "../mysql-context.ts";

const dialect: Dialect = { hold: "FOR UPDATE", hasRuns: true, hasCommits: true };

/** See `ErasureStore.beginErasure`. */
export function beginErasure({ db, now }: MysqlContext, erasure: Erasure): Promise<Erasure | undefined> {
  return carryOut(db, erasing.beginErasure(erasure, now));
}

/** See `ErasureStore.eraseStep`. */
export function eraseStep(
  { db, now }: MysqlContext,
  erasure: Erasure,
  place: ErasurePlace,
  chunk: number,
): Promise<ErasureStep> {
  return carryOut(db, erasing.eraseStep(erasure, place, { dialect, chunk, now }));
}

/** See `ErasureStore.readErasedDevices`. */
export async function readErasedDevices(
  { db }: MysqlContext,
  pseudonym: UserId,
): Promise<{ device: DeviceId; deviceKey: Uint8Array }[]> {
  const sql = "SELECT device, device_key AS deviceKey FROM devices WHERE user = ? ORDER BY device";
  const rows = await db.all<{ device: Uint8Array; deviceKey: Uint8Array }>(sql, pseudonym);
  return rows.map(({ device, deviceKey }) => ({ device: idOf<DeviceId>(device), deviceKey }));
}

async function carryOut<Result>(db: MysqlConnection, plan: Plan<Result>): Promise<Result> {
  let step = plan.next();
  while (!step.done) {
    const { sql, parameters, reads } = step.value;
    step = plan.next(reads ? await db.all(sql, ...parameters) : await db.run(sql, ...parameters));
  }
  return step.value;
}
