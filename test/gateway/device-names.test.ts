import { expect } from "chai";
import { toBase64 } from "../../src/protocol/base64.ts";
import { newId, type DeviceId } from "../../src/protocol/ids.ts";
import { codeOf } from "../support/device-socket.ts";
import { linkDevice, newPerson } from "../support/direct-on-node.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";

describe("naming a device", () => {
  let node: GatewayNode;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());

  const named = (device: DeviceId, fill: number) => ({
    device,
    archiveGeneration: 1,
    sealed: toBase64(new Uint8Array(169).fill(fill)),
  });

  it("is read back by every device of the user, and the others are told", async () => {
    const alice = await newPerson(node, "alice");
    const second = await linkDevice(node, alice);
    const name = named(second.identity.device, 1);
    const told = second.socket.hears("devices:changed", ({ version }) => version === 2);
    await alice.socket.request("devices:name", name);
    await told;
    expect(await second.socket.request("devices:names", {})).to.deep.equal({ names: [name] });
    for (const { socket } of [alice, second]) socket.close();
  });

  it("is for one's own live devices, and needs the size that all have", async () => {
    const bob = await newPerson(node, "bob");
    const carol = await newPerson(node, "carol");
    const name = named(bob.identity.device, 2);
    expect(await codeOf(carol.socket.request("devices:name", name))).to.equal("device-unknown");
    expect(await codeOf(bob.socket.request("devices:name", named(newId(), 2)))).to.equal("device-unknown");
    const short = { ...name, sealed: toBase64(new Uint8Array(168)) };
    expect(await codeOf(bob.socket.request("devices:name", short))).to.equal("invalid-request");
    expect(await bob.socket.request("devices:names", {})).to.deep.equal({ names: [] });
    for (const { socket } of [bob, carol]) socket.close();
  });
});
