import { expect } from "chai";
import type { DeviceIdentity, KeyPackagePair } from "../../src/crypto/group-engine.ts";
import { keysPerShare, openHistoryShare, sealHistoryShare, shareSuite } from "../../src/crypto/history-share.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { randomBytes } from "../../src/crypto/primitives/random.ts";
import { newId, type ConversationId } from "../../src/protocol/ids.ts";
import { AccountWithDevices } from "../support/account-with-devices.ts";
import { refusal } from "../support/refusal.ts";

describe("history keys for somebody who has joined", () => {
  const conversation = newId<ConversationId>();
  const keys = [1, 2, 3].map((epoch) => ({ generation: 1, epoch, key: new Uint8Array(32).fill(epoch) }));
  let dave: AccountWithDevices;
  let phone: DeviceIdentity;
  let tablet: DeviceIdentity;
  let pairs: [KeyPackagePair, KeyPackagePair];
  beforeEach(async () => {
    dave = await AccountWithDevices.of("dave");
    [phone, tablet] = [dave.addDevice(), dave.addDevice()];
    pairs = [await engine.createKeyPackage(phone, shareSuite), await engine.createKeyPackage(tablet, shareSuite)];
  });

  const seal = (place = { conversation, user: dave.user }, some = keys) =>
    sealHistoryShare(place, some, [
      { device: phone.device, bytes: pairs[0].publicBytes },
      { device: tablet.device, bytes: pairs[1].publicBytes },
    ]);

  it("open on each of the devices that they are sealed to", async () => {
    const share = await seal();
    expect(await openHistoryShare(phone, conversation, pairs[0], share)).to.deep.equal(keys);
    expect(await openHistoryShare(tablet, conversation, pairs[1], share)).to.deep.equal(keys);
    expect(await openHistoryShare(phone, conversation, pairs[0], await seal(undefined, []))).to.deep.equal([]);
  });

  it("open for no other user, device, key package or conversation", async () => {
    const share = await seal();
    const eve = (await AccountWithDevices.of("eve")).addDevice();
    const evesPair = await engine.createKeyPackage({ ...eve, device: phone.device }, shareSuite);
    const tries: [DeviceIdentity, ConversationId, KeyPackagePair][] = [
      [eve, conversation, evesPair],
      [{ ...eve, device: phone.device }, conversation, evesPair],
      [{ ...phone, user: eve.user }, conversation, pairs[0]],
      [tablet, conversation, pairs[0]],
      [phone, newId<ConversationId>(), pairs[0]],
      [phone, conversation, await engine.createKeyPackage(phone, shareSuite)],
    ];
    for (const [identity, place, pair] of tries) {
      await refusal(openHistoryShare(identity, place, pair, share), "undecryptable");
    }
  });

  it("do not open where one is called what no history key is, or there are more than a message holds", async () => {
    const [key] = keys as [(typeof keys)[number]];
    const wrong = [
      [key, { ...key, generation: 0 }],
      [key, { ...key, epoch: 0 }],
      Array.from({ length: keysPerShare + 1 }, (_, epoch) => ({ ...key, epoch: epoch + 1 })),
    ];
    for (const some of wrong) {
      await refusal(openHistoryShare(phone, conversation, pairs[0], await seal(undefined, some)), "undecryptable");
    }
    const most = await seal(undefined, wrong[2]!.slice(1));
    expect(await openHistoryShare(phone, conversation, pairs[0], most)).to.have.length(keysPerShare);
  });

  it("do not open changed, nor taken from one share into another", async () => {
    const share = await seal();
    const other = await seal({ conversation, user: dave.user }, keys.slice(1));
    const changed = [
      { ...share, sealed: other.sealed },
      { ...share, recipients: other.recipients },
      { ...share, recipients: [] },
      { ...share, sealed: share.sealed.map((byte, index) => (index === 40 ? byte ^ 1 : byte)) },
      { ...share, sealed: randomBytes(10) },
      { ...share, recipients: share.recipients.map((one) => ({ ...one, sealed: one.sealed.map((byte) => byte ^ 1) })) },
    ];
    for (const one of changed) await refusal(openHistoryShare(phone, conversation, pairs[0], one), "undecryptable");
  });
});
