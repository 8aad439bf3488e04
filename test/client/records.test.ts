import { expect } from "chai";
import fc from "fast-check";
import { decodeRecord, encodeRecord, entryKey, outboxKey, receiptKey, sortable } from "../../src/client/records.ts";
import { newId, type ConversationId, type MessageId } from "../../src/protocol/ids.ts";

describe("records in a device's store", () => {
  it("come back as they went in, bytes included, at any depth", () => {
    const leaf = fc.oneof(
      fc.uint8Array(),
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.uint8Array()),
    );
    const record = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.oneof(leaf, fc.dictionary(fc.string(), leaf)));
    fc.assert(
      fc.property(record, (value) => {
        expect(decodeRecord(encodeRecord(value))).to.deep.equal({ ...value });
      }),
    );
  });

  it("are refused when another version wrote them", () => {
    const [, ...rest] = encodeRecord({ position: 1 });
    expect(() => decodeRecord(Uint8Array.of(2, ...rest)))
      .to.throw()
      .with.property("code", "store-unreadable");
  });

  it("have keys in the order of the log", () => {
    const conversation = newId<ConversationId>();
    const sequences = [1, 2, 9, 10, 99, 100, 2 ** 31, 2 ** 53 - 1];
    expect(sequences.map(sortable).toSorted()).to.deep.equal(sequences.map(sortable));
    const keys = sequences.map((sequence) => entryKey(conversation, sequence));
    expect(keys.toSorted()).to.deep.equal(keys);
    const versions = sequences.map((version) => receiptKey(conversation, version));
    expect(versions.toSorted()).to.deep.equal(versions);
  });

  it("have keys of the outbox in the order in which messages were written", () => {
    const conversation = newId<ConversationId>();
    const keys = Array.from({ length: 5000 }, () => outboxKey(conversation, newId<MessageId>()));
    expect(keys.toSorted()).to.deep.equal(keys);
  });
});
