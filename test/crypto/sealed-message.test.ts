import { expect } from "chai";
import { openMessage, sealMessage } from "../../src/crypto/sealed-message.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { newId } from "../../src/protocol/ids.ts";
import { exampleMessage, flipBit, refusalOf } from "./example-message.ts";

function sealedExample() {
  const { place, keys, inner, deviceList } = exampleMessage();
  const sealed = sealMessage(place, { ...inner, deviceList }, keys.secretKey);
  return { place: { ...place, number: inner.number }, keys, inner, deviceList, sealed };
}

describe("a sealed message", () => {
  before(sodiumReady);

  it("opens to what was sealed", () => {
    const { place, inner, deviceList, sealed } = sealedExample();
    const opened = openMessage(place, sealed);
    expect(opened).to.deep.include({ ...inner, deviceList, contentHash: sealed.contentHash });
  });

  it("is refused under an envelope that claims another id, number, sender or conversation", () => {
    const { place, sealed } = sealedExample();
    const claims = [
      { ...place, number: place.number + 1 },
      { ...place, id: newId<typeof place.id>() },
      { ...place, sender: newId<typeof place.sender>() },
      { ...place, conversation: newId<typeof place.conversation>() },
    ];
    for (const claim of claims) {
      expect(refusalOf(() => openMessage(claim, sealed))).to.match(/^undecryptable/);
    }
  });

  it("is refused with the body of another message", () => {
    const [one, two] = [sealedExample(), sealedExample()];
    const mixed = { plaintext: one.sealed.plaintext, body: two.sealed.body };
    expect(refusalOf(() => openMessage(one.place, mixed))).to.match(/^undecryptable/);
  });

  it("is refused, but for the device list's head, whichever byte of its plaintext is changed", () => {
    const { place, deviceList, sealed } = sealedExample();
    const { plaintext, body } = sealed;
    let headBytes = 0;
    for (let at = 0; at < plaintext.length; at++) {
      const changed = { plaintext: flipBit(plaintext, at), body };
      let opened;
      try {
        opened = openMessage(place, changed);
      } catch {
        continue;
      }
      // Only the group's own encryption authenticates the head: a member lies about nobody's list but its own.
      headBytes += 1;
      expect(opened.deviceList).to.not.deep.equal(deviceList);
    }
    expect(headBytes).to.be.at.most(40);
  });
});
