import { createServer } from "node:http";
import type { Settings } from "../../config/settings.ts";
import type { Telemetry } from "../actors/ports/silent-telemetry.ts";
import type { Store } from "../actors/ports/store.ts";
import { createOpsListener } from "../gateway/http/ops-app.ts";
import type { NodeMetrics } from "../observability/metrics.ts";
import type { Closers } from "./closers.ts";
import { lastPurge } from "../../workers/purge.ts";
import { adminReport, type AdminParts } from "./admin-report.ts";
import { endListening, listenOn } from "./listening.ts";

const pingTimeoutMs = 2000;
/** Sizes are counted when somebody asks, but not more often than this. */
const measureEveryMs = 10_000;

export interface OpsParts {
  store: Store;
  metrics: NodeMetrics;
  telemetry: Telemetry;
  closers: Closers;
  /** Why the process does less than it could, though it may get traffic. */
  degradedReasons: () => string[];
  isDraining: () => boolean;
  /** For /admin. */
  sweepTimes: AdminParts["sweepTimes"];
  processReport: AdminParts["processReport"];
}

/** Opens the operator's port of a node or a worker, and answers where it is: `http://host:port`. */
export async function openOps(settings: Settings, parts: OpsParts): Promise<string> {
  const { store, metrics, telemetry, closers } = parts;
  const sizes = sizesOf(store);
  watchSizes(sizes, metrics);
  const unreadyReasons = async () => {
    const answers = await Promise.race([store.ping().then(() => true), patience(pingTimeoutMs)]).catch(() => false);
    return [...(parts.isDraining() ? ["draining"] : []), ...(answers ? [] : ["the database does not answer"])];
  };
  const exposeMetrics = () => metrics.expose();
  const { degradedReasons } = parts;
  const token = settings.ADMIN_TOKEN;
  const admin = { token, report: () => adminReport(settings, { ...parts, sizes, lastPurge: () => lastPurge(store) }) };
  const options = { unreadyReasons, degradedReasons, exposeMetrics, telemetry, ...(token !== "" && { admin }) };
  const ops = createServer(createOpsListener(options));
  closers.add(() => endListening(ops));
  return listenOn(ops, settings, "OPS_PORT");
}

/** False after a while: a database that takes longer does not answer. */
function patience(timeoutMs: number): Promise<false> {
  return new Promise((resolve) => setTimeout(resolve, timeoutMs, false).unref());
}

type Sizes = ReturnType<Store["measure"]>;

function sizesOf(store: Store): () => Sizes {
  let measured: { at: number; sizes: Sizes } | undefined;
  return () => {
    if (measured === undefined || Date.now() - measured.at > measureEveryMs) {
      measured = { at: Date.now(), sizes: store.measure() };
    }
    return measured.sizes;
  };
}

function watchSizes(sizes: () => Sizes, metrics: NodeMetrics): void {
  metrics.gauge("conversations", async () => (await sizes()).conversations);
  metrics.gauge("messages", async () => (await sizes()).messages);
  metrics.gauge("devices", async () => (await sizes()).devices);
  metrics.gauge("due_conversations", async () => (await sizes()).due);
  metrics.gauge("database_bytes", async () => (await sizes()).bytes);
}
