import { expect } from "chai";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import type { Store } from "../../src/actors/ports/store.ts";
import { MemoryPresence } from "../../src/cluster/memory-presence.ts";
import { openMysqlStore } from "../../src/store/mysql/mysql-store.ts";
import { runTurn, sweepsOf } from "../../workers/sweeps.ts";
import { sharedMariaDb } from "../support/servers/shared-servers.ts";
import { foundDirect, messageBy } from "../support/store/store-kit.ts";
import { silentDelivery } from "../support/silent-delivery.ts";

const dayMs = 86_400_000;

describe("a worker whose clock is wrong", function () {
  this.timeout(120_000);
  let store: Store;
  const clock = Date.now;
  const pushed: unknown[] = [];
  before(async () => {
    store = openMysqlStore({ url: await (await sharedMariaDb()).newDatabase(), retentionDays: 90 });
    await store.migrate();
  });
  afterEach(() => {
    Date.now = clock;
  });
  after(() => store.close());

  for (const days of [400, -400]) {
    it(`by ${days} days deletes, expires and pushes nothing before its time, and keeps nobody from their turn`, async () => {
      const { conversation, alice, bob } = await foundDirect(store);
      await store.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      Date.now = () => clock() + days * dayMs;
      const ports = {
        store,
        delivery: silentDelivery,
        presence: new MemoryPresence(),
        pushing: {
          push: { send: async (note: unknown) => (pushed.push(note), "sent" as const) },
          delayMs: dayMs,
          quietMs: dayMs,
          retryMs: dayMs,
          longestMs: dayMs,
        },
        telemetry: silentTelemetry,
        now: () => Date.now(),
      };
      await store.claimSweep("ring", 0, clock() - dayMs);
      for (const sweep of sweepsOf(ports, { undeliveredTtlMs: 30 * dayMs })) {
        await sweep.run();
        await runTurn(ports, { ...sweep, run: () => Promise.resolve() });
      }
      Date.now = clock;
      const log = await store.readLog({ conversation, device: bob.device, after: 0, limit: 10, maxBytes: 1e6 });
      expect(log).to.have.nested.property("entries.length", 2);
      const view = await store.viewConversation(bob.user, bob.device, conversation);
      expect(view).to.include({ head: 2, floor: 0 });
      expect((await store.readReceipts(conversation, 0, 10)).receipts).to.deep.equal([]);
      expect(pushed).to.deep.equal([]);
      for (const { ranAt } of await store.readSweeps()) expect(ranAt).to.be.within(clock() - 60_000, clock() + 60_000);
      const {
        due: [due],
      } = await store.leaseDueConversations(clock() + 60_000, 10, 1000);
      expect(due?.conversation, "rung, and due again soon").to.equal(conversation);
    });
  }
});
