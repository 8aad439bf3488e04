import { expect } from "chai";
import { wrapBodyKey, type HistoryKey } from "../../src/crypto/history-key.ts";
import { hashBody } from "../../src/crypto/message-body.ts";
import { randomBytes } from "../../src/crypto/primitives/random.ts";
import { openKeptMessage, openMessage, sealMessage } from "../../src/crypto/sealed-message.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { newId, type MessageId } from "../../src/protocol/ids.ts";
import { exampleMessage, flipBit, refusalOf } from "../crypto/example-message.ts";

describe("attack 19: a wrap that differs from what the group brought", () => {
  before(sodiumReady);

  const example = () => {
    const { place, keys, inner } = exampleMessage();
    const historyKey: HistoryKey = { generation: 1, epoch: 4, key: randomBytes(32) };
    const deviceList = { version: 1, head: randomBytes(32) };
    const sealed = sealMessage(place, { ...inner, deviceList }, keys.secretKey, historyKey);
    const at = { ...place, number: inner.number };
    const sender = { deviceKey: keys.publicKey };
    const wrapOf = (changed: Partial<{ key: HistoryKey; id: MessageId; bodyHash: Uint8Array }>, bodyKey: Uint8Array) =>
      wrapBodyKey(changed.key ?? historyKey, { ...place, bodyHash: hashBody(sealed.body), ...changed }, bodyKey);
    return { at, sealed, sender, historyKey, inner, wrapOf };
  };

  it("(19) opens the same to who is there and to who reads later, when it is honest", () => {
    const { at, sealed, sender, historyKey, inner } = example();
    expect(openMessage(at, sealed, historyKey).content).to.deep.equal(inner.content);
    const kept = openKeptMessage(at, { body: sealed.body, wrap: sealed.wrap! }, sender, historyKey);
    expect(kept.content).to.deep.equal(inner.content);
  });

  it("(19) is refused by who is there: later readers would see something else, or nothing", () => {
    const { at, sealed, historyKey, wrapOf } = example();
    const otherKey = { ...historyKey, key: randomBytes(32) };
    const wraps = [
      wrapOf({}, randomBytes(32)),
      wrapOf({ key: otherKey }, randomBytes(32)),
      wrapOf({ key: { ...historyKey, epoch: 3 } }, randomBytes(32)),
      wrapOf({ key: { ...historyKey, generation: 2 } }, randomBytes(32)),
      flipBit(sealed.wrap!, sealed.wrap!.length - 1),
      sealed.wrap!.slice(1),
      example().sealed.wrap!,
    ];
    for (const wrap of wraps) {
      expect(refusalOf(() => openMessage(at, { ...sealed, wrap }, historyKey))).to.match(/^undecryptable/);
    }
    expect(refusalOf(() => openMessage(at, sealed, otherKey))).to.match(/^undecryptable/);
    expect(refusalOf(() => openMessage(at, sealed))).to.match(/^undecryptable/);
  });

  it("(19) opens for a later reader at its own place only, and by its own sender", () => {
    const { at, sealed, sender, historyKey } = example();
    const kept = { body: sealed.body, wrap: sealed.wrap! };
    const { deviceKey } = example().sender;
    for (const run of [
      () => openKeptMessage({ ...at, id: newId<MessageId>() }, kept, sender, historyKey),
      () => openKeptMessage({ ...at, number: at.number + 1 }, kept, sender, historyKey),
      () => openKeptMessage(at, kept, { deviceKey }, historyKey),
      () => openKeptMessage(at, { ...kept, body: example().sealed.body }, sender, historyKey),
    ]) {
      expect(refusalOf(run)).to.match(/^undecryptable/);
    }
  });
});
