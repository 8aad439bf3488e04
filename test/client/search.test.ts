import { expect } from "chai";
import { memoryStore, type Client, type Conversation, type Message } from "../../src/client/index.ts";
import { wordsOf } from "../../src/client/conversation/search/words.ts";
import { eventually } from "../support/eventually.ts";
import { coreOf } from "../support/held-state.ts";
import { refusal } from "../support/refusal.ts";
import { pagesBack } from "../support/shown.ts";
import { eachTestWithAPair } from "../support/talking-pair.ts";

const soon = { timeout: 60_000 };

describe("words to look for", () => {
  it("are those of the text, each once, without case and diacritics", () => {
    expect(wordsOf("Grüße, GRÜSSE & grüße! 2nd don't")).to.deep.equal(["gruße", "grusse", "2nd", "don", "t"]);
    expect(wordsOf(" … 👍 ")).to.deep.equal([]);
    expect(wordsOf("Ångström ﬁne Ｗｉｄｅ")).to.deep.equal(["angstrom", "fine", "wide"]);
  });

  it("are single characters where a script puts no spaces", () => {
    expect(wordsOf("東京タワー x")).to.include.members(["東", "京", "タ", "x"]);
  });

  it("are bounded in number and length", () => {
    expect(wordsOf(Array.from({ length: 9_000 }, (_, index) => `w${index}`).join(" "))).to.have.length(512);
    expect(wordsOf("x".repeat(5_000))).to.deep.equal(["x".repeat(32)]);
  });
});

describe("searching what a device holds", function () {
  this.timeout(120_000);
  const pair = eachTestWithAPair();

  const found = async (client: Client, words: string, options?: Parameters<Client["search"]>[1]): Promise<string[]> =>
    (await client.search(words, options)).map(({ message }) => message.text);
  const say = async (chat: Conversation, text: string): Promise<Message> => {
    const message = chat.send(text);
    await message.reached("delivered", soon);
    return message;
  };

  it("finds messages by how their words begin, in any order, newest first", async () => {
    for (const text of ["The Café opens", "an open café", "closed", "OPENING soon"]) await say(pair.alice.chat, text);
    for (const { client } of [pair.alice, pair.bob]) {
      expect(await found(client, "open")).to.deep.equal(["OPENING soon", "an open café", "The Café opens"]);
      expect(await found(client, "cafe OPEN")).to.deep.equal(["an open café", "The Café opens"]);
      expect(await found(client, "pening")).to.deep.equal([]);
      expect(await found(client, "open", { limit: 1 })).to.deep.equal(["OPENING soon"]);
    }
    const [hit] = await pair.bob.client.search("closed");
    expect(hit!.conversation).to.equal(pair.bob.chat);
    expect((await pair.bob.chat.history()).messages).to.include(hit!.message);
  });

  it("finds the text as it stands now, and nothing of what was retracted, in the store either", async () => {
    const edited = await say(pair.alice.chat, "apples and pears");
    const gone = await say(pair.alice.chat, "apples and secrets");
    await pair.alice.chat.edit(edited, "plums and pears");
    await pair.alice.chat.edit(gone, "apples and whispers");
    await pair.alice.chat.retract(gone);
    await say(pair.alice.chat, "on");
    for (const { client, chat } of [pair.alice, pair.bob]) {
      await chat.settled();
      expect(await found(client, "apples")).to.deep.equal([]);
      expect(await found(client, "plums")).to.deep.equal(["plums and pears"]);
      expect(await found(client, "pears")).to.deep.equal(["plums and pears"]);
      const rows = await coreOf(client).store.list("words");
      const words = rows.map(({ bytes }) => Buffer.from(bytes).toString()).join();
      expect(words).to.include("plums").and.not.include("secrets").and.not.include("whispers");
    }
  });

  it("looks in all conversations, or in one, and finds what was read from the node on a later device", async () => {
    const carol = await pair.people.online("carol-who-is-found");
    const other = await pair.alice.client.direct(carol.user);
    await say(pair.alice.chat, "meet at noon");
    await say(other, "noon it is");
    expect(await found(pair.alice.client, "noon")).to.deep.equal(["noon it is", "meet at noon"]);
    expect(await found(pair.alice.client, "noon", { conversation: pair.alice.chat })).to.deep.equal(["meet at noon"]);
    expect(await found(pair.alice.client, "noon", { conversation: other.id })).to.deep.equal(["noon it is"]);
    const store = memoryStore();
    const second = await pair.people.linked(pair.alice.client, { store });
    await eventually(async () => {
      await second.sync();
      expect(second.conversation(pair.alice.chat.id)?.isJoined).to.equal(true);
    });
    expect(await found(second, "noon", { conversation: pair.alice.chat.id })).to.deep.equal([]);
    await pagesBack(second.conversation(pair.alice.chat.id)!);
    expect(await found(second, "noon", { conversation: pair.alice.chat.id })).to.deep.equal(["meet at noon"]);
    await second.close();
    pair.people.forget(second);
    const offline = await pair.people.open(pair.alice.client.user, { store });
    expect(await found(offline, "noon")).to.deep.equal(["meet at noon"]);
  });

  it("finds what a look at every message finds, over stretches of the log", async () => {
    const syllables = ["ka", "ki", "lo", "la", "mi", "mu"];
    const texts = Array.from({ length: 150 }, (_, index) =>
      [1, 7, 11].map((step) => syllables[(index * step) % 6]! + syllables[(index + step) % 6]!).join(" "),
    );
    const sent = texts.map((text) => pair.alice.chat.send(text));
    await sent.at(-1)!.reached("delivered", soon);
    await pair.alice.chat.edit(sent[3]!, "kaka lola");
    await pair.alice.chat.retract(sent[100]!);
    await say(pair.alice.chat, "end");
    await pair.bob.chat.settled();
    const all = (await pagesBack(pair.bob.chat, 200)).map((one) => ("text" in one ? one.text : "")).toReversed();
    for (const words of ["ka", "kaka", "la mi", "mu k", "lolo", "kaka lola"]) {
      const beginnings = words.split(" ");
      const expected = all.filter((text) =>
        beginnings.every((beginning) => text.split(" ").some((word) => word.startsWith(beginning))),
      );
      expect(await found(pair.bob.client, words, { limit: 1000 }), words).to.deep.equal(expected);
      expect(await found(pair.bob.client, words, { limit: 10 }), words).to.deep.equal(expected.slice(0, 10));
    }
  });

  it("refuses a search for nothing, and ends when it is told to", async () => {
    for (const words of ["", "  …"]) await refusal(pair.alice.client.search(words), "invalid-argument");
    for (const limit of [0, 1.5, 1001]) await refusal(pair.alice.client.search("x", { limit }), "invalid-argument");
    await refusal(pair.alice.client.search("first", { signal: AbortSignal.abort() }), "aborted");
  });
});
