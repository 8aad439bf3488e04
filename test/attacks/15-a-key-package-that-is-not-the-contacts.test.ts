import { expect } from "chai";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { generateSigningKeyPair } from "../../src/crypto/signing-key.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { newId, type DeviceId } from "../../src/protocol/ids.ts";
import type { ReplyOf } from "../../src/protocol/requests.ts";
import { AccountWithDevices } from "../support/account-with-devices.ts";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { newSide, type Side } from "../support/two-talking.ts";

describe("attack 15: the server hands out a key package of its own", () => {
  let node: MaliciousNode;
  let people: People;
  let alice: Side;
  let bob: Side;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(async () => {
    people = new People(() => node.url);
    alice = await newSide(people, "alice");
    bob = await newSide(people, "bob");
  });
  afterEach(async () => {
    node.behave();
    await people.close();
  });

  type Package = ReplyOf<"keypackages:claim">["packages"][number];
  function handOut(change: (honest: Package) => Promise<Package>): void {
    node.answer("keypackages:claim", async ({ forward }) => {
      const { packages } = dataOf(await forward());
      return ok<"keypackages:claim">({ packages: await Promise.all(packages.map(change)) });
    });
  }

  /** A key package in bob's name, by an account that the server made. */
  async function ofFalseBob(device: DeviceId): Promise<string> {
    const account = await AccountWithDevices.of(bob.client.user);
    const identity = account.addDevice(device, generateSigningKeyPair());
    return toBase64((await engine.createKeyPackage(identity, 84)).publicBytes);
  }

  /** Alice founds nothing and sends nothing, and is told; once the server behaves, the message goes where it should. */
  async function isNotTaken(): Promise<void> {
    const chat = await alice.client.direct(bob.client.user);
    const message = chat.send("for bob alone");
    await eventually(() => expect(alice.codes()).to.include("key-package-invalid"));
    expect(alice.faults.find(({ code }) => code === "key-package-invalid")?.user).to.equal(bob.client.user);
    expect(message.state).to.equal("queued");
    expect(node.requests("conversation:commit", alice.client.user)).to.be.empty;
    expect(node.requests("message:send", alice.client.user)).to.be.empty;
    node.behave();
    await alice.client.sync();
    await message.reached("delivered", { timeout: 60_000 });
    expect(bob.texts).to.deep.equal(["for bob alone"]);
  }

  it("(15) of a bob with another account key, under the device's own id", async () => {
    handOut(async (honest) => ({ ...honest, keyPackage: await ofFalseBob(honest.device) }));
    await isNotTaken();
  });

  it("(15) of a device that is not the one asked for", async () => {
    handOut(async (honest) => ({ ...honest, keyPackage: await ofFalseBob(newId()) }));
    await isNotTaken();
  });

  it("(15) of somebody else", async () => {
    const mallory = await AccountWithDevices.of("mallory");
    const pair = await engine.createKeyPackage(mallory.addDevice(), 84);
    handOut(async (honest) => ({ ...honest, keyPackage: toBase64(pair.publicBytes) }));
    await isNotTaken();
  });

  it("(15) of the right device for the other suite", async () => {
    const [large] = node.requests("keypackages:publish", bob.client.user).filter(({ suite }) => suite === 3);
    handOut(async (honest) => ({ ...honest, keyPackage: large!.oneTime[0]! }));
    await isNotTaken();
  });

  it("(15) with one bit of its KEM key turned", async () => {
    handOut(async (honest) => {
      const bytes = Buffer.from(honest.keyPackage, "base64");
      bytes[200]! ^= 1;
      return { ...honest, keyPackage: bytes.toString("base64") };
    });
    await isNotTaken();
  });
});
