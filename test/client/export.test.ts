import { expect } from "chai";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { completeSettings } from "../../config/load-settings.ts";
import { memoryStore, type ExportProgress, type Message } from "../../src/client/index.ts";
import { viewOf } from "../../src/client/conversation/changes/message-view.ts";
import { Message as MessageObject } from "../../src/client/conversation/message.ts";
import { messageRecord } from "../../src/client/export/export-records.ts";
import { createLog } from "../../src/observability/log.ts";
import { newId } from "../../src/protocol/ids.ts";
import { startServer, type RunningNode } from "../../src/server.ts";
import { exportedBy, type Exported } from "../support/exported.ts";
import { tokenSecret } from "../support/gateway-node.ts";
import { coreOf } from "../support/held-state.ts";
import { joined } from "../support/joined.ts";
import { MaliciousNode, refused } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";
import { pagesBack, shownOf } from "../support/shown.ts";
import { tempFolder } from "../support/temp-folder.ts";

const soon = { timeout: 60_000 };
/** Two chunks of a file and a part of a third. */
const fileBytes = new Uint8Array(randomBytes(150_000));
const preview = new Uint8Array([1, 2, 3]);

describe("an export of the history", function () {
  this.timeout(120_000);
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let node: RunningNode;
  let people: People;
  before(async () => {
    folder = await tempFolder();
    const data = { DATA_DIR: join(folder.path, "data"), AUTH_JWT_SECRET: tokenSecret };
    const settings = completeSettings({ PORT: 0, OPS_PORT: 0, LOG_LEVEL: "silent", ...data });
    node = await startServer(settings, createLog({ level: "silent" }));
  });
  after(async () => {
    await node.close();
    await folder.remove();
  });
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(() => people.close());

  /** Ann's direct with ben, and three groups: one of both, one that keeps no history, one that she has left. */
  async function past(store = memoryStore()) {
    const names = [`ann-${newId()}`, `ben-${newId()}`] as const;
    const [ann, ben] = [await people.online(names[0], { store }), await people.online(names[1])];
    const chat = await ann.direct(names[1]);
    const first = chat.send("first");
    await first.reached("delivered", soon);
    const back = await joined(ben, chat.id);
    const attachments = [
      { name: "large.bin", type: "application/x-test", data: fileBytes, preview },
      { name: "empty.txt", data: new Uint8Array() },
    ];
    const files = chat.send({ text: "files", mentions: [names[1]], replyTo: first, attachments });
    const secret = back.send("a secret");
    await Promise.all([files, secret].map((one) => one.reached("delivered", soon)));
    await chat.edit(first, "first, edited");
    await back.react(first.id, "👍");
    await back.retract(secret);
    await back.send("done").reached("delivered", soon);
    await chat.send({ text: "not for long", expiresIn: 3600 }).reached("delivered", soon);
    const team = await ann.createGroup({ name: "Team", members: [names[1]] });
    await team.send("to all").reached("delivered", soon);
    const quiet = await ann.createGroup({ members: [names[1]], history: "off" });
    await quiet.send("said once").reached("delivered", soon);
    const old = await ann.createGroup({ name: "Old", members: [names[1]] });
    await old.send("long ago").reached("delivered", soon);
    await old.setRole(names[1], "owner");
    await old.leave();
    await Promise.all(ann.conversations().map((one) => one.settled()));
    await ann.sync();
    return { ann, ben, chat, files, conversations: { chat, team, quiet, old } };
  }

  it("has everything that history() shows, files included, of every conversation", async () => {
    const { ann, ben, chat, files, conversations } = await past();
    const told: ExportProgress[] = [];
    const exported = await exportedBy(ann, { attachments: true, onProgress: (progress) => told.push(progress) });
    expect(exported.export).to.have.length(1);
    expect(exported.export[0]).to.include({ format: "sotto-history/1", user: ann.user, device: ann.device });
    const { team, quiet, old } = conversations;
    const users = [ann.user, ben.user].map((user) => ({ user }));
    const byId = new Map(exported.conversation.map((one) => [one.id, one]));
    expect(byId.get(chat.id)).to.deep.include({ kind: "direct", peer: ben.user, members: users, earlier: "nothing" });
    expect(byId.get(team.id)).to.deep.include({ kind: "group", name: "Team", members: team.users, floor: 0 });
    expect(byId.get(old.id)).to.include({ name: "Old", left: "left" });
    for (const one of [chat, team, quiet, old]) {
      const messages = exported.message.filter(({ conversation }) => conversation === one.id);
      expect(messages.map(comparable)).to.deep.equal(
        (await pagesBack(one)).map((each) => shownAsJson(each as Message)),
      );
    }
    expect(bytesOf(exported, files.id, 0).equals(fileBytes)).to.equal(true);
    expect(bytesOf(exported, files.id, 1)).to.have.length(0);
    expect(exported.unreadable).to.deep.equal([]);
    const counts = { conversations: 4, messages: exported.message.length, attachments: 2, unreadable: 0 };
    expect(exported.end).to.deep.equal([{ record: "end", ...counts }]);
    expect(told.at(-1)).to.deep.equal({ conversations: 4, of: 4, messages: counts.messages, bytes: fileBytes.length });
    const only = await exportedBy(ann, { conversation: chat.id });
    expect(only.conversation.map(({ id }) => id)).to.deep.equal([chat.id]);
    expect(only.attachment).to.deep.equal([]);
    await refusal(() => ann.export({ conversation: "another" }), "conversation-unknown");
    expect(people.faults).to.deep.equal([]);
  });

  it("says what it could not read and why, and goes on: messages and files", async () => {
    const { ann, chat, files, conversations } = await past();
    const { blobs } = coreOf(ann);
    await blobs.remove(files.attachments[0]!.blob, AbortSignal.timeout(10_000));
    const later = await people.linked(ann);
    for (const { id } of [chat, conversations.team]) await joined(later, id);
    const exported = await exportedBy(later, { attachments: true });
    expect(exported.unreadable).to.have.deep.members([
      { record: "unreadable", conversation: chat.id, reason: "blob-unknown", message: files.id, attachment: 0 },
      { record: "unreadable", conversation: chat.id, reason: "not-kept", sequence: 9, sender: ann.user },
      { record: "unreadable", conversation: conversations.quiet.id, reason: "not-kept", sequence: 3, sender: ann.user },
    ]);
    expect(exported.end[0]).to.include({ attachments: 1, unreadable: 3 });
    expect(exported.message.map(({ text }) => text)).to.include.members([
      "first, edited",
      "files",
      "to all",
      "long ago",
    ]);
  });

  it("of a device that has no connection has what it holds, and says of what is missing that it is not there now", async () => {
    const store = memoryStore();
    const { ann, chat, conversations } = await past();
    const later = await people.linked(ann, { store });
    await joined(later, chat.id);
    await joined(later, conversations.team.id);
    await conversations.team.history();
    await later.conversation(conversations.team.id)!.history();
    await later.close();
    people.forget(later);
    const offline = await people.open(ann.user, { store });
    const exported = await exportedBy(offline);
    expect(exported.message.map(({ text }) => text)).to.deep.equal(["to all"]);
    const reasons = new Map(exported.unreadable.map(({ conversation, reason }) => [conversation, reason]));
    expect(reasons.get(chat.id)).to.equal("not-now");
    expect(reasons.has(conversations.team.id)).to.equal(false);
  });

  it("ends where it is told to, also in the middle of a file, and with the client", async () => {
    const { ann } = await past();
    const stop = new AbortController();
    const kinds: string[] = [];
    const work = async (): Promise<void> => {
      for await (const record of ann.export({ attachments: true, signal: stop.signal })) {
        kinds.push(record.record);
        if (record.record === "attachment") stop.abort();
      }
    };
    await refusal(work(), "aborted");
    expect(kinds.filter((kind) => kind === "attachment")).to.have.length(1);
    expect(kinds).to.not.include("end").and.not.include("unreadable");
    await refusal(exportedBy(ann, { signal: AbortSignal.abort() }), "aborted");
    const records = ann.export();
    await records.next();
    await ann.close();
    await refusal(
      records.next().then(() => records.next()),
      "closed",
    );
    people.forget(ann);
  });

  it("has the fields that docs/export.md names, and no others", async () => {
    const { ann, files } = await past();
    const { blobs } = coreOf(ann);
    await blobs.remove(files.attachments[0]!.blob, AbortSignal.timeout(10_000));
    const later = await people.linked(ann);
    const exported = [await exportedBy(ann, { attachments: true }), await exportedBy(later)];
    const found = new Set<string>();
    const note = (record: object): void => {
      const { record: kind } = record as { record: string };
      for (const field of Object.keys(record)) if (field !== "record") found.add(`${kind} ${field}`);
    };
    for (const record of exported.flatMap((one) => Object.values(one).flat())) note(record);
    note(unknownMessage());
    const text = readFileSync(new URL("../../docs/export.md", import.meta.url), "utf8");
    const named = [...text.matchAll(/^\| `(\w+)` +\| `(\w+)` +\|/gm)].map(([, kind, field]) => `${kind} ${field}`);
    expect([...found]).to.have.members(named);
  });
});

