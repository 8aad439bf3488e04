import { expect } from "chai";
import { createActors, type Actors } from "../../src/actors/actors.ts";
import type { Caller } from "../../src/actors/caller.ts";
import type { Delivery } from "../../src/actors/ports/delivery.ts";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import type { AcceptMessage, MessageOutcome } from "../../src/actors/ports/store-log.ts";
import type { Store } from "../../src/actors/ports/store.ts";
import { publicChecks } from "../../src/gateway/public-checks.ts";
import { createVouchers } from "../../src/gateway/vouchers.ts";
import { newId, userId, type ConversationId, type UserId } from "../../src/protocol/ids.ts";
import { codeOf } from "../support/device-socket.ts";
import { messageOf } from "../support/direct-on-node.ts";
import { silentDelivery } from "../support/silent-delivery.ts";

const users = ["alice", "bob"].map((name) => userId.parse(name)) as [UserId, UserId];
const alice: Caller = { user: users[0], device: newId(), deviceKey: new Uint8Array(32), socket: "alice's socket" };
const turns = () => new Promise((resolve) => setImmediate(resolve));

/** The actors over a store whose batches wait to be decided, and a delivery that writes down what it is given. */
class Stage {
  readonly conversation = newId<ConversationId>();
  readonly batches: { messages: readonly AcceptMessage[]; decide(outcomes: MessageOutcome[]): void }[] = [];
  readonly emitted: { room: string; sequence: number; exceptSocket: string | undefined }[] = [];
  readonly actors: Actors;
  lookups = 0;

  constructor() {
    const store = {
      findConversation: (conversation: ConversationId) => {
        this.lookups += 1;
        return Promise.resolve(
          conversation === this.conversation ? { kind: "direct", conversation, users } : undefined,
        );
      },
      acceptMessages: (_conversation: ConversationId, messages: readonly AcceptMessage[]) =>
        new Promise<MessageOutcome[]>((decide) => this.batches.push({ messages, decide })),
    } as unknown as Store;
    const delivery: Delivery = {
      ...silentDelivery,
      emit: (room, _push, payload, options) => {
        const { sequence } = payload as { sequence: number };
        this.emitted.push({ room, sequence, exceptSocket: options?.exceptSocket });
      },
    };
    const limiter = { take: () => 0 };
    const settings = { messageBytes: 1024 };
    const vouchers = createVouchers(new Uint8Array(32));
    const parts = { store, delivery, limiter, settings, checks: publicChecks, vouchers, telemetry: silentTelemetry };
    this.actors = createActors(parts);
  }

  send(number: number, caller = alice) {
    return this.actors.conversations.send(caller, messageOf(this.conversation, number));
  }

  acceptAll(from = 1): void {
    const { messages, decide } = this.batches.shift()!;
    decide(messages.map((_, index) => ({ status: "accepted", sequence: from + index, acceptedAt: 1000 })));
  }
}

describe("sending a message", () => {
  it("is acknowledged and pushed only after it is stored", async () => {
    const stage = new Stage();
    let isAcknowledged = false;
    const sent = stage.send(1).then((reply) => {
      isAcknowledged = true;
      return reply;
    });
    await turns();
    expect([stage.batches.length, isAcknowledged, stage.emitted.length]).to.deep.equal([1, false, 0]);
    stage.acceptAll();
    expect(await sent).to.include({ status: "accepted", sequence: 1, acceptedAt: 1000 });
    const exceptSocket = alice.socket;
    expect(stage.emitted).to.deep.equal([
      { room: "user:alice", sequence: 1, exceptSocket },
      { room: "user:bob", sequence: 1, exceptSocket },
    ]);
  });

  it("goes to the store in order, what waits as one batch, and is pushed in order", async () => {
    const stage = new Stage();
    const sent = [stage.send(1)];
    await turns();
    sent.push(...[2, 3, 4].map((number) => stage.send(number)));
    await turns();
    stage.acceptAll(1);
    await turns();
    expect(stage.batches[0]!.messages.map(({ number }) => number)).to.deep.equal([2, 3, 4]);
    stage.acceptAll(2);
    await Promise.all(sent);
    expect(stage.emitted.filter(({ room }) => room === "user:bob").map(({ sequence }) => sequence)).to.deep.equal([
      1, 2, 3, 4,
    ]);
  });

  it("keeps its order although the first of all has to look the conversation up", async () => {
    const stage = new Stage();
    const sent = [1, 2, 3].map((number) => stage.send(number));
    await turns();
    expect(stage.batches[0]!.messages.map(({ number }) => number)).to.deep.equal([1, 2, 3]);
    expect(stage.lookups).to.equal(1);
    stage.acceptAll();
    await Promise.all(sent);
  });

  it("answers each message of a batch on its own merits, and pushes the accepted alone", async () => {
    const stage = new Stage();
    const sent = [1, 2, 3, 4].map((number) => stage.send(number));
    const settled = Promise.allSettled(sent);
    await turns();
    stage.batches[0]!.decide([
      { status: "already-accepted" },
      { status: "accepted", sequence: 9, acceptedAt: 5 },
      { status: "stale-epoch" },
      { status: "message-conflict" },
    ]);
    const results = await settled;
    expect(
      results.map((result) => (result.status === "fulfilled" ? result.value.status : result.reason.code)),
    ).to.deep.equal(["already-accepted", "accepted", "stale-epoch", "message-conflict"]);
    expect(stage.emitted.map(({ sequence }) => sequence)).to.deep.equal([9, 9]);
  });

  it("does not reach the store from a stranger, or with a payload that is too large", async () => {
    const stage = new Stage();
    const mallory = { ...alice, user: userId.parse("mallory") };
    expect(await codeOf(stage.send(1, mallory))).to.equal("conversation-unknown");
    const large = messageOf(stage.conversation, 1, "x".repeat(1025));
    expect(await codeOf(stage.actors.conversations.send(alice, large))).to.equal("too-large");
    expect(stage.batches).to.have.length(0);
  });

  it("turns a database that does not answer into `unavailable`, and pushes nothing", async () => {
    const stage = new Stage();
    stage.batches.push = () => {
      throw new Error("disk");
    };
    expect(await codeOf(stage.send(1))).to.equal("unavailable");
    expect(stage.emitted).to.have.length(0);
  });
});
