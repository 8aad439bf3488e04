import { expect } from "chai";
import type { Client, Group } from "../../src/client/index.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import type { RequestOf } from "../../src/protocol/requests.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { coreOf } from "../support/held-state.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

describe("letting somebody read what was before it came, at the node", function () {
  this.timeout(20_000);
  let node: GatewayNode;
  let people: People;
  /** The owner, a plain member, one who left again, and two who came last, one of them an admin. */
  let alice: Client;
  let bob: Client;
  let gone: Client;
  let dave: Client;
  let erin: Client;
  let team: Group;
  let joined: number;
  before(async () => {
    node = await startGatewayNode();
    people = new People(() => node.url);
    alice = await people.online("alice");
    bob = await people.online("bob");
    gone = await people.online("gone");
    dave = await people.online("dave");
    erin = await people.online("erin");
    team = await alice.createGroup({ members: ["bob", "gone"] });
    await team.send("before").reached("delivered", { timeout: 10_000 });
    await team.remove("gone");
    await team.addAll(["dave", "erin"]);
    await team.setRole("erin", "admin");
    joined = (await node.store.viewConversation(dave.user, dave.device, team.id))!.joinedSequence!;
  });
  after(async () => {
    await people.close();
    await node.close();
  });

  const ask = (by: Client, change: Partial<RequestOf<"history:share">> = {}, signedBy = by) => {
    const place = { conversation: team.id, user: dave.user, joinedSequence: joined };
    const signature = toBase64(coreOf(signedBy).own.signHistoryShare({ ...place, ...change }));
    return coreOf(by).connection.request("history:share", { ...place, signature, ...change });
  };
  const firstOf = async (client: Client): Promise<number> =>
    (await coreOf(client).connection.request("history:read", { conversation: team.id, limit: 1 })).first;
  const listOf = (by: Client, other: Client) =>
    coreOf(by).connection.request("devices:read", {
      users: [{ user: other.user, after: 0 }],
      conversation: team.id,
    });

  it("is for who has a role, and not for oneself: no wider for anybody who was refused", async () => {
    await refusal(ask(bob), "forbidden");
    await refusal(ask(dave), "forbidden");
    await refusal(ask(erin, { user: erin.user }), "forbidden");
    await refusal(ask(gone), "not-a-member");
    expect(await firstOf(dave)).to.equal(joined);
    expect(await firstOf(erin)).to.equal(joined);
  });

  it("gives no more than the one who gives has", async () => {
    await ask(erin);
    expect(await firstOf(dave)).to.equal(joined);
  });

  it("has to be signed by the device that asks, for exactly this", async () => {
    await refusal(ask(alice, {}, erin), "forbidden");
    await refusal(ask(alice, { signature: toBase64(new Uint8Array(64)) }), "forbidden");
    await refusal(ask(alice, { joinedSequence: joined - 1 }), "not-a-member");
    await refusal(ask(alice, { user: gone.user }), "not-a-member");
    expect(await firstOf(dave)).to.equal(joined);
  });

  it("shows what was before, and whose devices signed it; and to nobody else", async () => {
    await refusal(listOf(dave, gone), "forbidden");
    await ask(alice);
    expect(await firstOf(dave)).to.equal(1);
    expect((await listOf(dave, gone)).users[0]!.entries).to.have.length(1);
    expect(await firstOf(erin)).to.equal(joined);
    const frank = await people.online("frank");
    await refusal(listOf(frank, gone), "conversation-unknown");
    await refusal(
      coreOf(frank).connection.request("history:read", { conversation: team.id, limit: 1 }),
      "conversation-unknown",
    );
  });

  it("lets who is out of it check what was said until then, and tells nothing of who came later", async () => {
    const { users } = await listOf(gone, alice);
    expect(users[0]!.entries).to.have.length(1);
    await refusal(listOf(gone, erin), "conversation-unknown");
  });

  it("holds for the user's devices that come later, too", async () => {
    const tablet = await people.linked(dave);
    await eventually(async () => expect(await firstOf(tablet)).to.equal(1));
  });
});
