import { expect } from "chai";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import { memoryStore } from "../../src/client/index.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import type { BlobId } from "../../src/protocol/blobs.ts";
import { newId } from "../../src/protocol/ids.ts";
import { expireUndelivered, ringLaggards } from "../../workers/delivery.ts";
import { purgeExpired } from "../../workers/purge.ts";
import { ackOf, foundDirect, messageOf } from "../support/direct-on-node.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { People, textsFrom } from "../support/people.ts";
import { rowCounts } from "../support/row-counts.ts";

const day = 24 * 3600_000;
/** What stays for good, and why it has a bound all the same: one per user, device or conversation. */
const anchors = [
  "accounts",
  "device_lists",
  "device_list_entries",
  "devices",
  "device_names",
  // With the newest archive keys that are sealed to it, as many as a user may have.
  "recovery_keys",
  "recovery_grants",
  "privacy_settings",
  "conversations",
  "directs",
  "members",
  "rosters",
  "conversation_devices",
  // The latest of each user and conversation.
  "history_keys",
  "schema_migrations",
  "node_keys",
  "sweep_reports",
];

describe("promise 7: whatever grows has an end", function () {
  this.timeout(120_000);
  let node: GatewayNode;
  beforeEach(async () => {
    node = await startGatewayNode({ settings: { malformedPerMinute: 1_000_000 } });
  });
  afterEach(() => node.close());

  const later = (days: number) => {
    const { store, delivery, presence } = node;
    return { store, delivery, presence, telemetry: silentTelemetry, now: () => Date.now() + days * day };
  };
  const sweep = async (days: number): Promise<void> => {
    await ringLaggards(later(days));
    await expireUndelivered(later(days), 30 * day);
    await purgeExpired(later(days));
  };

  it("every table that messages make grow is empty when their time is over, and people write on", async () => {
    const people = new People(() => node.url);
    const alice = await people.online("alice", { deviceName: "Laptop" });
    const bob = await people.online("bob");
    await people.linked(alice);
    await alice.recovery.enable();
    const chat = await alice.direct("bob");
    const sent = Array.from({ length: 40 }, (_, index) => chat.send(`line ${index}`));
    await Promise.all(sent.map((message) => message.reached("delivered", { timeout: 60_000 })));
    // A member that is away, a conversation that nobody ever founds, a link that nobody takes.
    const zoeStore = memoryStore();
    const zoe = await people.online("zoe", { store: zoeStore });
    const away = await alice.direct("zoe");
    await away.send("one").reached("delivered", { timeout: 60_000 });
    await zoe.close();
    await away.send("for later").reached("accepted", { timeout: 60_000 });
    const never = await alice.direct("nobody-yet");
    never.send("waits at its sender");
    const link = (await people.open("bob")).devices.link();
    await link;

    // What one's own devices have of one's own messages is acked a moment later.
    const chats = people.all().flatMap((client) => client.conversations());
    await Promise.all(chats.map((conversation) => conversation.settled()));
    const blob = "0123456789abcdef".repeat(4) as BlobId;
    await node.store.beginBlob({ blob, user: alice.user, size: 10 }, 1000);
    await node.store.advanceBlob(blob, 0, 10);
    const full = rowCounts(node.file);
    for (const table of ["blobs", "messages", "receipts", "key_packages", "due", "link_offers"]) {
      expect(full[table], table).to.be.greaterThan(0);
    }
    await sweep(1);
    const tomorrow = rowCounts(node.file);
    expect(tomorrow["link_offers"]).to.equal(0);
    expect(tomorrow["messages"], "nothing goes before its time").to.equal(full["messages"]);

    await sweep(31);
    const next = rowCounts(node.file);
    for (const table of ["inbox", "readd_requests"]) expect(next[table], table).to.equal(0);
    expect(next["messages"], "retention has not passed").to.equal(full["messages"]);

    await sweep(400);
    const left = rowCounts(node.file);
    const grown = Object.entries(left).filter(([table, rows]) => !anchors.includes(table) && rows > 0);
    expect(grown).to.deep.equal([]);
    expect(left["history_keys"]).to.be.at.most(left["members"]!);
    expect(left["conversations"], "the one that nobody founded is gone").to.equal(full["conversations"]! - 1);
    expect((await purgeExpired(later(400))).rows).to.equal(0);

    const after = chat.send("afterwards");
    await after.reached("delivered", { timeout: 60_000 });
    await eventually(async () => expect((await textsFrom(bob, "alice")).at(-1)).to.equal("afterwards"));
    await people.close();
  });

  it("memory stays as it was over twenty thousand requests", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const heapBytes = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const { alice, bob, conversation } = await foundDirect(node);
    let number = 0;
    const round = async (): Promise<void> => {
      const message = messageOf(conversation, ++number);
      const answers = await Promise.all([
        alice.socket.ask("message:send", message),
        alice.socket.ask("log:read", { conversation: newId(), after: 0, limit: 10 }),
        alice.socket.ask("log:read", { conversation, after: number, limit: 10 }),
        bob.socket.ask("message:ack", ackOf(bob, conversation, number + 1)),
        bob.socket.ask("devices:read", { users: [{ user: `user-${number}`, after: 0 }] }),
        bob.socket.ask(`unheard of ${number}`, {}),
        bob.socket.ask("link:fetch", { channel: toBase64(globalThis.crypto.getRandomValues(new Uint8Array(16))) }),
        bob.socket.ask("receipts:read", { conversation, after: number }),
      ]);
      expect(answers).to.have.length(8);
      alice.socket.heard.length = 0;
      bob.socket.heard.length = 0;
    };
    const rounds = async (count: number): Promise<void> => {
      for (let left = count; left > 0; left -= 10) await Promise.all(Array.from({ length: 10 }, round));
    };
    await rounds(400);
    const before = heapBytes();
    await rounds(2500);
    expect((heapBytes() - before) / 1024 / 1024, "megabytes grown").to.be.lessThan(6);
    alice.socket.close();
    bob.socket.close();
  });
});