describe("an export of a history that a node does not give out", () => {
  it("waits where that passes, or the connection is lost, and leaves out a conversation of which the node gives nothing", async () => {
    const node = await MaliciousNode.start();
    const people = new People(() => node.url);
    try {
      const [ann] = [await people.online("ann"), await people.online("ben"), await people.online("cat")];
      const [toBen, toCat] = [await ann.direct("ben"), await ann.direct("cat")];
      await Promise.all([toBen.send("to ben"), toCat.send("to cat")].map((one) => one.reached("delivered", soon)));
      const later = await people.linked(ann);
      for (const { id } of [toBen, toCat]) await joined(later, id);
      let asked = 0;
      node.answer("history:read", ({ request, line, forward }) => {
        if (request.conversation === toCat.id) return refused("conversation-unknown");
        asked += 1;
        if (asked === 2) line.cut();
        return asked === 1 ? refused("unavailable") : forward();
      });
      const exported = await exportedBy(later);
      expect(asked).to.be.greaterThan(2);
      expect(exported.message.map(({ text }) => text)).to.deep.equal(["to ben"]);
      const gap = { record: "unreadable", conversation: toCat.id, reason: "conversation-unknown" };
      expect(exported.unreadable).to.deep.equal([gap]);
      expect(exported.conversation.map(({ id }) => id)).to.have.members([toBen.id, toCat.id]);
      expect(exported.end[0]).to.include({ conversations: 2, messages: 1, unreadable: 1 });
    } finally {
      await people.close();
      await node.close();
    }
  });
});

