import { expect } from "chai";
import { SottoError } from "../../src/protocol/errors.ts";
import { limits } from "../../src/protocol/limits.ts";
import fc from "fast-check";
import { decodeContent, encodeContent } from "../../src/crypto/content.ts";
import { randomBytes } from "../../src/crypto/primitives/random.ts";
import { pad } from "../../src/crypto/padding.ts";
import { encodeTaggedFields } from "../../src/crypto/tagged-fields.ts";
import { newId, userId, type DeviceId, type MessageId } from "../../src/protocol/ids.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { flipBit, refusalOf } from "./example-message.ts";

describe("content", () => {
  before(sodiumReady);

  it("keeps any text, empty and with a byte order mark included", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat(), (text, sentAt) => {
        expect(decodeContent(encodeContent({ kind: "text", text, sentAt }))).to.deep.equal({
          kind: "text",
          text,
          sentAt,
        });
      }),
    );
    for (const text of ["", "\ufeffx"]) {
      expect(decodeContent(encodeContent({ kind: "text", text, sentAt: 0 }))).to.deep.include({ text });
    }
  });

  it("keeps what it answers to", () => {
    const replyTo = newId<MessageId>();
    const content = { kind: "text", text: "yes", sentAt: 1_700_000_000_000, replyTo } as const;
    expect(decodeContent(encodeContent(content))).to.deep.equal(content);
  });

  it("keeps whom it mentions, each once, in the order of their ids", () => {
    const [ann, ben, Zoe] = ["ann", "ben", "Zoe"].map((name) => userId.parse(name));
    const content = { kind: "text", text: "you", sentAt: 1, mentions: [ben!, Zoe!, ann!, ben!] } as const;
    expect(decodeContent(encodeContent(content))).to.deep.equal({ ...content, mentions: [Zoe, ann, ben] });
    const nobody = { kind: "text", text: "you", sentAt: 1, mentions: [] } as const;
    expect(decodeContent(encodeContent(nobody))).to.not.have.property("mentions");
  });

  it("keeps what changes a message", () => {
    const target = newId<MessageId>();
    for (const content of [
      { kind: "reaction", target, emoji: "👩‍👩‍👧", isRemoved: false, sentAt: 1 },
      { kind: "reaction", target, emoji: "🏴\u{E0067}\u{E0062}\u{E007F}", isRemoved: true, sentAt: 2 },
      { kind: "edit", target, text: "", sentAt: 3 },
      { kind: "edit", target, text: "better", sentAt: 4, mentions: [userId.parse("ann")] },
      { kind: "retraction", target, sentAt: 5 },
    ] as const) {
      const bytes = encodeContent(content);
      expect(decodeContent(bytes)).to.deep.equal(content);
      for (const wrong of [bytes.slice(0, -1), new Uint8Array([...bytes, 10, 0, 0, 0, 0])]) {
        expect(refusalOf(() => decodeContent(wrong))).to.match(/^undecryptable/);
      }
    }
  });

  it("is the same size, sealed, for a reaction, a retraction and a short text", () => {
    const target = newId<MessageId>();
    const sizes = [
      { kind: "reaction", target, emoji: "👍", isRemoved: false, sentAt: 1 },
      { kind: "retraction", target, sentAt: 1 },
      { kind: "text", text: "hello", sentAt: 1 },
    ] as const;
    const padded = sizes.map((content) => pad(encodeContent(content)).length);
    expect(new Set(padded)).to.have.length(1);
  });

  it("keeps history keys as they were sealed, for whom and for which devices", () => {
    const recipient = () => ({
      device: newId<DeviceId>(),
      keyPackage: randomBytes(32),
      encapsulated: randomBytes(1120),
      sealed: randomBytes(48),
    });
    for (const recipients of [[], [recipient()], [recipient(), recipient()]]) {
      const user = userId.parse("dave");
      const content = { kind: "history-keys", user, sentAt: 7, sealed: randomBytes(88), recipients } as const;
      const bytes = encodeContent(content);
      expect(decodeContent(bytes)).to.deep.equal(content);
      expect(refusalOf(() => decodeContent(bytes.slice(0, -1)))).to.match(/^undecryptable/);
    }
  });

  it("is unknown when a later version or kind made it", () => {
    const later = [
      encodeTaggedFields(2, [[1, Uint8Array.of(1)]]),
      encodeTaggedFields(1, [
        [1, Uint8Array.of(130)],
        [77, new Uint8Array(3)],
      ]),
      encodeTaggedFields(1, [[1, Uint8Array.of(1, 2)]]),
    ];
    for (const bytes of later) expect(decodeContent(bytes)).to.deep.equal({ kind: "unknown" });
  });

  it("is refused when malformed: cut, with an unknown field, not UTF-8, without a kind", () => {
    const bytes = encodeContent({ kind: "text", text: "hello", sentAt: 5 });
    const badText = bytes.map((byte, index) => (index === bytes.length - 1 ? 0xff : byte));
    const extra = new Uint8Array([...bytes, 9, 0, 0, 0, 0]);
    for (const wrong of [bytes.slice(0, -1), extra, badText, flipBit(bytes, 1), new Uint8Array(), Uint8Array.of(1)]) {
      expect(refusalOf(() => decodeContent(wrong))).to.match(/^undecryptable/);
    }
  });

  it("is not made of a text that UTF-8 cannot hold", () => {
    expect(refusalOf(() => encodeContent({ kind: "text", text: "\ud800", sentAt: 0 }))).to.match(/^invalid-argument/);
  });

  it("says how long it lasts, and is refused where that is no time or too long a one", () => {
    const content = { kind: "text" as const, text: "for a while", sentAt: 1, expiresIn: 60 };
    expect(decodeContent(encodeContent(content))).to.deep.equal(content);
    for (const expiresIn of [0, limits.disappearingSeconds + 1]) {
      expect(() => decodeContent(encodeContent({ ...content, expiresIn })), String(expiresIn)).to.throw(SottoError);
    }
  });
});
