import type { ConnectionOptions, Queue, Worker } from "bullmq";
import type { Telemetry } from "../actors/ports/silent-telemetry.ts";
import { jobsConnection, type JobsConnection } from "./jobs-connection.ts";
import { QueueFaults } from "./queue-faults.ts";

/** A queue's connections to Redis, one to add jobs and one to work them off, and what is said of their faults. */
export class QueueConnections {
  private readonly connections: readonly [JobsConnection, JobsConnection];
  private readonly faults: QueueFaults;

  constructor(queue: string, { url, telemetry }: { url: string; telemetry: Telemetry }) {
    this.faults = new QueueFaults(queue, telemetry);
    const open = () => jobsConnection(url, () => this.connected());
    this.connections = [open(), open()];
  }

  get toAdd(): ConnectionOptions {
    return this.connections[0].connection;
  }
  get toWork(): ConnectionOptions {
    return this.connections[1].connection;
  }

  /** Takes up what BullMQ says of errors: unheard, they would end the process. */
  watch(queue: Pick<Queue, "on">, worker: Pick<Worker, "on">): void {
    queue.on("error", (error) => this.faults.failed(error));
    worker.on("error", (error) => this.faults.failed(error));
    worker.on("active", () => this.faults.worked());
  }

  /** From now on connections end because they are to. */
  expectEnd(): void {
    this.faults.close();
  }

  close(): void {
    this.expectEnd();
    for (const connection of this.connections) connection.close();
  }

  private connected(): void {
    if (this.connections.every((connection) => connection.isReady())) this.faults.worked();
  }
}
