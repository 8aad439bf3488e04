/**
 * The composition root: wires the parts of a node over their ports, in the order in which they need each other, and takes
 * them apart in the opposite order. Decides nothing itself. Whatever fails half-way leaves nothing behind.
 */
import { createServer, type Server as HttpServer } from "node:http";
import { fileURLToPath } from "node:url";
import { databaseFile, databaseName, hasSharedDatabase } from "../config/load-settings.ts";
import type { Settings } from "../config/settings.ts";
import type { Timers } from "../workers/timers.ts";
import { createAccounts } from "./accounts/accounts.ts";
import { nodeTokens } from "./accounts/node-tokens.ts";
import { Passwords } from "./accounts/passwords.ts";
import { BlobKeeping } from "./actors/blob-keeping.ts";
import { createActors } from "./actors/actors.ts";
import type { Blobs } from "./actors/ports/blobs.ts";
import type { Telemetry } from "./actors/ports/silent-telemetry.ts";
import type { Store } from "./actors/ports/store.ts";
import type { Vouchers } from "./actors/ports/vouchers.ts";
import { startFollowingHeads } from "./gateway/follow-heads.ts";
import { createGateway } from "./gateway/gateway.ts";
import { createPublicListener } from "./gateway/http/public-app.ts";
import { readWebFiles, type WebFiles } from "./gateway/http/web-client.ts";
import { publicChecks } from "./gateway/public-checks.ts";
import { createSocketServer } from "./gateway/socket-server.ts";
import { openVouchers } from "./gateway/vouchers.ts";
import { sodiumReady } from "./identity/sodium.ts";
import { createLog, type NodeLog } from "./observability/log.ts";
import { createMetrics } from "./observability/metrics.ts";
import { sottoVersion } from "./protocol/version.ts";
import { Closers } from "./server/closers.ts";
import { endListening, listenOn } from "./server/listening.ts";
import { lockData } from "./server/lock-data.ts";
import { openBlobs } from "./server/open-blobs.ts";
import { openMeeting, type Meeting } from "./server/meeting.ts";
import { openOps } from "./server/ops.ts";
import { openStore } from "./server/open-store.ts";
import { pushingOf, pushServicesOf } from "./server/pushing.ts";
import { blobBounds, gatewaySettings } from "./server/settings-in-parts.ts";
import { startNodeSweeps } from "./server/sweeps.ts";

/** Where a build puts it, beside the compiled server. */
const webFolder = fileURLToPath(new URL("../web/", import.meta.url));

/** A node that runs. */
export interface RunningNode {
  /** Where clients connect, and where the operator looks: `http://host:port`, without a slash at the end. */
  url: string;
  opsUrl: string;
  /** The database: its file, absolute, or `mysql://host:port/name`. */
  database: string;
  /** The database file of an embedded node, absolute. */
  databaseFile?: string;
  /** True when this start made the secret that signs tokens. */
  madeOwnSecret: boolean;
  /** Drains, within `DRAIN_SECONDS`, then releases everything. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts a node: embedded, or one of a cluster, as the settings say. Throws when it cannot, with what to do about it. */
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

  if (!hasSharedDatabase(settings)) closers.add(lockData(settings));
  const tokens = nodeTokens(settings);
  const { store } = await openStore(settings);
  closers.add(() => store.close());

  const blobs = await openBlobs(settings);
  const draining = { isOn: false };
  const meeting = await openMeeting(settings, { telemetry, closers });
  const vouchers = await openVouchers(store);
  const webFiles = await readWebFiles(webFolder);
  const edge = composeEdge(settings, { store, webFiles, blobs, vouchers, telemetry, tokens, meeting, closers });
  const { degradedReasons, presence } = meeting;
  let sweeps: Timers | undefined;
  const opsUrl = await openOps(settings, {
    store,
    metrics,
    telemetry,
    closers,
    degradedReasons,
    isDraining: () => draining.isOn,
    // In a cluster whoever did it noted it; a node that is alone notes nothing.
    sweepTimes: async () => (settings.REDIS_URL === "" ? (sweeps?.turns() ?? []) : store.readSweeps()),
    processReport: async () => ({ process: "node", ...edge.load() }),
  });
  const url = await listenOn(edge.httpServer, settings, "PORT");
  const timers = (sweeps = startNodeSweeps(settings, {
    store,
    ...(blobs && { blobs }),
    delivery: edge.delivery,
    presence,
    telemetry,
    ...pushingOf(settings, { store, telemetry }),
  }));
  closers.add(() => timers.stop());
  log.info("node.started", { url, pid: process.pid });

  let closed: Promise<void> | undefined;
  const close = async () => {
    draining.isOn = true;
    log.info("node.draining");
    await new Promise((resolve) => setTimeout(resolve, settings.DRAIN_NOTICE_SECONDS * 1000));
    await edge.gateway.close((settings.DRAIN_SECONDS - settings.DRAIN_NOTICE_SECONDS) * 1000);
    await closers.closeAll();
    log.info("node.stopped");
    log.flush();
  };
  return {
    url,
    opsUrl,
    database: databaseName(settings),
    ...(!hasSharedDatabase(settings) && { databaseFile: databaseFile(settings) }),
    madeOwnSecret: tokens.madeOwnSecret,
    close: () => (closed ??= close()),
  };
}

interface EdgeParts {
  store: Store;
  webFiles: WebFiles | undefined;
  blobs: Blobs | undefined;
  vouchers: Vouchers;
  telemetry: Telemetry;
  tokens: ReturnType<typeof nodeTokens>;
  meeting: Meeting;
  closers: Closers;
}

/** The public port: HTTP first, since Socket.IO puts itself in front of the listeners that it finds. */
function composeEdge(settings: Settings, given: EdgeParts) {
  const { store, webFiles, blobs, vouchers, telemetry, tokens, meeting, closers } = given;
  const { limiter, presence } = meeting;
  const passwords = new Passwords();
  closers.add(() => passwords.close());
  const { issueToken, verifier } = tokens;
  const hasAccounts = settings.ACCOUNTS === "on" && issueToken !== undefined;
  const accounts = hasAccounts ? createAccounts({ store, passwords, limiter, issueToken }) : undefined;
  const edgeSettings = gatewaySettings(settings);
  const keeping = blobs && new BlobKeeping({ store, blobs, limiter, settings: blobBounds(settings) });
  const shared = { accounts, version: sottoVersion, ...edgeSettings, telemetry };
  const listener = createPublicListener({ ...shared, webFiles, blobs: { keeping, verifier } });
  // Long enough for a part of a blob over a slow line: 12 kB/s.
  const httpServer: HttpServer = createServer({ requestTimeout: 90_000, headersTimeout: 10_000 }, listener);
  closers.add(() => endListening(httpServer));

  const sockets = createSocketServer(httpServer, edgeSettings);
  const delivery = meeting.deliveryThrough(sockets);
  const parts = { delivery, limiter, settings: edgeSettings, telemetry };
  const actors = createActors({ ...parts, ...pushServicesOf(settings), store, checks: publicChecks, vouchers });
  const gateway = createGateway({ ...parts, sockets, actors, presence, verifier });
  closers.add(() => gateway.close(0));
  const isAlone = !hasSharedDatabase(settings);
  const following = startFollowingHeads({ store, sockets, telemetry, isCutOff: meeting.isCutOff, isAlone });
  closers.add(() => following.stop());
  const load = () => ({ sockets: sockets.of("/").sockets.size, mailboxes: actors.load() });
  return { httpServer, gateway, delivery, load };
}
