/**
 * The composition root: wires the parts of a node over their ports, in the order in which they need each other, and takes
 * them apart in the opposite order. Decides nothing itself. Whatever fails half-way leaves nothing behind.
 */
import { createServer, type Server as HttpServer } from "node:http";
import { databaseFile } from "../config/load-settings.ts";
import type { Settings } from "../config/settings.ts";
import { embeddedSweeps, startTimers } from "../workers/timers.ts";
import { createAccounts } from "./accounts/accounts.ts";
import { nodeTokens } from "./accounts/node-tokens.ts";
import { Passwords } from "./accounts/passwords.ts";
import { createActors } from "./actors/actors.ts";
import type { Telemetry } from "./actors/ports/silent-telemetry.ts";
import type { Store } from "./actors/ports/store.ts";
import { Closers } from "./server/closers.ts";
import { MemoryDelivery } from "./cluster/memory-delivery.ts";
import { MemoryPresence } from "./cluster/memory-presence.ts";
import { MemoryRateLimiter } from "./cluster/memory-rate-limiter.ts";
import { createGateway } from "./gateway/gateway.ts";
import { createOpsListener } from "./gateway/http/ops-app.ts";
import { createPublicListener } from "./gateway/http/public-app.ts";
import { publicChecks } from "./gateway/public-checks.ts";
import { createSocketServer } from "./gateway/socket-server.ts";
import { sodiumReady } from "./identity/sodium.ts";
import { endListening, listenOn } from "./server/listening.ts";
import { lockData } from "./server/lock-data.ts";
import { createLog, type NodeLog } from "./observability/log.ts";
import { createMetrics, type NodeMetrics } from "./observability/metrics.ts";
import { sottoVersion } from "./protocol/version.ts";
import { gatewaySettings, rates, undeliveredTtlMs } from "./server/settings-in-parts.ts";
import { openNodeStore } from "./store/open-node-store.ts";

const pingTimeoutMs = 2000;

/** A node that runs. */
export interface RunningNode {
  /** Where clients connect, and where the operator looks: `http://host:port`, without a slash at the end. */
  url: string;
  opsUrl: string;
  /** The database file, absolute. */
  databaseFile: string;
  /** True when this start made the secret that signs tokens. */
  madeOwnSecret: boolean;
  /** Drains, within `DRAIN_SECONDS`, then releases everything. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts an embedded node: one process, one file. Throws when it cannot, with what to do about it. */
export async function startServer(
  settings: Settings,
  log: NodeLog = createLog({ level: settings.LOG_LEVEL }),
): Promise<RunningNode> {
  const closers = new Closers();
  try {
    return await compose(settings, log, closers);
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

async function compose(settings: Settings, log: NodeLog, closers: Closers): Promise<RunningNode> {
  await sodiumReady();
  const metrics = createMetrics();
  closers.add(() => metrics.close());
  const telemetry: Telemetry = { log, metrics };

  const file = databaseFile(settings);
  closers.add(lockData(file));
  const tokens = nodeTokens(settings);
  const { store } = await openNodeStore(file, settings);
  closers.add(() => store.close());
  watchSizes(store, metrics);

  const draining = { isOn: false };
  const ops = createServer(opsListener(store, metrics, telemetry, draining));
  closers.add(() => endListening(ops));
  const opsUrl = await listenOn(ops, settings, "OPS_PORT");

  const edge = composeEdge(settings, { store, telemetry, tokens, closers });
  const url = await listenOn(edge.httpServer, settings, "PORT");
  const timers = startTimers(
    embeddedSweeps({ ...edge, store, telemetry, now: Date.now }, { undeliveredTtlMs: undeliveredTtlMs(settings) }),
    telemetry,
  );
  closers.add(() => timers.stop());
  log.info("node.started", { url, pid: process.pid });

  let closed: Promise<void> | undefined;
  const close = async () => {
    draining.isOn = true;
    log.info("node.draining");
    await edge.gateway.close(settings.DRAIN_SECONDS * 1000);
    await closers.closeAll();
    log.info("node.stopped");
    log.flush();
  };
  return {
    url,
    opsUrl,
    databaseFile: file,
    madeOwnSecret: tokens.madeOwnSecret,
    close: () => (closed ??= close()),
  };
}

interface EdgeParts {
  store: Store;
  telemetry: Telemetry;
  tokens: ReturnType<typeof nodeTokens>;
  closers: Closers;
}

/** The public port: HTTP first, since Socket.IO puts itself in front of the listeners that it finds. */
function composeEdge(settings: Settings, { store, telemetry, tokens, closers }: EdgeParts) {
  const limiter = new MemoryRateLimiter(rates(settings));
  const passwords = new Passwords();
  closers.add(() => passwords.close());
  const { issueToken, verifier } = tokens;
  const hasAccounts = settings.ACCOUNTS === "on" && issueToken !== undefined;
  const accounts = hasAccounts ? createAccounts({ store, passwords, limiter, issueToken }) : undefined;
  const edgeSettings = gatewaySettings(settings);
  const listener = createPublicListener({ accounts, version: sottoVersion, ...edgeSettings, telemetry });
  const httpServer: HttpServer = createServer({ requestTimeout: 15_000, headersTimeout: 10_000 }, listener);
  closers.add(() => endListening(httpServer));

  const sockets = createSocketServer(httpServer, edgeSettings);
  const delivery = new MemoryDelivery(sockets, telemetry);
  const presence = new MemoryPresence();
  const parts = { delivery, limiter, settings: edgeSettings, telemetry };
  const actors = createActors({ ...parts, store, checks: publicChecks });
  const gateway = createGateway({ ...parts, sockets, actors, presence, verifier });
  closers.add(() => gateway.close(0));
  return { httpServer, gateway, delivery, presence };
}

function opsListener(store: Store, metrics: NodeMetrics, telemetry: Telemetry, draining: { isOn: boolean }) {
  const unreadyReasons = async () => {
    const answers = await Promise.race([store.ping().then(() => true), patience(pingTimeoutMs)]).catch(() => false);
    return [...(draining.isOn ? ["draining"] : []), ...(answers ? [] : ["the database does not answer"])];
  };
  return createOpsListener({ unreadyReasons, exposeMetrics: () => metrics.expose(), telemetry });
}

/** False after a while: a database that takes longer does not answer. */
function patience(timeoutMs: number): Promise<false> {
  return new Promise((resolve) => setTimeout(resolve, timeoutMs, false).unref());
}

/** Sizes are counted when somebody asks, but not more often than every ten seconds. */
function watchSizes(store: Store, metrics: NodeMetrics): void {
  const everyMs = 10_000;
  let measured: { at: number; sizes: ReturnType<Store["measure"]> } | undefined;
  const sizes = () => {
    if (measured === undefined || Date.now() - measured.at > everyMs) {
      measured = { at: Date.now(), sizes: store.measure() };
    }
    return measured.sizes;
  };
  metrics.gauge("conversations", async () => (await sizes()).conversations);
  metrics.gauge("messages", async () => (await sizes()).messages);
  metrics.gauge("devices", async () => (await sizes()).devices);
  metrics.gauge("due_conversations", async () => (await sizes()).due);
  metrics.gauge("database_bytes", async () => (await sizes()).bytes);
}
