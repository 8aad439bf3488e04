import { expect } from "chai";
import { envelopeBytes, openEntry } from "../../src/client/conversation/entry-opener.ts";
import type { ConversationRecord } from "../../src/client/records.ts";
import { encodeContent } from "../../src/crypto/content.ts";
import { encodeMessagePayload } from "../../src/crypto/message-payload.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { sealMessage } from "../../src/crypto/sealed-message.ts";
import type { HashedEntry } from "../../src/identity/log-hash.ts";
import { newId, type MessageId } from "../../src/protocol/ids.ts";
import { DirectGroup } from "../support/direct-group.ts";

describe("opening an entry of the log", () => {
  let direct: DirectGroup;
  let senders: ConversationRecord["senders"];
  beforeEach(async () => {
    direct = await DirectGroup.of(84);
    senders = {};
  });

  /** A message of alice's as she seals it: what she authenticates beside it, and what she chains it to, are hers to choose. */
  async function sealed(
    number: number,
    previousContentHash: Uint8Array,
    envelope: (honest: Uint8Array) => Uint8Array = (honest) => honest,
  ): Promise<{ entry: HashedEntry; contentHash: Uint8Array }> {
    const seat = direct.seats[0]!;
    const { device, user, deviceSecretKey } = seat.identity;
    const { conversation, generation, epoch } = seat.group;
    const place = { conversation, id: newId<MessageId>(), sender: device };
    const content = encodeContent({ kind: "text", text: `number ${number}`, sentAt: 1 });
    const deviceList = { version: 1, head: new Uint8Array(32) };
    const message = sealMessage(place, { number, previousContentHash, content, deviceList }, deviceSecretKey);
    const beside = envelope(envelopeBytes({ ...place, generation, epoch, number }));
    const { group, ciphertext } = await engine.seal(seat.group, message.plaintext, beside);
    seat.group = group;
    const payload = encodeMessagePayload({ ciphertext, body: message.body });
    const sender = { user, device };
    const where = { conversation, generation, epoch, id: place.id, number, sequence: number + 1 };
    return { entry: { ...where, kind: "message", sender, payload, acceptedAt: 1 }, contentHash: message.contentHash };
  }

  /** What bob makes of it. */
  async function open(entry: HashedEntry): Promise<string> {
    const seat = direct.seats[1]!;
    const opened = await openEntry(engine, seat.group, { rosterEpoch: 0, senders } as ConversationRecord, entry);
    if (opened.group) seat.group = opened.group;
    if ("reason" in opened) return opened.reason;
    senders[entry.sender.device] = { number: entry.number, contentHash: opened.message.contentHash };
    return opened.content.kind === "text" ? opened.content.text : opened.content.kind;
  }

  it("takes a message whose envelope its sender authenticated, and no other", async () => {
    const none = new Uint8Array(32);
    expect(await open((await sealed(1, none)).entry)).to.equal("number 1");
    senders = {};
    expect(await open((await sealed(1, none, () => new Uint8Array())).entry)).to.equal("undecryptable");
    expect(await open((await sealed(1, none, (honest) => honest.with(-1, 2))).entry)).to.equal("undecryptable");
  });

  it("takes a message that follows on the one before it, and none that is chained to another", async () => {
    const first = await sealed(1, new Uint8Array(32));
    expect(await open(first.entry)).to.equal("number 1");
    expect(await open((await sealed(2, new Uint8Array(32).fill(1))).entry)).to.equal("replayed");
    expect(await open((await sealed(2, first.contentHash)).entry)).to.equal("number 2");
  });
});
