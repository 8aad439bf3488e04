import type { WorkerPorts } from "./worker-ports.ts";

/**
 * The same ports, with the database's time as of now, which goes on by this process's monotonic clock. What a sweep deletes is
 * gone: no process decides it by a clock of its own, which nobody has compared with those that messages were accepted by.
 */
export async function atDatabaseTime<Ports extends Pick<WorkerPorts, "store">>(
  ports: Ports,
): Promise<Ports & Pick<WorkerPorts, "now">> {
  const theirs = await ports.store.clock();
  const ours = performance.now();
  return { ...ports, now: () => Math.round(theirs + performance.now() - ours) };
}
