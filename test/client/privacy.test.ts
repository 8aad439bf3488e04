import { expect } from "chai";
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "../../src/client/index.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { limits } from "../../src/protocol/limits.ts";
import type { ReplyOf } from "../../src/protocol/requests.ts";
import { eventually } from "../support/eventually.ts";
import { coreOf } from "../support/held-state.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";

type Privacy = NonNullable<ReplyOf<"privacy:read">["privacy"]>;

describe("what a user lets others see, when its devices come and go", function () {
  this.timeout(60_000);
  let node: MaliciousNode;
  let people: People;
  let ann: Client;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
    ann = await people.online("ann");
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    await node.close();
  });

  const choicesOf = ({ privacy: { readReceipts, typing } }: Client) => ({ readReceipts, typing });
  const atTheNode = () => node.inner.store.findPrivacy(ann.user);
  /** What a device signs; with whatever version it likes. */
  const signedBy = (client: Client, choices: Pick<Privacy, "version" | "readReceipts" | "typing">): Privacy => {
    const signature = toBase64(coreOf(client).own.signPrivacy(choices));
    return { ...choices, device: client.device, signature };
  };
  /** In the device's own name, past its client. */
  const put = async (client: Client, ahead: number): Promise<number> => {
    const version = Date.now() + ahead;
    const { device: _, ...request } = signedBy(client, { version, readReceipts: true, typing: true });
    await coreOf(client).connection.request("privacy:set", request);
    return version;
  };

  it("stays as it was chosen on a device that is closed out by who restores: it is said anew by the one that is left", async () => {
    const words = await ann.recovery.enable();
    const tablet = await people.linked(ann);
    await tablet.privacy.set({ readReceipts: false });
    const phone = await people.open("ann");
    // A slow node: it tells of the choice when it has closed the others out, and shown so, unless it is waited for.
    let shown = (): void => undefined;
    const areClosedOut = new Promise<void>((resolve) => (shown = resolve));
    node.answer("devices:read", async ({ forward }) => {
      const answer = await forward();
      if (node.requests("devices:revoke", "ann").length === 2) setImmediate(shown);
      return answer;
    });
    node.answer("privacy:read", async ({ forward }) => {
      await Promise.race([areClosedOut, delay(200)]);
      return forward();
    });
    await phone.recovery.restore(words, { revokeOthers: true });
    expect(choicesOf(phone)).to.deep.equal({ readReceipts: false, typing: true });
    node.behave();
    await phone.sync();
    expect(await atTheNode()).to.include({ device: phone.device, readReceipts: false });
    people.faults.length = 0;
  });

  it("is not what a revoked device has chosen that nobody had heard of, and the next choice goes past it, however far ahead that was", async () => {
    const thief = await people.linked(ann);
    await ann.privacy.set({ readReceipts: false });
    node.answer("privacy:read", ({ forward, user }) =>
      user === "ann" ? ok<"privacy:read">({ privacy: null }) : forward(),
    );
    const version = await put(thief, limits.privacyAheadMs - 60_000);
    await ann.devices.revoke(thief.device);
    node.behave();
    await ann.sync();
    expect(choicesOf(ann)).to.deep.equal({ readReceipts: false, typing: true });
    await ann.privacy.set({ typing: false });
    expect(choicesOf(ann)).to.deep.equal({ readReceipts: false, typing: false });
    const kept = await atTheNode();
    expect(kept).to.include({ device: ann.device, readReceipts: false, typing: false });
    expect(kept!.version).to.be.greaterThan(version);
    const phone = await people.linked(ann);
    await eventually(() => expect(choicesOf(phone)).to.deep.equal({ readReceipts: false, typing: false }));
    people.faults.length = 0;
  });

  it("is not what a device has signed for a time to come: neither the node nor another device takes it", async () => {
    const tablet = await people.linked(ann);
    await ann.privacy.set({ readReceipts: false });
    const far = limits.privacyAheadMs + 60_000;
    const code = await put(tablet, far).catch((error: unknown) => (error as { code: string }).code);
    expect(code).to.equal("invalid-request");
    const lie = signedBy(tablet, { version: Date.now() + far, readReceipts: true, typing: true });
    node.answer("privacy:read", () => ok<"privacy:read">({ privacy: lie }));
    await ann.sync();
    expect(choicesOf(ann)).to.deep.equal({ readReceipts: false, typing: true });
    node.behave();
    await ann.privacy.set({ typing: false });
    expect(await atTheNode()).to.include({ device: ann.device, readReceipts: false, typing: false });
  });

  it("goes out although it was chosen while the clock of the device was far ahead", async () => {
    const { now } = Date;
    try {
      Date.now = () => now() + 30 * limits.privacyAheadMs;
      await coreOf(ann).connection.close();
      await ann.privacy.set({ readReceipts: false });
    } finally {
      Date.now = now;
    }
    await ann.connect();
    await ann.sync();
    expect(await atTheNode()).to.include({ readReceipts: false });
    expect(dataOf(await node.linesOf("ann")[0]!.ask("privacy:read", {})).privacy?.version).to.be.at.most(Date.now());
  });
});
