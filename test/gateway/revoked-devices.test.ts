import { expect } from "chai";
import type { Store } from "../../src/actors/ports/store.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { foundDirect, linkDevice, messageOf, type Person } from "../support/direct-on-node.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";

const revocationOf = ({ account }: Person, { identity }: Pick<Person, "identity">) => {
  account.revokeDevice(identity.device);
  return { entry: toBase64(account.entries.at(-1)!) };
};

describe("a device that is revoked", () => {
  let node: GatewayNode;
  /** What the question for the user's peers waits for. */
  let peersKnown: Promise<void> = Promise.resolve();
  before(async () => {
    const wrapStore = (store: Store): Store => ({
      ...store,
      listPeers: async (...list) => {
        await peersKnown;
        return store.listPeers(...list);
      },
    });
    node = await startGatewayNode({ wrapStore });
  });
  after(() => node.close());

  it("hears of nothing that is posted later, while its user's peers are still being told", async () => {
    const { alice, bob, conversation } = await foundDirect(node, ["alice", "bob"]);
    const stolen = await linkDevice(node, bob);
    const gone = stolen.socket.disconnected();
    let tellPeers: () => void = () => undefined;
    peersKnown = new Promise((resolve) => (tellPeers = resolve));
    const revoked = bob.socket.request("devices:revoke", revocationOf(bob, stolen));
    expect(await stolen.socket.hears("session:closing")).to.deep.equal({ code: "device-revoked" });
    await gone;
    await alice.socket.request("message:send", messageOf(conversation, 1));
    await bob.socket.hears("message:posted", ({ kind }) => kind === "message");
    expect(stolen.socket.heard.filter(({ push }) => push === "message:posted")).to.deep.equal([]);
    expect(await revoked).to.deep.equal({ listVersion: 3 });
    tellPeers();
    expect(await alice.socket.hears("devices:changed", ({ version }) => version === 3)).to.have.property("user", "bob");
  });

  it("has its answer first when it revokes itself, and is closed though its user's peers cannot be told", async () => {
    const { bob } = await foundDirect(node, ["carol", "dave"]);
    const gone = bob.socket.disconnected();
    peersKnown = Promise.reject(new Error("no database"));
    peersKnown.catch(() => undefined);
    expect(await bob.socket.request("devices:revoke", revocationOf(bob, bob))).to.deep.equal({ listVersion: 2 });
    expect(await bob.socket.hears("session:closing")).to.deep.equal({ code: "device-revoked" });
    await gone;
  });
});
