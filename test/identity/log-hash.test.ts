import { expect } from "chai";
import { toHex } from "../../src/protocol/equal-bytes.ts";
import { entryHash, logHashStart, nextLogHash } from "../../src/identity/log-hash.ts";
import type { HashedEntry } from "../../src/identity/log-hash.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { conversationId, deviceId, messageId, userId } from "../../src/protocol/ids.ts";

const uuid = (last: string) => `01890a5d-ac96-774b-bcce-b302099a805${last}`;

describe("the running hash of a log", () => {
  before(() => sodiumReady());

  const entry: HashedEntry = {
    conversation: conversationId.parse(uuid("1")),
    sequence: 5,
    kind: "message",
    generation: 1,
    epoch: 2,
    sender: { user: userId.parse("alice"), device: deviceId.parse(uuid("2")) },
    id: messageId.parse(uuid("3")),
    number: 4,
    payload: new Uint8Array([1, 2, 3]),
    acceptedAt: 1_700_000_000_000,
  };

  it("takes in every part of an entry", () => {
    const changes: Partial<HashedEntry>[] = [
      { conversation: conversationId.parse(uuid("9")) },
      { sequence: 6 },
      { kind: "commit" },
      { generation: 2 },
      { epoch: 3 },
      { sender: { ...entry.sender, user: userId.parse("bob") } },
      { sender: { ...entry.sender, device: deviceId.parse(uuid("9")) } },
      { id: messageId.parse(uuid("9")) },
      { number: 5 },
      { payload: new Uint8Array([1, 2, 4]) },
      { acceptedAt: 1_700_000_000_001 },
    ];
    const hashes = [entry, ...changes.map((change) => ({ ...entry, ...change }))].map((one) => toHex(entryHash(one)));
    expect(new Set(hashes).size).to.equal(changes.length + 2 - 1);
    const keys = new Set(changes.flatMap((change) => Object.keys(change)));
    expect([...keys].sort()).to.deep.equal(Object.keys(entry).sort());
  });

  it("depends on the order of the entries and on where it began", () => {
    const { conversation } = entry;
    const place = { conversation, generation: 1, epoch: 2, sequence: 3, transcriptHash: new Uint8Array(32) };
    const start = logHashStart(place);
    const [one, other] = [entryHash(entry), entryHash({ ...entry, sequence: 6 })];
    const forth = nextLogHash(nextLogHash(start, one), other);
    expect(toHex(forth)).to.not.equal(toHex(nextLogHash(nextLogHash(start, other), one)));
    for (const change of [{ generation: 2 }, { epoch: 3 }, { sequence: 4 }, { transcriptHash: new Uint8Array(31) }]) {
      expect(toHex(logHashStart({ ...place, ...change }))).to.not.equal(toHex(start));
    }
    expect(forth).to.have.length(32);
  });
});
