import { expect } from "chai";
import type { Client } from "../../src/client/index.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import type { ReplyOf } from "../../src/protocol/requests.ts";
import { AccountWithDevices } from "../support/account-with-devices.ts";
import { DeceivedGroup, isTold, soon } from "../support/deceived-group.ts";
import { eventually } from "../support/eventually.ts";
import type { GroupSide } from "../support/group-sides.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";

type ListedUser = ReplyOf<"devices:read">["users"][number];

describe("attack 23: the server shows a member of a group an older or another device list of somebody in it", function () {
  this.timeout(30_000);
  let node: MaliciousNode;
  let group: DeceivedGroup;
  let alice: GroupSide;
  let bob: GroupSide;
  let carol: GroupSide;
  /** Of bob's, and revoked by him. */
  let stolen: Client;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(async () => {
    group = await DeceivedGroup.at(node);
    ({ alice, bob, carol } = group);
    stolen = await group.people.linked(bob.client);
    await eventually(() => expect(devicesOf(alice)).to.include(stolen.device));
  });
  afterEach(async () => {
    node.behave();
    await group.people.close();
  });

  const devicesOf = ({ chat }: GroupSide): string[] => chat.members.map(({ device }) => device);
  const bobsList = async (): Promise<ListedUser> => {
    const request = { users: [{ user: bob.client.user, after: 0 }] };
    return dataOf(await node.linesOf(bob.client.user)[0]!.ask("devices:read", request)).users[0]!;
  };
  /** What alice is answered about bob from now on. */
  function tellAlice(change: (one: ListedUser, after: number) => ListedUser): void {
    node.answer("devices:read", async ({ user, request, forward }) => {
      const { users } = dataOf(await forward());
      const told = users.map((one, index) =>
        user === alice.client.user && one.user === bob.client.user ? change(one, request.users[index]!.after) : one,
      );
      return ok<"devices:read">({ users: told });
    });
  }
  const hint = () => node.push(alice.client.user, "devices:changed", { user: bob.client.user, version: 9 });

  /** The revoked device is out, for alice too, and stays out; the group goes on with those who are in it. */
  async function goesOnWithout(): Promise<void> {
    node.behave();
    for (const side of [alice, carol]) {
      await eventually(() =>
        expect(devicesOf(side)).to.have.members([alice, bob, carol].map(({ client }) => client.device)),
      );
    }
    await alice.chat.send("we go on").reached("delivered", soon);
    expect(bob.texts).to.include("we go on");
  }

  it("(23) the one from before a revocation: who is revoked is out all the same, and its user's next message tells", async () => {
    tellAlice((one) => ({ ...one, entries: [] }));
    await bob.client.devices.revoke(stolen.device);
    await eventually(() => expect(devicesOf(alice)).to.not.include(stolen.device));
    await bob.chat.send("my tablet is gone").reached("delivered", soon);
    await isTold(alice, "untrusted-list", bob);
    await alice.chat.send("is it?").reached("delivered", soon);
    expect(devicesOf(alice)).to.not.include(stolen.device);
    await goesOnWithout();
  });

  it("(23) the one from before a revocation, from its beginning, to who has seen the revocation", async () => {
    const { accountKey, entries } = await bobsList();
    await bob.client.devices.revoke(stolen.device);
    await eventually(() => expect(devicesOf(alice)).to.not.include(stolen.device));
    await alice.client.sync();
    tellAlice(({ user }) => ({ user, accountKey, entries }));
    hint();
    await isTold(alice, "untrusted-list", bob);
    await goesOnWithout();
  });

  it("(23) none, or one under another account key: nobody comes or goes", async () => {
    await bob.client.devices.revoke(stolen.device);
    await eventually(() => expect(devicesOf(alice)).to.not.include(stolen.device));
    tellAlice(({ user }) => ({ user, accountKey: null, entries: [] }));
    hint();
    await isTold(alice, "untrusted-list", bob);
    const false_ = await AccountWithDevices.of(bob.client.user);
    false_.addDevice();
    const accountKey = toBase64(false_.accountKeys.publicKey);
    tellAlice(({ user }) => ({ user, accountKey, entries: false_.entries.map(toBase64) }));
    hint();
    await isTold(alice, "identity-changed", bob);
    await goesOnWithout();
  });
});
