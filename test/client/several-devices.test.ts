import { expect } from "chai";
import { SottoError } from "../../src/client/index.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { People, textsFrom } from "../support/people.ts";

describe("several devices of one user", () => {
  let node: GatewayNode;
  let people: People;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(async () => {
    await people.close();
    expect(people.faults).to.deep.equal([]);
  });

  it("refuses a second device that was not linked, and says what to do", async () => {
    const first = await people.online("ada");
    const second = await people.open("ada");
    const refused = await second.connect().catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(SottoError).with.property("code", "link-required");
    expect(second.connection).to.equal("refused");
    expect(second.refusal?.code).to.equal("link-required");
    expect([first.isSetUp, second.isSetUp]).to.deep.equal([true, false]);
  });

  it("links one by a code; it gets what is written from then on, on both sides", async () => {
    const bea = await people.online("bea");
    const cal = await people.online("cal");
    const chat = await bea.direct("cal");
    await chat.send("before").reached("delivered", { timeout: 60_000 });
    const tablet = await people.linked(bea);
    expect((await tablet.devices.list()).map((device) => device.current)).to.deep.equal([false, true]);
    await eventually(() => expect(tablet.conversations()[0]?.isJoined).to.equal(true));

    const answer = await cal.direct("bea");
    await answer.send("to both").reached("delivered", { timeout: 60_000 });
    await eventually(async () => expect(await textsFrom(bea, "cal")).to.deep.equal(["to both"]));
    await eventually(async () => expect(await textsFrom(tablet, "cal")).to.deep.equal(["to both"]));

    const fromTablet = await tablet.direct("cal");
    await fromTablet.send("from the tablet").reached("delivered", { timeout: 60_000 });
    await eventually(async () => expect(await textsFrom(cal, "bea")).to.deep.equal(["before", "from the tablet"]));
    await eventually(async () => expect(await textsFrom(bea, "cal")).to.include("from the tablet"));
  });

  it("founds a conversation with all devices of both users", async () => {
    const dan = await people.online("dan");
    const danTwo = await people.linked(dan);
    const eve = await people.online("eve");
    const eveTwo = await people.linked(eve);
    const chat = await danTwo.direct("eve");
    await chat.send("to four devices").reached("delivered", { timeout: 60_000 });
    for (const [client, peer] of [
      [dan, "eve"],
      [eve, "dan"],
      [eveTwo, "dan"],
    ] as const) {
      await eventually(async () => expect(await textsFrom(client, peer)).to.deep.equal(["to four devices"]));
    }
  });

  it("revokes one: it is closed out, and gets nothing more", async () => {
    const fay = await people.online("fay");
    const gus = await people.online("gus");
    const lost = await people.linked(fay);
    const chat = await gus.direct("fay");
    await chat.send("one").reached("delivered", { timeout: 60_000 });
    await eventually(async () => expect(await textsFrom(lost, "gus")).to.deep.equal(["one"]));
    await fay.devices.revoke(lost.device);
    await eventually(() => expect(lost.connection).to.equal("refused"));
    await eventually(() =>
      expect(chat.members.map((member) => member.device)).to.have.members([fay.device, gus.device]),
    );
    await chat.send("two").reached("delivered", { timeout: 60_000 });
    expect(await textsFrom(lost, "gus")).to.deep.equal(["one"]);
    people.faults.length = 0;
  });

  it("does not take a code from a device that was linked itself", async () => {
    const hal = await people.online("hal");
    const second = await people.linked(hal);
    const third = await people.open("hal");
    const link = await third.devices.link();
    const refused = await second.devices.approve(link.code).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(SottoError).with.property("code", "forbidden");
  });
});
