/**
 * Everything a node decides, wired over the ports it is given. Actors are users, devices and conversations: each has an
 * address (a room) and a mailbox, and no durable state. Never knows a library, a socket or a database.
 */
import type { ActorSettings } from "./actor-settings.ts";
import { Blocks } from "./blocks.ts";
import { Contacts } from "./contacts.ts";
import { ConversationReading } from "./conversation-reading.ts";
import { Conversations } from "./conversation.ts";
import { DeviceNames } from "./device-names.ts";
import { Devices } from "./device.ts";
import { guardedStore } from "./guarded-store.ts";
import { HistorySharing } from "./history-sharing.ts";
import { History } from "./history.ts";
import { KeyPackages } from "./key-packages.ts";
import { Linking } from "./linking.ts";
import { LoneDevices } from "./lone-devices.ts";
import type { MailboxLoad } from "./mailbox.ts";
import type { Delivery } from "./ports/delivery.ts";
import type { PublicChecks } from "./ports/public-checks.ts";
import type { PushServices } from "./ports/push.ts";
import type { Vouchers } from "./ports/vouchers.ts";
import type { RateLimiter } from "./ports/rate-limiter.ts";
import type { Store } from "./ports/store.ts";
import type { Telemetry } from "./ports/silent-telemetry.ts";
import { PushSubscriptions } from "./push-subscriptions.ts";
import { ReadMarks } from "./read-marks.ts";
import { Recovery } from "./recovery.ts";
import { Rosters } from "./rosters.ts";
import { Typing } from "./typing.ts";
import { Users } from "./user.ts";

export interface ActorPorts {
  store: Store;
  delivery: Delivery;
  limiter: RateLimiter;
  checks: PublicChecks;
  vouchers: Vouchers;
  /** Absent where no Web Push is sent. */
  pushServices?: PushServices;
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
  deviceNames: DeviceNames;
  history: History;
  historySharing: HistorySharing;
  blocks: Blocks;
  readMarks: ReadMarks;
  typing: Typing;
  keyPackages: KeyPackages;
  users: Users;
  linking: Linking;
  recovery: Recovery;
  pushSubscriptions: PushSubscriptions;
  /** Of all mailboxes together. */
  load(): MailboxLoad;
  /** Resolves when all mailboxes are empty. */
  flush(): Promise<void>;
}

export function createActors(given: ActorPorts): Actors {
  const store = guardedStore(given.store);
  const now = given.now ?? Date.now;
  const ports = {
    ...given,
    store,
    now,
    rosters: new Rosters(store),
    contacts: new Contacts(store),
    loneDevices: new LoneDevices(store),
  };
  const conversations = new Conversations(ports);
  const devices = new Devices(ports);
  const users = new Users(ports);
  const load = () => sumOf(conversations.load, devices.load);
  given.telemetry.metrics.gauge("mailboxes", () => load().active);
  given.telemetry.metrics.gauge("mailbox_messages", () => load().items);
  return {
    store,
    conversations,
    devices,
    users,
    reading: new ConversationReading(ports),
    deviceNames: new DeviceNames(ports),
    history: new History(ports),
    historySharing: new HistorySharing(ports),
    blocks: new Blocks(ports),
    readMarks: new ReadMarks(ports),
    typing: new Typing(ports),
    keyPackages: new KeyPackages(ports),
    linking: new Linking({ ...ports, users }),
    recovery: new Recovery(ports),
    pushSubscriptions: new PushSubscriptions(ports),
    load,
    flush: async () => {
      await Promise.all([conversations.flush(), devices.flush()]);
    },
  };
}

function sumOf(one: MailboxLoad, other: MailboxLoad): MailboxLoad {
  return { active: one.active + other.active, items: one.items + other.items };
}
