import { expect } from "chai";
import type { BlockRow } from "../../src/actors/ports/store-blocks.ts";
import type { Store } from "../../src/actors/ports/store.ts";
import type { Rosters } from "../../src/actors/rosters.ts";
import { Typing } from "../../src/actors/typing.ts";
import { newId, type ConversationId, type DeviceId, type UserId } from "../../src/protocol/ids.ts";
import { limits } from "../../src/protocol/limits.ts";
import { groupRoom, userRoom } from "../../src/protocol/rooms.ts";
import { silentDelivery } from "../support/silent-delivery.ts";

const conversation = newId<ConversationId>();
const userAt = (index: number) => `user-${index}` as UserId;

/** Where a signal of the first of so many users goes. */
async function roomsFor(count: number, blocks: BlockRow[] = []): Promise<string[]> {
  const users = Array.from({ length: count }, (_, index) => userAt(index));
  const rooms: string[] = [];
  const typing = new Typing({
    store: { readBlocks: () => Promise.resolve(blocks) } as unknown as Store,
    rosters: { membersFor: () => Promise.resolve({ users, rooms: [groupRoom(conversation)] }) } as unknown as Rosters,
    limiter: { take: () => 0 },
    delivery: { ...silentDelivery, emit: (room) => void rooms.push(room) },
  });
  const caller = { user: userAt(0), device: newId<DeviceId>(), deviceKey: new Uint8Array(32), socket: "socket" };
  await typing.send(caller, { conversation, generation: 1, epoch: 1, sealed: "" });
  return rooms;
}

describe("a typing signal in a group", () => {
  it("goes to its room once, whatever the number of members, up to a bound", async () => {
    expect(await roomsFor(2)).to.deep.equal([groupRoom(conversation)]);
    expect(await roomsFor(limits.typingUsers)).to.deep.equal([groupRoom(conversation)]);
    expect(await roomsFor(limits.typingUsers + 1)).to.deep.equal([]);
  });

  it("goes past those whom the writer has blocked, and who have blocked the writer; blocks of others change nothing", async () => {
    const one = { user: userAt(0), blocked: userAt(1) };
    const other = { user: userAt(2), blocked: userAt(0) };
    expect(await roomsFor(4, [one, other])).to.deep.equal([userRoom(userAt(3))]);
    const elsewhere = [
      { user: userAt(1), blocked: userAt(2) },
      { user: userAt(0), blocked: "somebody-else" as UserId },
    ];
    expect(await roomsFor(4, elsewhere)).to.deep.equal([groupRoom(conversation)]);
  });
});