/** One of a later version's. */
function unknownMessage(): object {
  const sender = { user: "ann" as never, device: newId<never>() };
  const facts = { id: newId<never>(), sender, view: viewOf({ kind: "unknown" }), sentAt: new Date(), sequence: 1 };
  return messageRecord(newId(), new MessageObject({ ...facts, state: "delivered" }, () => Promise.resolve([])));
}

/** A message of an export in the form of `shownOf`. */
function comparable({ record: _, state: __, conversation: ___, ...rest }: Exported["message"][number]): object {
  const { reactions = [], mentions = [], attachments = [], isRetracted = false, isUnknown = false, ...all } = rest;
  const users = reactions.map((one) => [one.emoji, one.users]);
  return { ...all, reactions: users, mentions, attachments, isRetracted, isUnknown };
}

function shownAsJson(message: Message): object {
  const shown = shownOf(message) as { attachments: { preview?: Uint8Array }[] };
  const attachments = shown.attachments.map(({ preview: bytes, ...one }) => {
    return { ...one, ...(bytes && { preview: Buffer.from(bytes).toString("base64") }) };
  });
  return JSON.parse(JSON.stringify({ ...shown, attachments })) as object;
}

function bytesOf({ attachment }: Exported, message: string, index: number): Buffer {
  const pieces = attachment.filter((one) => one.message === message && one.attachment === index);
  let length = 0;
  for (const { offset, bytes } of pieces) {
    expect(offset).to.equal(length);
    length += Buffer.from(bytes, "base64").length;
  }
  return Buffer.concat(pieces.map(({ bytes }) => Buffer.from(bytes, "base64")));
}
