import { expect } from "chai";
import { newestAcks, type PendingAck } from "../../src/actors/ack-coalescing.ts";
import { newId, type ConversationId } from "../../src/protocol/ids.ts";

const one = newId<ConversationId>();
const other = newId<ConversationId>();
const ackAt = (conversation: ConversationId, sequence: number, signature = "signed") =>
  ({ request: { conversation, sequence, signature } }) as unknown as PendingAck;
const isSigned = ({ request }: PendingAck) => request.signature !== "forged";

describe("acks that wait together", () => {
  it("collapse to the newest of each conversation", () => {
    const acks = [ackAt(one, 1), ackAt(one, 3), ackAt(other, 7), ackAt(one, 2)];
    const { newest, refused } = newestAcks(acks, isSigned);
    expect(newest).to.have.members([acks[1], acks[2]]);
    expect(refused).to.deep.equal([]);
  });

  it("prefer the later one at the same sequence: it may say more", () => {
    const acks = [ackAt(one, 3), ackAt(one, 3, "signed later")];
    expect(newestAcks(acks, isSigned).newest).to.deep.equal([acks[1]]);
  });

  it("skip what is not signed, and verify no more than they must", () => {
    const acks = [ackAt(one, 1), ackAt(one, 2), ackAt(one, 3, "forged")];
    let verified = 0;
    const { newest, refused } = newestAcks(acks, (ack) => {
      verified += 1;
      return isSigned(ack);
    });
    expect(newest).to.deep.equal([acks[1]]);
    expect(refused).to.deep.equal([acks[2]]);
    expect(verified).to.equal(2);
  });
});
