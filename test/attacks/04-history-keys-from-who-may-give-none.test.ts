import { expect } from "chai";
import type { Client, Group } from "../../src/client/index.ts";
import { KeyPackageClaims } from "../../src/client/device/key-package-claims.ts";
import { decodeRecord, encodeRecord, historyKeyId, tables, type HistoryKeyRecord } from "../../src/client/records.ts";
import { encodeContent } from "../../src/crypto/content.ts";
import type { HistoryKey } from "../../src/crypto/history-key.ts";
import { sealHistoryShare, shareSuite } from "../../src/crypto/history-share.ts";
import { newIdAfter, type MessageId, type UserId } from "../../src/protocol/ids.ts";
import { unheard } from "../../src/client/conversation/group-naming.ts";
import { sharedKeysKept } from "../../src/client/conversation/history-keys.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { actorOf, groupOf } from "../support/group-sides.ts";
import { coreOf } from "../support/held-state.ts";
import { People } from "../support/people.ts";

const made: HistoryKey = { generation: 1, epoch: 1, key: new Uint8Array(32) };
const soon = { timeout: 10_000 };

describe("attack 4: keys of a group's history, from who may give none", function () {
  this.timeout(20_000);
  let node: GatewayNode;
  let people: People;
  let dave: Client;
  /** Sides of the owner, of a plain member, and of dave, who came later and was let read nothing. */
  let owner: Group;
  let members: Group;
  let daves: Group;
  beforeEach(async () => {
    node = await startGatewayNode();
    people = new People(() => node.url);
    const alice = await people.online("alice");
    const mallory = await people.online("mallory");
    dave = await people.online("dave");
    owner = await alice.createGroup({ members: ["mallory"] });
    await owner.send("before dave").reached("delivered", soon);
    await owner.add("dave");
    members = await groupOf(mallory);
    daves = await groupOf(dave);
    await owner.send("with dave").reached("delivered", soon);
  });
  afterEach(async () => {
    await people.close();
    expect(people.faults).to.deep.equal([]);
    await node.close();
  });

  /** Whatever the rules say to an honest client: keys from this side, for somebody, sealed to dave's device. */
  async function handOut(
    group: Group,
    keys: readonly HistoryKey[],
    user: UserId = dave.user,
    { device }: Client = dave,
  ): Promise<void> {
    const { core, outbox } = actorOf(group) as unknown as { core: ReturnType<typeof coreOf> } & {
      outbox: { add: (id: MessageId, ...rest: unknown[]) => Promise<void>; lastId: MessageId | null };
    };
    await core.directory.refresh(dave.user, group.id);
    const devices = [{ user: dave.user, device }];
    const packages = await new KeyPackageClaims(core).take(
      { conversation: group.id, suite: shareSuite, isGroup: true },
      devices,
    );
    expect(packages).to.have.length(1);
    const sentAt = Date.now();
    const share = await sealHistoryShare({ conversation: group.id, user }, keys, packages);
    const content = encodeContent({ kind: "history-keys", sentAt, ...share });
    await outbox.add(newIdAfter<MessageId>(outbox.lastId), content, sentAt, unheard);
    await group.send("and then this").reached("delivered", soon);
    await daves.settled();
  }

  const idsOf = async (client: Client, table: string): Promise<string[]> =>
    (await coreOf(client).store.list(table)).map(({ id }) => id);
  const keysOf = (group: Group): Promise<HistoryKey[]> =>
    (Reflect.get(actorOf(group), "historyKeys") as { all(): Promise<HistoryKey[]> }).all();
  const forged = (keys: readonly HistoryKey[]) => keys.map((key) => ({ ...key, key: new Uint8Array(32).fill(7) }));
  const shown = async () => (await daves.history()).messages.map((one) => ("text" in one ? one.text : one.reason));

  it("(4) a member without a role: not taken, true or false, and the key package is kept", async () => {
    const before = await idsOf(dave, tables.historyKeys);
    for (const keys of [await keysOf(members), forged(await keysOf(members))]) await handOut(members, keys);
    expect(await idsOf(dave, tables.historyKeys)).to.deep.equal(before);
    expect(await shown()).to.deep.equal(["with dave", "and then this", "and then this"]);
  });

  it("(4) somebody with a role, for another user: not taken", async () => {
    const before = await idsOf(dave, tables.historyKeys);
    await handOut(owner, await keysOf(owner), "mallory" as UserId);
    expect(await idsOf(dave, tables.historyKeys)).to.deep.equal(before);
  });

  it("(4) somebody with a role: what was before alone, and nothing in the place of a key that is held", async () => {
    const before = await keysOf(daves);
    const all = await keysOf(owner);
    const later = { generation: 1, epoch: 90, key: new Uint8Array(32).fill(9) };
    await handOut(owner, [...forged(all), later]);
    await eventually(async () => expect(await keysOf(daves)).to.have.length(all.length));
    const taken = await keysOf(daves);
    expect(taken.slice(-before.length)).to.deep.equal(before);
    expect(taken.map(({ epoch }) => epoch)).to.deep.equal(all.map(({ epoch }) => epoch));
    await owner.send("still read").reached("delivered", soon);
    expect((await shown()).at(-1)).to.equal("still read");
  });

  const archivedOf = (client: Client) =>
    node.store.readHistoryKeys(client.user, owner.id, { generation: 0, epoch: 0 }, 100);

  /** The roster changes, and dave's key of that time is to be found by devices that it links later. */
  async function archiveGoesOn(): Promise<void> {
    await people.online("erin");
    await owner.add("erin");
    const { epoch } = actorOf(owner).state.group!;
    await eventually(async () => expect((await archivedOf(dave)).at(-1)?.epoch).to.equal(epoch), soon.timeout);
  }

  it("(4) somebody with a role: a key called what none is stops nobody's archive", async () => {
    const before = await idsOf(dave, tables.historyKeys);
    const names = [
      { generation: 0, epoch: 1 },
      { generation: 1, epoch: 0 },
    ];
    for (const name of names) await handOut(owner, [{ ...name, key: new Uint8Array(32).fill(9) }]);
    expect(await idsOf(dave, tables.historyKeys)).to.deep.equal(before);
    await archiveGoesOn();
  });

  it("(4) a key that the node takes from no one, however it came to be held, stops nobody's archive", async () => {
    const record = { generation: 0, epoch: 1, key: new Uint8Array(32).fill(9), isArchived: false };
    const id = historyKeyId(owner.id, record);
    await coreOf(dave).store.write([{ table: tables.historyKeys, id, bytes: encodeRecord(record) }]);
    await archiveGoesOn();
  });

  it("(4) somebody with a role: no more keys than there is room for, however many it makes up", async () => {
    const { state } = actorOf(daves);
    const before = await idsOf(dave, tables.historyKeys);
    await state.queue.run(() => state.commit({ record: { historyBegins: { generation: 2, epoch: 1 } } }));
    for (let first = 1_000; first < 2_500; first += 500) {
      await handOut(owner, forged(Array.from({ length: 500 }, (_, index) => ({ ...made, epoch: first + index }))));
    }
    const taken = await idsOf(dave, tables.historyKeys);
    expect(taken).to.have.length(sharedKeysKept);
    expect(taken.slice(0, before.length)).to.deep.equal(before);
  });

  it("(4) somebody with a role: nothing of the time since the user came, when the names of then are forgotten", async () => {
    const { state } = actorOf(daves);
    const before = await idsOf(dave, tables.historyKeys);
    const historyKeys = [{ generation: 2, epoch: 1, at: 0 }, ...state.record.historyKeys];
    await state.queue.run(() => state.commit({ record: { historyKeys } }));
    await handOut(owner, forged([{ ...made, epoch: 1_000 }]));
    expect(await idsOf(dave, tables.historyKeys)).to.deep.equal(before);
  });

  describe("on a device that came later than its user", () => {
    let tablet: Client;
    let tablets: Group;
    let place: { id: string; name: { generation: number; epoch: number } };
    beforeEach(async () => {
      const [first] = await keysOf(daves);
      place = { id: historyKeyId(owner.id, first!), name: first! };
      await eventually(async () => expect(await archivedOf(dave)).to.have.length(1), soon.timeout);
      tablet = await people.linked(dave);
      tablets = await groupOf(tablet);
    });

    const heldBy = async (client: Client) =>
      decodeRecord<HistoryKeyRecord>((await coreOf(client).store.get(tables.historyKeys, place.id))!);
    const firstShown = async () =>
      (await tablets.history()).messages.map((one) => ("text" in one ? one.text : one.reason))[0];

    it("(4) somebody with a role: the true key that the archive has takes the place of a false one", async () => {
      const { key } = await heldBy(dave);
      await handOut(owner, forged([{ ...made, ...place.name }]), dave.user, tablet);
      await tablets.settled();
      await eventually(async () => expect((await heldBy(tablet)).key).to.deep.equal(key), soon.timeout);
      expect(await firstShown()).to.equal("with dave");
      expect(await archivedOf(dave)).to.have.length((await keysOf(daves)).length);
    });

    it("(4) somebody with a role: what a false key does not open is read by the true one", async () => {
      const { generation, epoch } = place.name;
      const key = new Uint8Array(32).fill(7);
      const record: HistoryKeyRecord = { generation, epoch, key, isArchived: true, isShared: true };
      await coreOf(tablet).store.write([{ table: tables.historyKeys, id: place.id, bytes: encodeRecord(record) }]);
      expect(await firstShown()).to.equal("with dave");
    });
  });
});
