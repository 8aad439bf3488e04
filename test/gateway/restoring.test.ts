import { expect } from "chai";
import { toBase64 } from "../../src/protocol/base64.ts";
import { newId, type MessageId } from "../../src/protocol/ids.ts";
import type { LogEntry } from "../../src/protocol/log-entry.ts";
import { codeOf } from "../support/device-socket.ts";
import { foundDirect, messageOf } from "../support/direct-on-node.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";

describe("entries that a node is given back", () => {
  let node: GatewayNode;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());

  type Direct = Awaited<ReturnType<typeof foundDirect>>;
  const logOf = async ({ alice, conversation }: Direct): Promise<LogEntry[]> =>
    (await alice.socket.request("log:read", { conversation, after: 0, limit: 256 })).entries;

  it("carry the voucher that they were accepted with, whichever way they were heard of", async () => {
    const direct = await foundDirect(node, ["ann", "ben"]);
    const reply = await direct.alice.socket.request("message:send", messageOf(direct.conversation, 1));
    const posted = await direct.bob.socket.hears("message:posted", ({ sequence }) => sequence === 2);
    const [, read] = await logOf(direct);
    expect(reply).to.have.property("voucher", posted.voucher);
    expect(read).to.deep.equal(posted);
    expect(posted.voucher).to.be.a("string");
  });

  it("change nothing where they are in the log, however often", async () => {
    const direct = await foundDirect(node, ["cleo", "dan"]);
    const { alice, bob, conversation } = direct;
    for (const number of [1, 2, 3]) await alice.socket.request("message:send", messageOf(conversation, number));
    const entries = await logOf(direct);
    expect(await bob.socket.request("log:restore", { conversation, entries })).to.deep.equal({ restored: 4, head: 4 });
    expect(await alice.socket.request("log:restore", { conversation, entries: entries.slice(2) })).to.include({
      head: 4,
    });
    expect(await logOf(direct)).to.deep.equal(entries);
  });

  it("are refused where anything in them was changed, and none of the others goes in", async () => {
    const direct = await foundDirect(node, ["eva", "fred"]);
    const { alice, bob, conversation } = direct;
    await alice.socket.request("message:send", messageOf(conversation, 1));
    const log = await logOf(direct);
    const entry = log[1]!;
    const { voucher: _voucher, ...bare } = entry;
    const forged: LogEntry[] = [
      bare,
      { ...entry, voucher: toBase64(new Uint8Array(16)) },
      { ...entry, sequence: 3 },
      { ...entry, number: 2, id: newId<MessageId>() },
      { ...entry, number: 2 },
      { ...entry, payload: toBase64(new Uint8Array(40)) },
      { ...entry, acceptedAt: entry.acceptedAt + 1 },
      { ...entry, epoch: 0 },
      { ...entry, sender: { user: bob.identity.user, device: bob.identity.device } },
      { ...entry, kind: "commit" },
    ];
    for (const one of forged) {
      const request = { conversation, entries: [entry, one] };
      expect(await codeOf(bob.socket.request("log:restore", request)), JSON.stringify(one)).to.equal("forbidden");
    }
    expect(await logOf(direct)).to.deep.equal(log);
  });

  it("are none whose message has gone: of those there is no voucher, and nothing to put back", async () => {
    const direct = await foundDirect(node, ["mia", "ned"]);
    const { alice, bob, conversation } = direct;
    const whole = { ...messageOf(conversation, 1), disappears: true as const };
    const { voucher } = (await alice.socket.request("message:send", whole)) as { voucher?: string };
    await node.store.purge({ now: Date.now() + 31 * 86_400_000, dryRun: false, chunk: 500 });
    const [commit, gone] = await logOf(direct);
    expect(gone).to.include({ payload: "" }).and.to.have.property("goneHash");
    expect(gone).to.not.have.property("voucher");
    const { goneHash: _, ...emptied } = gone!;
    for (const entry of [
      gone!,
      { ...gone!, voucher },
      { ...emptied, voucher },
      { ...emptied, voucher: commit!.voucher },
    ]) {
      const restore = bob.socket.request("log:restore", { conversation, entries: [entry] });
      expect(await codeOf(restore), JSON.stringify(entry)).to.equal("forbidden");
    }
  });

  it("are taken in their own conversation only, and from those who are in it", async () => {
    const [one, other] = [await foundDirect(node, ["gail", "hugh"]), await foundDirect(node, ["ida", "john"])];
    await one.alice.socket.request("message:send", messageOf(one.conversation, 1));
    const entries = await logOf(one);
    const elsewhere = { conversation: other.conversation, entries };
    expect(await codeOf(other.alice.socket.request("log:restore", elsewhere))).to.equal("forbidden");
    const byStranger = { conversation: one.conversation, entries };
    expect(await codeOf(other.alice.socket.request("log:restore", byStranger))).to.equal("conversation-unknown");
  });

  it("keep a device that has seen more than the log holds from writing over what is lost", async () => {
    const { alice, conversation } = await foundDirect(node, ["kim", "lea"]);
    const message = messageOf(conversation, 1);
    expect(await codeOf(alice.socket.request("message:send", { ...message, seen: 2 }))).to.equal("diverged");
    expect(await alice.socket.request("message:send", { ...message, seen: 1 })).to.include({ sequence: 2 });
  });
});
