import { expect } from "chai";
import { channelOfLinkCode, newLink, openLink, sealLink } from "../../src/crypto/link-sealing.ts";
import { generateSigningKeyPair } from "../../src/crypto/signing-key.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { newId, type DeviceId, type UserId } from "../../src/protocol/ids.ts";
import { flipBit, refusalOf } from "./example-message.ts";

const payload = new TextEncoder().encode("certificate and pins");
const example = () => newLink("alice" as UserId, newId<DeviceId>(), generateSigningKeyPair().publicKey);

describe("linking a device", () => {
  before(sodiumReady);

  it("brings the payload to the new device, and the same six digits to both screens", () => {
    const link = example();
    expect(channelOfLinkCode(link.code)).to.deep.equal(link.channel);
    const { user, device, deviceKey, kemPublicKey } = link;
    const { sealed, checkDigits } = sealLink(link.code, { user, device, deviceKey, kemPublicKey }, payload);
    expect(openLink(link, sealed)).to.deep.equal({ payload, checkDigits });
    expect(checkDigits).to.match(/^\d{6}$/);
  });

  it("seals nothing to an offer in which the server has put anything of its own", () => {
    const [link, other] = [example(), example()];
    const forged = [
      { ...link, user: "mallory" as UserId },
      { ...link, device: other.device },
      { ...link, deviceKey: other.deviceKey },
      { ...link, kemPublicKey: other.kemPublicKey },
    ];
    for (const offer of forged) {
      expect(refusalOf(() => sealLink(link.code, offer, payload))).to.match(/^link-mismatch/);
    }
  });

  it("opens nothing that was sealed without the code's secret, for another link, or changed", () => {
    const [link, other] = [example(), example()];
    const { sealed } = sealLink(link.code, link, payload);
    // The server knows the offer and its KEM key, but not the code: it can seal only under a secret it made up.
    const guessed = { ...newLink(link.user, link.device, link.deviceKey), kemSecretKey: link.kemSecretKey };
    const forged = sealLink(guessed.code, guessed, payload).sealed;
    const wrongs = [forged, sealLink(other.code, other, payload).sealed, new Uint8Array(), sealed.slice(0, -1)];
    for (const at of [0, 1, 6, 600, 1130, sealed.length - 1]) wrongs.push(flipBit(sealed, at));
    for (const wrong of wrongs) expect(refusalOf(() => openLink(link, wrong))).to.match(/^link-mismatch/);
    expect(refusalOf(() => openLink({ ...link, code: other.code }, sealed))).to.match(/^link-mismatch/);
  });
});
