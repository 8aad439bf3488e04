import { expect } from "chai";
import type { DeviceIdentity } from "../../src/crypto/group-engine.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { generateSigningKeyPair, publicKeyOf } from "../../src/crypto/signing-key.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { certify } from "../support/account-with-devices.ts";
import { codeOf } from "../support/device-socket.ts";
import { newPerson, type Person } from "../support/direct-on-node.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";

/** The same device and device key, vouched for by an account key that the node does not know this user by. */
function underAnotherKey({ account, identity }: Person): DeviceIdentity {
  const other = generateSigningKeyPair();
  const device = { device: identity.device, deviceKey: publicKeyOf(identity.deviceSecretKey), listVersion: 1 };
  return { ...identity, accountKey: other.publicKey, certificate: certify(account, device, other.secretKey) };
}

describe("a node, and a device that names another account key than its user's", () => {
  let node: GatewayNode;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());

  it("takes no key package of it", async () => {
    const alice = await newPerson(node, "alice");
    const forged = await engine.createKeyPackage(underAnotherKey(alice), 84);
    const publish = (bytes: Uint8Array) =>
      codeOf(alice.socket.request("keypackages:publish", { suite: 84, oneTime: [toBase64(bytes)] }));
    expect(await publish(forged.publicBytes)).to.equal("key-package-invalid");
    expect(await node.store.countKeyPackages(alice.identity.device)).to.deep.equal([]);
    const honest = await engine.createKeyPackage(alice.identity, 84);
    await alice.socket.request("keypackages:publish", { suite: 84, oneTime: [toBase64(honest.publicBytes)] });
    expect(await node.store.countKeyPackages(alice.identity.device)).to.have.length(1);
  });
});
