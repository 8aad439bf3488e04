import { expect } from "chai";
import { memoryStore, type Client, type Message } from "../../src/client/index.ts";
import type { Conversation } from "../../src/client/conversation/conversation.ts";
import { entryKey } from "../../src/client/records.ts";
import { eventually } from "../support/eventually.ts";
import { eachTestWithAPair } from "../support/talking-pair.ts";

const soon = { timeout: 60_000 };

/** The last message that a conversation holds: none of its own user has sent any here. */
async function lastReceived(chat: Conversation): Promise<Message> {
  return eventually(async () => {
    const { messages } = await chat.history();
    const found = messages.findLast((one): one is Message => "text" in one);
    if (!found) throw new Error("nothing has come");
    return found;
  });
}

async function receiptOf(message: Message, user: string) {
  return (await message.receipts()).find((receipt) => receipt.user === user)!;
}

describe("read receipts", function () {
  this.timeout(120_000);
  const pair = eachTestWithAPair();

  const unreadOf = async (client: Client): Promise<string[]> => {
    const [chat] = client.conversations();
    return chat ? (await chat.unread()).map(({ text }) => text) : [];
  };

  /** Another device of bob's, in the group. */
  async function tabletOfBob(): Promise<Client> {
    const tablet = await pair.people.linked(pair.bob.client);
    await eventually(() => expect(pair.alice.chat.members).to.have.length(3));
    await eventually(() => expect(tablet.conversations()[0]?.isJoined).to.equal(true));
    return tablet;
  }

  it("a message is read when its recipient says so, and not when it is delivered", async () => {
    const message = pair.alice.chat.send("read me");
    await message.reached("delivered", soon);
    expect(await receiptOf(message, pair.bob.client.user)).to.not.have.property("readAt");
    await pair.bob.chat.markRead(await lastReceived(pair.bob.chat));
    await message.reached("read", soon);
    const { deliveredAt, readAt } = await receiptOf(message, pair.bob.client.user);
    expect(readAt!.getTime()).to.be.at.least(deliveredAt!.getTime());
  });

  it("one mark stands for all that came before it, across a change of keys as well", async () => {
    const first = pair.alice.chat.send("before the commit");
    await first.reached("delivered", soon);
    const tablet = await tabletOfBob();
    const second = pair.alice.chat.send("after the commit");
    await second.reached("delivered", soon);
    await eventually(async () => expect((await lastReceived(pair.bob.chat)).text).to.equal("after the commit"));
    await pair.bob.chat.markRead(await lastReceived(pair.bob.chat));
    await Promise.all([first.reached("read", soon), second.reached("read", soon)]);
    await tablet.close();
  });

  it("what was marked while away goes out later, after a restart too", async () => {
    const message = pair.alice.chat.send("read on the train");
    await message.reached("delivered", soon);
    await pair.bob.client.close();
    const offline = await pair.people.open(pair.bob.client.user, { store: pair.bob.store });
    const [chat] = offline.conversations();
    await chat!.markRead(await lastReceived(chat!));
    expect(message.state).to.equal("delivered");
    await offline.close();
    await pair.people.online(pair.bob.client.user, { store: pair.bob.store });
    await message.reached("read", soon);
  });

  it("what was marked while away goes out, though the end of an epoch before it is there no more", async () => {
    const first = pair.alice.chat.send("before the commit");
    await first.reached("delivered", soon);
    await eventually(async () => expect((await lastReceived(pair.bob.chat)).text).to.equal("before the commit"));
    await tabletOfBob();
    const second = pair.alice.chat.send("after the commit");
    await second.reached("delivered", soon);
    await eventually(async () => expect((await lastReceived(pair.bob.chat)).text).to.equal("after the commit"));
    const { id } = pair.bob.chat;
    await pair.bob.client.close();
    const raw = await pair.bob.store.open();
    await raw.write([{ table: "entries", id: entryKey(id, first.sequence!), bytes: null }]);
    await raw.close();
    const offline = await pair.people.open(pair.bob.client.user, { store: pair.bob.store });
    const [chat] = offline.conversations();
    await chat!.markRead(await lastReceived(chat!));
    await offline.connect();
    await second.reached("read", soon);
    expect(await receiptOf(first, pair.bob.client.user), "which nobody can prove any more").to.not.have.property(
      "readAt",
    );
  });

  it("what is read on one device is read on the others, and they are told", async () => {
    const tablet = await tabletOfBob();
    await pair.alice.chat.send("for both").reached("delivered", soon);
    await eventually(async () => expect(await unreadOf(tablet)).to.include("for both"));
    const heard: number[] = [];
    tablet.conversations()[0]!.on("read", ({ sequence }) => heard.push(sequence));
    await eventually(async () => expect((await lastReceived(pair.bob.chat)).text).to.equal("for both"));
    const last = await lastReceived(pair.bob.chat);
    await pair.bob.chat.markRead(last);
    await eventually(async () => expect(await unreadOf(tablet)).to.deep.equal([]));
    expect(heard).to.deep.equal([last.sequence]);
  });

  it("a device that was away meanwhile finds out when it is back", async () => {
    const store = memoryStore();
    const tablet = await pair.people.linked(pair.bob.client, { store });
    await eventually(() => expect(tablet.conversations()[0]?.isJoined).to.equal(true));
    await tablet.close();
    await pair.alice.chat.send("for both").reached("delivered", soon);
    await pair.bob.chat.markRead(await lastReceived(pair.bob.chat));
    await pair.bob.client.close();
    const back = await pair.people.online(pair.bob.client.user, { store });
    await eventually(async () => expect((await lastReceived(back.conversations()[0]!)).text).to.equal("for both"));
    await back.sync();
    expect(await unreadOf(back)).to.deep.equal([]);
  });

  it("with receipts switched off others hear nothing, and the user's own devices still do", async () => {
    const tablet = await tabletOfBob();
    const chosen: boolean[] = [];
    tablet.on("privacy", ({ readReceipts }) => chosen.push(readReceipts));
    await pair.bob.client.privacy.set({ readReceipts: false });
    await eventually(() => expect(chosen).to.deep.equal([false]));
    const message = pair.alice.chat.send("unseen");
    await message.reached("delivered", soon);
    const [chat] = tablet.conversations();
    await eventually(async () => expect((await lastReceived(chat!)).text).to.equal("unseen"));
    await chat!.markRead(await lastReceived(chat!));
    await eventually(async () => expect(await unreadOf(pair.bob.client)).to.deep.equal([]));
    await pair.alice.client.sync();
    expect(message.state).to.equal("delivered");
    expect(await receiptOf(message, pair.bob.client.user)).to.not.have.property("readAt");
  });

  it("a choice made while away holds at once, and on the other devices when it is back", async () => {
    const tablet = await tabletOfBob();
    await pair.bob.client.close();
    const offline = await pair.people.open(pair.bob.client.user, { store: pair.bob.store });
    await offline.privacy.set({ readReceipts: false });
    expect(offline.privacy.readReceipts).to.equal(false);
    expect(tablet.privacy.readReceipts).to.equal(true);
    await offline.connect();
    await eventually(() => expect(tablet.privacy.readReceipts).to.equal(false));
    expect(tablet.privacy.typing).to.equal(true);
  });

  it("who has been blocked sees nothing of what is read", async () => {
    const message = pair.alice.chat.send("before the block");
    await message.reached("delivered", soon);
    await pair.bob.client.block(pair.alice.client.user);
    await pair.bob.chat.markRead(await lastReceived(pair.bob.chat));
    await pair.bob.chat.settled();
    await pair.alice.client.sync();
    expect(await receiptOf(message, pair.bob.client.user)).to.not.have.property("readAt");
  });

  describe("in a group", () => {
    async function groupOf(...names: string[]) {
      const others = await Promise.all(names.map((name) => pair.people.online(`${name}-of-${pair.alice.client.user}`)));
      const group = await pair.alice.client.createGroup({ name: "Team", members: others.map(({ user }) => user) });
      const theirs = await Promise.all(
        others.map((client) =>
          eventually(() => {
            const found = client.conversations().find(({ id }) => id === group.id);
            if (!found?.isJoined) throw new Error(`${client.user} is not in yet`);
            return found;
          }),
        ),
      );
      return { group, others, theirs };
    }

    it("a message is read when all have read it; the first is told before", async () => {
      const { group, others, theirs } = await groupOf("carol", "dave");
      const message = group.send("to all");
      await message.reached("delivered", soon);
      await theirs[0]!.markRead(await lastReceived(theirs[0]!));
      await message.reached("read", { ...soon, by: "any" });
      expect(message.state).to.equal("delivered");
      expect(await receiptOf(message, others[1]!.user)).to.not.have.property("readAt");
      await theirs[1]!.markRead(await lastReceived(theirs[1]!));
      await message.reached("read", soon);
    });

    it("who leaves without having read it holds it back no more", async () => {
      const { group, others, theirs } = await groupOf("carol", "dave");
      const message = group.send("to all");
      await message.reached("delivered", soon);
      await theirs[0]!.markRead(await lastReceived(theirs[0]!));
      await message.reached("read", { ...soon, by: "any" });
      await group.remove(others[1]!.user);
      await message.reached("read", soon);
    });

    it("of many, who hear of receipts together, all are heard", async () => {
      const { group, theirs } = await groupOf(..."abcdefghi".split(""));
      const message = group.send("to all");
      await message.reached("delivered", soon);
      for (const chat of theirs) await chat.markRead(await lastReceived(chat));
      await message.reached("read", soon);
    });

    it("a message that its reader does not show is not read: its sender is blocked", async () => {
      const { group, others, theirs } = await groupOf("carol", "dave");
      const [carol, dave] = others;
      await carol!.block(dave!.user);
      const hidden = theirs[1]!.send("not shown to carol");
      await hidden.reached("delivered", soon);
      const shown = group.send("shown");
      await shown.reached("delivered", soon);
      await eventually(async () => expect((await lastReceived(theirs[0]!)).text).to.equal("shown"));
      await theirs[0]!.markRead(await lastReceived(theirs[0]!));
      await shown.reached("read", { ...soon, by: "any" });
      await dave!.sync();
      expect(await receiptOf(hidden, carol!.user)).to.not.have.property("readAt");
    });
  });
});
