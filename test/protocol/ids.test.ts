import { expect } from "chai";
import {
  idFromBytes,
  idToBytes,
  messageId,
  newId,
  newIdAfter,
  userId,
  type MessageId,
} from "../../src/protocol/ids.ts";

const timeOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

/** As another process made it, at a time of its own. */
function madeAt(time: number): MessageId {
  const hex = time.toString(16).padStart(12, "0");
  return messageId.parse(`${hex.slice(0, 8)}-${hex.slice(8)}-7fff-bfff-ffffffffffff`);
}

describe("ids", () => {
  it("are UUIDs of version 7 that tell when they were made", () => {
    const now = Date.now();
    const id = newId<MessageId>();
    expect(messageId.safeParse(id).success).to.equal(true);
    expect(timeOf(id)).to.be.at.least(now);
  });

  it("increase, however many are made in one millisecond, and however the clock goes", () => {
    const now = Date.now();
    let last = newId<MessageId>(now);
    for (let made = 0; made < 10_000; made++) {
      const id = newId<MessageId>(now - (made % 3) * 1000);
      expect(messageId.safeParse(id).success).to.equal(true);
      if (id <= last) expect.fail(`${id} comes after ${last}`);
      last = id;
    }
  });

  it("after another are greater than that one, though it was made by a clock that was ahead", () => {
    const ahead = madeAt(Date.now() + 1000);
    const next = newIdAfter(ahead);
    expect(next > ahead).to.equal(true);
    expect(messageId.safeParse(next).success).to.equal(true);
    expect(newIdAfter(next) > next).to.equal(true);
  });

  it("after none, or after an old one, are of now", () => {
    const now = Date.now();
    for (const previous of [null, madeAt(0), madeAt(now - 1000)]) {
      expect(timeOf(newIdAfter<MessageId>(previous))).to.be.at.least(now);
    }
  });

  it("are 16 bytes, and come back from them", () => {
    const id = newId<MessageId>();
    expect(idToBytes(id)).to.have.length(16);
    expect(idFromBytes(idToBytes(id))).to.equal(id);
    const known = "01234567-89ab-7cde-8f01-23456789abcd" as MessageId;
    expect(Buffer.from(idToBytes(known)).toString("hex")).to.equal("0123456789ab7cde8f0123456789abcd");
  });

  it("of users are visible ASCII, and not without end", () => {
    for (const good of ["a", "alice@example.com", "~".repeat(128)])
      expect(userId.safeParse(good).success).to.equal(true);
    for (const bad of ["", "a b", "é", "a\n", "a".repeat(129)]) expect(userId.safeParse(bad).success).to.equal(false);
  });
});
