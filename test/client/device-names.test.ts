import { expect } from "chai";
import { memoryStore, type Client } from "../../src/client/index.ts";
import { limits } from "../../src/protocol/limits.ts";
import { fromBase64, toBase64 } from "../../src/protocol/base64.ts";
import { eventually } from "../support/eventually.ts";
import { textsIn } from "../support/find-secrets.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

const namesOn = async (client: Client): Promise<(string | undefined)[]> =>
  (await client.devices.list()).map(({ name }) => name);

describe("the names of one's devices", () => {
  let node: MaliciousNode;
  let people: People;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    expect(people.faults).to.deep.equal([]);
    await node.close();
  });

  it("are given when a device is made or linked, and shown on all of them", async () => {
    const laptop = await people.online("ann", { deviceName: "Laptop" });
    const phone = await people.linked(laptop, { deviceName: "Phone" });
    const nameless = await people.linked(laptop);
    for (const client of [laptop, phone, nameless]) {
      expect(await namesOn(client)).to.deep.equal(["Laptop", "Phone", undefined]);
    }
  });

  it("are changed by any of them, and the others are told", async () => {
    const laptop = await people.online("ann", { deviceName: "Laptop" });
    const phone = await people.linked(laptop);
    const heard: unknown[] = [];
    laptop.on("device-renamed", (named) => heard.push(named));
    await phone.devices.rename(laptop.device, "Old laptop");
    await phone.devices.rename(phone.device, "Phone");
    await eventually(() =>
      expect(heard).to.deep.equal([
        { device: laptop.device, name: "Old laptop" },
        { device: phone.device, name: "Phone" },
      ]),
    );
    expect(await namesOn(laptop)).to.deep.equal(["Old laptop", "Phone"]);
  });

  it("hold at once on a device that is offline, and go to the node when it is there", async () => {
    const laptop = await people.online("ann");
    const store = memoryStore();
    const phone = await people.linked(laptop, { store });
    await phone.close();
    people.forget(phone);
    const again = await people.open("ann", { store, deviceName: "not taken: it is not new" });
    await again.devices.rename(again.device, "Phone");
    expect(await namesOn(again)).to.deep.equal([undefined, "Phone"]);
    expect(await namesOn(laptop)).to.deep.equal([undefined, undefined]);
    await again.connect();
    await again.sync();
    expect(await namesOn(laptop)).to.deep.equal([undefined, "Phone"]);
  });

  it("go with the device, and the next are sealed under a key that it does not know", async () => {
    const laptop = await people.online("ann", { deviceName: "Laptop" });
    const lost = await people.linked(laptop, { deviceName: "Lost" });
    await laptop.devices.revoke(lost.device);
    expect((await node.inner.store.readDeviceNames(laptop.user)).map(({ device }) => device)).to.deep.equal([
      laptop.device,
    ]);
    expect(await namesOn(laptop)).to.deep.equal(["Laptop", undefined]);
    await refusal(laptop.devices.rename(lost.device, "Gone"), "device-unknown");
    await eventually(async () => {
      await laptop.devices.rename(laptop.device, "Only laptop");
      const [row] = await node.inner.store.readDeviceNames(laptop.user);
      expect(row!.archiveGeneration).to.equal(2);
    });
    expect(await namesOn(laptop)).to.deep.equal(["Only laptop", undefined]);
    people.faults.length = 0;
  });

  it("are nothing empty, too long, or of somebody else's device", async () => {
    const laptop = await people.online("ann");
    const bob = await people.online("bob");
    await refusal(laptop.devices.rename(laptop.device, ""), "invalid-argument");
    await refusal(laptop.devices.rename(laptop.device, "n".repeat(129)), "invalid-argument");
    await refusal(laptop.devices.rename(bob.device, "mine"), "device-unknown");
    await refusal(people.open("carol", { deviceName: "" }), "invalid-argument");
  });

  it("are all of one size to the server, which can neither read one nor give it to another device", async () => {
    const laptop = await people.online("ann", { deviceName: "Ann's secret laptop" });
    const phone = await people.linked(laptop, { deviceName: "P" });
    const sent = node.requests("devices:name").map((request) => (request as { sealed: string }).sealed);
    expect(sent.map((sealed) => fromBase64(sealed).length)).to.deep.equal([169, 169]);
    expect(limits.sealedDeviceNameBytes).to.equal(169);
    const rows = await node.inner.store.readDeviceNames(laptop.user);
    const seen = [...rows.map(({ sealed }) => Buffer.from(sealed)), ...sent.map((sealed) => Buffer.from(sealed))];
    expect(textsIn(seen, ["secret laptop"])).to.deep.equal([]);
    const wrong = [
      (sealed: string[]) => sealed.toReversed(),
      (sealed: string[]) => sealed.map((text) => toBase64(fromBase64(text).fill(7, 30, 31))),
    ];
    for (const change of wrong) {
      const behave = node.answer("devices:names", async ({ forward }) => {
        const { names } = dataOf(await forward());
        const sealed = change(names.map((name) => name.sealed));
        return ok<"devices:names">({ names: names.map((name, index) => ({ ...name, sealed: sealed[index]! })) });
      });
      expect((await namesOn(phone)).slice(0, 2)).to.deep.equal(["Ann's secret laptop", "P"]);
      const later = await people.linked(laptop);
      expect((await namesOn(later)).slice(0, 2)).to.deep.equal([undefined, undefined]);
      behave();
      expect((await namesOn(later)).slice(0, 2)).to.deep.equal(["Ann's secret laptop", "P"]);
    }
  });
});
