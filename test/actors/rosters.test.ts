import { expect } from "chai";
import type { ConversationRow } from "../../src/actors/ports/store-conversations.ts";
import { Rosters } from "../../src/actors/rosters.ts";
import { newId, userId, type ConversationId, type UserId } from "../../src/protocol/ids.ts";
import { refusal } from "../support/refusal.ts";

const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) => userId.parse(name)) as [UserId, UserId, UserId];

function setUp(kind: "direct" | "group", users: UserId[]) {
  const state = { users, asked: 0 };
  const rosters = new Rosters({
    findConversation: () => {
      state.asked += 1;
      return Promise.resolve({ kind, users: state.users } as ConversationRow);
    },
  });
  return { rosters, state, conversation: newId<ConversationId>() };
}

describe("who a conversation is of", () => {
  it("is asked for once where it never changes", async () => {
    const { rosters, state, conversation } = setUp("direct", [alice, bob]);
    for (let turn = 0; turn < 3; turn += 1) {
      expect((await rosters.membersFor(alice, conversation)).rooms).to.deep.equal(["user:alice", "user:bob"]);
    }
    await refusal(rosters.membersFor(carol, conversation), "conversation-unknown");
    expect(state.asked).to.equal(1);
  });

  it("is remembered for the messages of a group, until this node knows of a change", async () => {
    const { rosters, state, conversation } = setUp("group", [alice, bob]);
    for (let message = 0; message < 100; message += 1) await rosters.audienceFor(alice, conversation);
    expect(state.asked).to.equal(1);
    state.users = [alice, bob, carol];
    rosters.forget(conversation);
    expect(await rosters.audienceFor(alice, conversation)).to.deep.equal({
      users: [alice, bob, carol],
      rooms: [`group:${conversation}`],
    });
  });

  it("is asked for each time that somebody has to be in the group", async () => {
    const { rosters, state, conversation } = setUp("group", [alice, bob]);
    await rosters.audienceFor(bob, conversation);
    state.users = [alice];
    await refusal(rosters.membersFor(bob, conversation), "conversation-unknown");
    expect((await rosters.audienceFor(bob, conversation)).users).to.deep.equal([alice]);
  });
});
