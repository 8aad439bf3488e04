import { expect } from "chai";
import type { Client, ClientStore } from "../../src/client/index.ts";
import type { OpenClientStore } from "../../src/client/stores/client-store.ts";
import { copyOfOpen } from "../support/copied-store.ts";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode, refused } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { twoTalking, type Side } from "../support/two-talking.ts";

describe("a revoked device leaves every group", () => {
  let node: MaliciousNode;
  let people: People;
  let alice: Side;
  let bob: Side;
  let stolen: Client;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(async () => {
    people = new People(() => node.url);
    ({ alice, bob } = await twoTalking(people));
    stolen = await people.linked(alice.client);
    for (const side of [alice, bob]) await eventually(() => expect(side.chat.members).to.have.length(3));
  });
  afterEach(async () => {
    node.behave();
    await people.close();
  });

  const isHere = ({ device }: Client): boolean => bob.chat.members.some((member) => member.device === device);

  it("although the first commits that take it out lose a race", async () => {
    let lost = 0;
    node.answer("conversation:commit", ({ user, forward }) =>
      user === alice.client.user && lost++ < 2 ? refused("stale-epoch") : forward(),
    );
    await alice.client.devices.revoke(stolen.device);
    await eventually(() => expect(isHere(stolen)).to.equal(false));
    expect(lost).to.be.greaterThan(2);
    await alice.chat.send("without it").reached("delivered", { timeout: 60_000 });
  });

  it("although every commit loses, until the node is compared with again", async () => {
    const refusing = node.answer("conversation:commit", ({ user, forward }) =>
      user === alice.client.user ? refused("stale-epoch") : forward(),
    );
    const tried = (): number => node.requests("conversation:commit", alice.client.user).length;
    const before = tried();
    await alice.client.devices.revoke(stolen.device);
    await eventually(() => expect(tried() - before).to.be.at.least(5));
    expect(isHere(stolen)).to.equal(true);
    refusing();
    await eventually(async () => {
      await alice.client.sync();
      expect(isHere(stolen)).to.equal(false);
    });
  });

  /** What a restart finds when the power fails as soon as the node has the revocation. */
  async function powerFailsAfterTheRevocation(): Promise<ClientStore> {
    const core = Reflect.get(alice.client, "core") as { store: OpenClientStore };
    const survived = new Promise<ClientStore>((resolve) => {
      node.answer("devices:revoke", async ({ forward }) => {
        node.answer("conversation:commit", () => undefined);
        await forward();
        resolve(await copyOfOpen(core.store));
      });
    });
    const revoking = alice.client.devices.revoke(stolen.device).catch(() => undefined);
    const disk = await survived;
    await alice.client.close();
    await revoking;
    node.behave();
    return disk;
  }

  it("although the power failed between the revocation and the commit", async () => {
    const store = await powerFailsAfterTheRevocation();
    expect(isHere(stolen)).to.equal(true);
    const again = await people.online(alice.client.user, { store });
    await eventually(() => expect(isHere(stolen)).to.equal(false));
    await (await again.direct(bob.client.user)).send("without it").reached("delivered", { timeout: 60_000 });
  });
});
