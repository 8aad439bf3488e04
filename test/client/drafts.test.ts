import { expect } from "chai";
import { memoryStore, type ClientStore } from "../../src/client/index.ts";
import { fileStore } from "../../src/client/node.ts";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { MaliciousNode } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { textsIn } from "../support/find-secrets.ts";

describe("what was begun and not sent", () => {
  let node: MaliciousNode;
  let people: People;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
  });
  afterEach(async () => {
    await people.close();
    expect(people.faults).to.deep.equal([]);
    await node.close();
  });

  async function closed(store: ClientStore, ...texts: string[]): Promise<void> {
    const client = await people.online("ann", { store });
    const chat = await client.direct("ben");
    const team = await client.createGroup({ name: "Team" });
    await team.setDraft("for the team");
    for (const text of texts) void chat.setDraft(text);
    await client.close();
    people.forget(client);
  }
  const draftsIn = async (store: ClientStore): Promise<Record<string, string>> => {
    const client = await people.open("ann", { store });
    return Object.fromEntries(client.conversations().map(({ peer = "group", draft }) => [peer, draft]));
  };

  it("is there after a restart, each in its conversation, as it was typed last", async () => {
    const store = memoryStore();
    await closed(store, "n", "no", "not", "not ready yet");
    expect(await draftsIn(store)).to.deep.equal({ ben: "not ready yet", group: "for the team" });
  });

  it("is forgotten when it is empty", async () => {
    const store = memoryStore();
    await closed(store, "not ready yet", "");
    expect(await draftsIn(store)).to.deep.equal({ ben: "", group: "for the team" });
  });

  it("is sealed on the disk", async () => {
    const folder = await tempFolder();
    const store = fileStore(join(folder.path, "ann"), {
      passphrase: "correct horse",
      kdf: { opslimit: 1, memlimitBytes: 8192 },
    });
    await closed(store, "nobody is to read this");
    const names = await readdir(folder.path, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    expect(files).to.not.deep.equal([]);
    const bytes = await Promise.all(files.map((file) => readFile(file)));
    expect(textsIn(bytes, ["nobody is to read this", "for the team"])).to.deep.equal([]);
    expect(await draftsIn(store)).to.deep.equal({ ben: "nobody is to read this", group: "for the team" });
    await people.close();
    await folder.remove();
  });

  it("is refused where it is no text, or longer than any message", async () => {
    const client = await people.online("ann");
    const chat = await client.direct("ben");
    for (const wrong of ["x".repeat(128 * 1024 + 1), 7 as never]) {
      await refusal(chat.setDraft(wrong), "invalid-argument");
    }
    await client.close();
    await refusal(chat.setDraft("too late"), "closed");
  });
});
