import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { secretVerifier, signToken } from "../../src/accounts/tokens.ts";
import { createActors, type Actors } from "../../src/actors/actors.ts";
import type { PushServices } from "../../src/actors/ports/push.ts";
import type { Metrics } from "../../src/actors/ports/telemetry.ts";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import type { Store } from "../../src/actors/ports/store.ts";
import { MemoryDelivery } from "../../src/cluster/memory-delivery.ts";
import { MemoryPresence } from "../../src/cluster/memory-presence.ts";
import { MemoryRateLimiter, type Rates } from "../../src/cluster/memory-rate-limiter.ts";
import type { GatewaySettings } from "../../src/gateway/gateway-settings.ts";
import { createGateway, type Gateway } from "../../src/gateway/gateway.ts";
import { publicChecks } from "../../src/gateway/public-checks.ts";
import { openVouchers } from "../../src/gateway/vouchers.ts";
import { createSocketServer, type SocketServer } from "../../src/gateway/socket-server.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { userId } from "../../src/protocol/ids.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { tempFolder } from "./temp-folder.ts";

export const tokenSecret = "a secret that only this test knows, and long";
export const tokenRules = { issuer: "sotto", audience: "sotto" };

const plenty = { amount: 1_000_000, periodMs: 1000 };
export const generousRates: Rates = {
  handshake: plenty,
  request: plenty,
  message: plenty,
  typing: plenty,
  claim: plenty,
  claimed: plenty,
  conversation: plenty,
  readd: plenty,
  reset: plenty,
  recovery: plenty,
  vault: plenty,
  blob: plenty,
  "blob-request": plenty,
  "sign-in": plenty,
  "sign-up": plenty,
};

/** A gateway with its actors over a real SQLite file, on a free port of the loopback. */
export interface GatewayNode {
  /** `http://127.0.0.1:port` */
  url: string;
  /** What a device's proof names. */
  host: string;
  file: string;
  store: Store;
  actors: Actors;
  delivery: MemoryDelivery;
  presence: MemoryPresence;
  sockets: SocketServer;
  gateway: Gateway;
  close(): Promise<void>;
}

export interface GatewayNodeOptions {
  settings?: Partial<GatewaySettings>;
  rates?: Partial<Rates>;
  /** Where clients may subscribe; nowhere if nothing is said. */
  pushServices?: PushServices;
  /** Stands between the actors and the database. */
  wrapStore?: (store: Store) => Store;
  /** Mean time between two rounds of the event loop, as the node is to see it. It never has anything to do if nothing is said. */
  pressure?: { delayMs: number };
  /** Hears what is counted. */
  count?: Metrics["count"];
}

export async function startGatewayNode(options: GatewayNodeOptions = {}): Promise<GatewayNode> {
  await sodiumReady();
  const folder = await tempFolder();
  const file = join(folder.path, "sotto.db");
  const store = openSqliteStore({ file, retentionDays: 90 });
  await store.migrate();
  const httpServer = createServer((_request, response) => response.writeHead(404).end());
  const settings = { ...defaultSettings, ...options.settings };
  const sockets = createSocketServer(httpServer, settings);
  const delivery = new MemoryDelivery(sockets, silentTelemetry);
  const presence = new MemoryPresence();
  const limiter = new MemoryRateLimiter({ ...generousRates, ...options.rates });
  const { pushServices, count } = options;
  const telemetry = count ? { ...silentTelemetry, metrics: { ...silentTelemetry.metrics, count } } : silentTelemetry;
  const parts = { delivery, limiter, settings, telemetry, ...(pushServices && { pushServices }) };
  const vouchers = await openVouchers(store);
  const actors = createActors({ ...parts, store: options.wrapStore?.(store) ?? store, checks: publicChecks, vouchers });
  const verifier = secretVerifier(tokenSecret, tokenRules);
  const gateway = createGateway({
    ...parts,
    sockets,
    actors,
    presence,
    verifier,
    pressure: options.pressure ?? { delayMs: 0 },
  });
  const host = `127.0.0.1:${await listen(httpServer)}`;
  return {
    url: `http://${host}`,
    host,
    file,
    store,
    actors,
    delivery,
    presence,
    sockets,
    gateway,
    close: async () => {
      await gateway.close(2000);
      await store.close();
      await folder.remove();
    },
  };
}

/** A token of the node's own secret. */
export async function tokenFor(user: string, ttlSeconds = 3600): Promise<string> {
  return (await signToken(tokenSecret, tokenRules, { user: userId.parse(user), ttlSeconds })).token;
}

const defaultSettings: GatewaySettings = {
  publicHosts: [],
  corsOrigins: [],
  trustedProxies: 0,
  maxSockets: 1000,
  messageBytes: 262_144,
  historyRetentionDays: 90,
};

function listen(server: HttpServer): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}
