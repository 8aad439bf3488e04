import { expect } from "chai";
import fc from "fast-check";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { exportHistoryKey } from "../../src/crypto/history-key.ts";
import { openEntry } from "../../src/client/conversation/entry-opener.ts";
import { fromBase64 } from "../../src/protocol/base64.ts";
import type { LogEntry } from "../../src/protocol/log-entry.ts";
import { pushes, type PushName } from "../../src/protocol/pushes.ts";
import { requestNames, requests, type RequestName } from "../../src/protocol/requests.ts";
import { eventually } from "../support/eventually.ts";
import { outlineOf } from "../support/frames.ts";
import { heapInUse } from "../support/heap-in-use.ts";
import { heldGroup, heldRecord } from "../support/held-state.ts";
import { MaliciousNode, dataOf, refused } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { newSide, twoTalking, type Side } from "../support/two-talking.ts";

/** How many in all; a release run sets more. */
const frameCount = Number(process.env["SOTTO_FUZZ_FRAMES"] ?? 6_000);
const allowedGrowthBytes = 50 * 1024 * 1024;

describe("attack 13: mutated and oversized frames into a client", function () {
  this.timeout(Math.max(120_000, frameCount * 10));
  let node: MaliciousNode;
  let people: People;
  let alice: Side;
  let bob: Side;
  let rejected: unknown[];
  const note = (reason: unknown): void => void rejected.push(reason);
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(async () => {
    rejected = [];
    process.on("unhandledRejection", note);
    people = new People(() => node.url);
    ({ alice, bob } = await twoTalking(people));
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    process.off("unhandledRejection", note);
  });

  /** Fields that name this conversation and these people do so half of the time. */
  function placed(value: unknown): fc.Arbitrary<unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return fc.constant(value);
    const { id } = bob.chat;
    const known: Record<string, unknown> = { conversation: id, user: alice.client.user, device: alice.client.device };
    return fc.boolean().map((isPlaced) => {
      const changes = Object.entries(known).filter(([key]) => key in value);
      return isPlaced ? { ...value, ...Object.fromEntries(changes) } : value;
    });
  }

  async function staysWhole(heapBefore: number): Promise<void> {
    expect(rejected).to.deep.equal([]);
    expect(heapInUse() - heapBefore).to.be.lessThan(allowedGrowthBytes);
    expect(bob.texts).to.deep.equal(["first"]);
    expect(bob.client.connection).to.equal("online");
  }

  it("(13) pushes of every shape, and of none: nothing is shown, nothing is thrown, and the client goes on", async () => {
    // "session:closing" ends a session, as it may; "session:challenge" is only listened to once.
    const names = (Object.keys(pushes) as PushName[]).filter((name) => name !== "session:closing");
    const push = fc
      .constantFrom(...names)
      .chain((name) => outlineOf(pushes[name]).chain((value) => placed(value).map((payload) => ({ name, payload }))));
    const heap = heapInUse();
    const [line] = node.linesOf(bob.client.user);
    const count = Math.floor(frameCount * 0.6);
    // Made batch by batch: making all at once would keep both sides from answering each other's pings.
    for (let pushed = 0; pushed < count; pushed += 250) {
      for (const { name, payload } of fc.sample(push, 250)) line!.push(name, payload);
      await bob.client.sync();
    }
    line!.push("message:posted", "x".repeat(3_000_000));
    line!.push(
      "message:posted",
      Array.from({ length: 100_000 }, () => ({})),
    );
    line!.push("no-such-push", {});
    line!.push("message:posted");
    await bob.client.sync();
    await staysWhole(heap);
    // The server may have spoilt the conversation whose entries it made up; it cannot spoil the client.
    const carol = await newSide(people, "carol");
    const chat = await carol.client.direct(bob.client.user);
    await chat.send("after all that").reached("delivered", { timeout: 60_000 });
    expect(bob.texts).to.deep.equal(["first", "after all that"]);
  });

  it("(13) answers of every shape, and of none: nothing is shown, nothing is thrown, and the client goes on", async () => {
    const heap = heapInUse();
    const asked = requestNames.filter((name) => !name.startsWith("session:"));
    const answers = new Map<RequestName, Iterator<unknown>>();
    let given = 0;
    const next = (name: RequestName): unknown => {
      given++;
      let left = answers.get(name)?.next();
      if (!left || left.done) {
        const shape = outlineOf(requests[name].reply).chain(placed);
        const whole = fc.oneof(
          { weight: 8, arbitrary: shape.map((data) => ({ ok: true, data })) },
          { weight: 1, arbitrary: fc.constantFrom<unknown>(refused("internal"), refused("not-a-member"), null, 7, []) },
          { weight: 1, arbitrary: fc.jsonValue() },
        );
        const values = fc.sample(whole, 100)[Symbol.iterator]();
        answers.set(name, values);
        left = values.next();
      }
      return left.value ?? null;
    };
    for (const name of asked) {
      node.answer(name, ({ user, forward }) => (user === bob.client.user ? next(name) : forward()));
    }
    const count = Math.floor(frameCount * 0.05);
    while (given < count) await bob.client.sync().catch(() => undefined);
    await staysWhole(heap);
    node.behave();
    await eventually(() => bob.client.sync());
  });

  it("(13) mutated payloads into the opener: refused, and each costs no more than itself", async () => {
    const { entries } = dataOf(
      await node.linesOf(bob.client.user)[0]!.ask("log:read", { conversation: bob.chat.id, after: 1, limit: 1 }),
    );
    const entry: LogEntry = entries[0]!;
    const payload = fromBase64(entry.payload);
    const group = await heldGroup(bob.client, bob.chat.id);
    const unheard = { ...(await heldRecord(bob.client, bob.chat.id)), senders: {} };
    const historyKey = await exportHistoryKey(engine, group);
    const mutated = fc.oneof(
      fc
        .array(fc.tuple(fc.nat(payload.length - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 8 })
        .map((flips) => {
          const bytes = payload.slice();
          for (const [at, bits] of flips) bytes[at]! ^= bits;
          return bytes;
        }),
      fc.nat(payload.length - 1).map((length) => payload.slice(0, length)),
      fc.uint8Array({ minLength: 1, maxLength: 400 }).map((tail) => new Uint8Array([...payload, ...tail])),
      fc.uint8Array({ maxLength: 2000 }),
      fc
        .tuple(fc.nat(payload.length - 4), fc.constantFrom(0xffffffff, 0x7fffffff, 0x01000000, 0))
        .map(([at, length]) => {
          const bytes = payload.slice();
          new DataView(bytes.buffer).setUint32(at, length);
          return bytes;
        }),
    );
    const heap = heapInUse();
    const same = (one: Uint8Array): boolean => Buffer.compare(one, payload) === 0;
    const count = Math.floor(frameCount * 0.35);
    for (const bytes of fc.sample(mutated, count)) {
      if (same(bytes)) continue;
      const opened = await openEntry(engine, group, unheard, { ...entry, payload: bytes }, historyKey);
      expect("reason" in opened && opened.reason).to.equal("undecryptable");
    }
    const large = { ...entry, payload: new Uint8Array(50_000_000).fill(1) };
    const huge = await openEntry(engine, group, unheard, large, historyKey);
    expect("reason" in huge).to.equal(true);
    await staysWhole(heap);
  });
});
