/** Makes room for what is to come. Put off, it is made at a later turn: what comes meanwhile is stored all the same. */
import type { WorkerPorts } from "./worker-ports.ts";

export async function prepareStore({ store, telemetry, now }: WorkerPorts): Promise<void> {
  if ((await store.prepare(now())) === "put-off") telemetry.log.warn("prepare.put-off");
}
