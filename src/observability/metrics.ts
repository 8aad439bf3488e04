/** Numbers for Prometheus, in a registry of this node's own, so that two nodes in one process do not mix theirs. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { CounterName, GaugeName, Metrics, TimingName } from "../actors/ports/telemetry.ts";

const counters = {
  handshakes: { help: "Handshakes, by outcome.", labels: ["outcome"] },
  requests: { help: "Requests answered, by name and code (`ok`, or of the catalogue).", labels: ["request", "code"] },
  messages_accepted: { help: "Messages committed and acknowledged to their senders.", labels: [] },
  open_failures: { help: "Messages that a device could not open, by reason, as devices say.", labels: ["reason"] },
  acks: { help: "Acks that moved a device's position.", labels: [] },
  pushes: { help: "Pushes emitted, by name.", labels: ["push"] },
  sweeps: { help: "Runs of timed jobs, by job and outcome.", labels: ["job", "outcome"] },
  rows_purged: { help: "Rows deleted because their time was over, by table.", labels: ["table"] },
  blob_bytes: { help: "Bytes of blobs taken in and given out, by direction.", labels: ["direction"] },
  wakes: { help: "Pushes to people who are away, by outcome.", labels: ["outcome"] },
  queue_errors: { help: "Errors of the workers' queues in Redis and of the way there, by queue.", labels: ["queue"] },
  web_pushes: { help: "Web Pushes to single browsers, by what their push services answered.", labels: ["outcome"] },
  sign_ins: { help: "Sign-ups and log-ins, by outcome.", labels: ["outcome"] },
} as const satisfies Record<CounterName, object>;

const timings = {
  request: { help: "Seconds from a request to its answer.", labels: ["request"] },
  accept: { help: "Seconds from a message's arrival to its commit.", labels: [] },
  sweep: { help: "Seconds a timed job took.", labels: ["job"] },
} as const satisfies Record<TimingName, object>;

const gauges = {
  sockets: "Sockets connected to this node.",
  mailboxes: "Actors with something in their mailbox.",
  mailbox_messages: "Messages waiting in mailboxes.",
  conversations: "Conversations stored.",
  messages: "Log entries stored.",
  devices: "Devices registered and not revoked.",
  due_conversations: "Conversations with a device that is behind.",
  database_bytes: "Size of the database.",
} as const satisfies Record<GaugeName, string>;

export interface NodeMetrics extends Metrics {
  /** The exposition format of Prometheus. */
  expose(): Promise<{ contentType: string; text: string }>;
  close(): void;
}

export function createMetrics(): NodeMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counterOf = new Map<string, Counter>();
  for (const [name, { help, labels }] of Object.entries(counters)) {
    counterOf.set(name, new Counter({ name: `sotto_${name}_total`, help, labelNames: labels, registers: [registry] }));
  }
  const timingOf = new Map<string, Histogram>();
  for (const [name, { help, labels }] of Object.entries(timings)) {
    const buckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
    const series = { name: `sotto_${name}_seconds`, help, labelNames: labels, buckets, registers: [registry] };
    timingOf.set(name, new Histogram(series));
  }
  return {
    count: (name, labels = {}, by = 1) => counterOf.get(name)?.inc(labels, by),
    observe: (name, seconds, labels = {}) => timingOf.get(name)?.observe(labels, seconds),
    gauge: (name, read) => void addGauge(registry, name, read),
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    close: () => registry.clear(),
  };
}

function addGauge(registry: Registry, name: GaugeName, read: () => number | Promise<number>): void {
  registry.removeSingleMetric(`sotto_${name}`);
  const gauge = new Gauge({
    name: `sotto_${name}`,
    help: gauges[name],
    registers: [],
    async collect() {
      this.set(
        await Promise.resolve()
          .then(read)
          .catch(() => Number.NaN),
      );
    },
  });
  registry.registerMetric(gauge);
}
