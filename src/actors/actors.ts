/**
 * Everything a node decides, wired over the ports it is given. Actors are users, devices and conversations: each has an
 * address (a room) and a mailbox, and no durable state. Never knows a library, a socket or a database.
 */
import type { ActorSettings } from "./actor-settings.ts";
import { Contacts } from "./contacts.ts";
import { ConversationReading } from "./conversation-reading.ts";
import { Conversations } from "./conversation.ts";
import { Devices } from "./device.ts";
import { guardedStore } from "./guarded-store.ts";
import { KeyPackages } from "./key-packages.ts";
import { Linking } from "./linking.ts";
import type { Delivery } from "./ports/delivery.ts";
import type { PublicChecks } from "./ports/public-checks.ts";
import type { RateLimiter } from "./ports/rate-limiter.ts";
import type { Store } from "./ports/store.ts";
import type { Telemetry } from "./ports/silent-telemetry.ts";
import { Rosters } from "./rosters.ts";
import { Users } from "./user.ts";

export interface ActorPorts {
  store: Store;
  delivery: Delivery;
  limiter: RateLimiter;
  checks: PublicChecks;
  settings: ActorSettings;
  telemetry: Telemetry;
  /** Milliseconds since 1970. */
  now?: () => number;
}

export interface Actors {
  /** The store as actors see it: what goes wrong in it is `unavailable`. */
  store: Store;
  conversations: Conversations;
  reading: ConversationReading;
  devices: Devices;
  keyPackages: KeyPackages;
  users: Users;
  linking: Linking;
  /** Resolves when all mailboxes are empty. */
  flush(): Promise<void>;
}

export function createActors(given: ActorPorts): Actors {
  const store = guardedStore(given.store);
  const now = given.now ?? Date.now;
  const ports = { ...given, store, now, rosters: new Rosters(store), contacts: new Contacts(store) };
  const conversations = new Conversations(ports);
  const devices = new Devices(ports);
  const users = new Users(ports);
  const loads = () => [conversations.load, devices.load];
  given.telemetry.metrics.gauge("mailboxes", () => loads().reduce((sum, load) => sum + load.active, 0));
  given.telemetry.metrics.gauge("mailbox_messages", () => loads().reduce((sum, load) => sum + load.items, 0));
  return {
    store,
    conversations,
    devices,
    users,
    reading: new ConversationReading(ports),
    keyPackages: new KeyPackages(ports),
    linking: new Linking({ ...ports, users }),
    flush: async () => {
      await Promise.all([conversations.flush(), devices.flush()]);
    },
  };
}
