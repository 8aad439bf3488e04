import { expect } from "chai";
import { newArchiveKey } from "../../src/crypto/archive.ts";
import type { ContactPin } from "../../src/crypto/contact-pins.ts";
import { decodeLinkPayload, encodeLinkPayload, type LinkPayload } from "../../src/crypto/link-payload.ts";
import { newLink, sealLink } from "../../src/crypto/link-sealing.ts";
import { randomBytes } from "../../src/crypto/primitives/random.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { newId, userId, type DeviceId } from "../../src/protocol/ids.ts";
import { limits } from "../../src/protocol/limits.ts";
import { flipBit, refusalOf } from "./example-message.ts";

const pinOf = (name: string, change: Partial<ContactPin> = {}): ContactPin => ({
  user: userId.parse(name),
  accountKey: randomBytes(32),
  version: 3,
  head: randomBytes(32),
  confirmed: false,
  changed: false,
  ...change,
});
const contacts = (count: number, nameLength = 12): ContactPin[] =>
  Array.from({ length: count }, (_, index) => pinOf(`${index}-`.padEnd(nameLength, "n")));

const example = (change: Partial<LinkPayload> = {}): LinkPayload => ({
  accountKey: randomBytes(32),
  entries: [randomBytes(300), randomBytes(400)],
  archiveKeys: [newArchiveKey(1, 1), newArchiveKey(1026, 7)],
  recovery: { version: 4, publicKey: randomBytes(1216), madeAt: 1_700_000_000_000 },
  pins: [pinOf("ben", { confirmed: true }), pinOf("cat", { confirmed: true, changed: true }), pinOf("dan")],
  ...change,
});

describe("what a device is handed when it is linked", () => {
  before(sodiumReady);

  it("is read as it was written, with and without a recovery key, and with one that was given up", () => {
    const { recovery, ...rest } = example();
    for (const one of [recovery, undefined, { ...recovery!, publicKey: null }]) {
      const payload = { ...rest, recovery: one };
      expect(decodeLinkPayload(encodeLinkPayload(payload))).to.deep.equal(payload);
    }
  });

  it("has one size for everybody with up to a hundred contacts or so", () => {
    const sizes = [example({ pins: [], recovery: undefined }), example(), example({ pins: contacts(100) })];
    expect(new Set(sizes.map((payload) => encodeLinkPayload(payload).length))).to.deep.equal(new Set([16 * 1024]));
  });

  it("leaves the last contacts out beyond its limit, and always fits into what a node takes", () => {
    const many = contacts(5000);
    const { pins } = decodeLinkPayload(encodeLinkPayload(example({ pins: many })));
    expect(pins).to.deep.equal(many.slice(0, pins.length));
    expect(pins.length).to.be.greaterThan(1000).and.lessThan(5000);
    const link = newLink(userId.parse("ann"), newId<DeviceId>(), randomBytes(32));
    const entries = Array.from({ length: 480 }, () => randomBytes(1000));
    const full = encodeLinkPayload(example({ entries, pins: contacts(5000, 128) }));
    expect(sealLink(link.code, link, full).sealed.length).to.be.at.most(limits.linkPayloadBytes);
    expect(decodeLinkPayload(full).entries).to.deep.equal(entries);
  });

  it("is refused where it is anything else", () => {
    const padded = encodeLinkPayload(example());
    const wrongs = [new Uint8Array(), padded.slice(0, -1), padded.slice(0, 16), flipBit(padded, 0)];
    for (const wrong of wrongs) expect(refusalOf(() => decodeLinkPayload(wrong))).to.match(/^link-mismatch/);
  });
});
