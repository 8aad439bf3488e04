import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { LogRow } from "../../../src/actors/ports/store-log.ts";
import type { Store } from "../../../src/actors/ports/store.ts";
import type { ConversationId, DeviceId, UserId } from "../../../src/protocol/ids.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { tempFolder } from "../../support/temp-folder.ts";

/** Runs the child until it has printed so many lines, then `kill -9`; all it has printed until it was dead. */
async function killAfter(file: string, lines: number): Promise<string[]> {
  const entry = fileURLToPath(new URL("./accepting-child.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", entry, file], { stdio: ["ignore", "pipe", "inherit"] });
  const printed: string[] = [];
  const closed = once(child, "close");
  for await (const line of createInterface({ input: child.stdout })) {
    printed.push(line);
    if (printed.length === lines) child.kill("SIGKILL");
  }
  await closed;
  return printed;
}

async function readAll(store: Store, conversation: ConversationId, device: DeviceId): Promise<LogRow[]> {
  const entries: LogRow[] = [];
  for (;;) {
    const after = entries.length;
    const page = await store.readLog({ conversation, device, after, limit: 256, maxBytes: 1e6 });
    if (page === "not-a-member") throw new Error("The reader is in the conversation.");
    entries.push(...page.entries);
    if (entries.length >= page.head) return entries;
  }
}

describe("a process killed in the middle of its commits", () => {
  for (const lines of [1, 157, 800]) {
    it(`has lost none of what it accepted, and left no half of a commit, after ${lines} messages`, async function () {
      this.timeout(120_000);
      const folder = await tempFolder();
      const file = join(folder.path, "killed.db");
      const prepare = openSqliteStore({ file, retentionDays: 90 });
      await prepare.migrate();
      await prepare.close();
      const printed = await killAfter(file, lines);
      expect(printed.length).to.be.at.least(lines);

      const store = openSqliteStore({ file, retentionDays: 90 });
      const conversations = new Map(printed.map((line) => [line.split(" ")[0]!, line.split(" ")]));
      const logs = new Map<string, LogRow[]>();
      for (const [conversation, [, user, device]] of conversations) {
        const log = await readAll(store, conversation as ConversationId, device as DeviceId);
        logs.set(conversation, log);
        expect(log.map(({ sequence }) => sequence)).to.deep.equal(log.map((_, index) => index + 1));
        const view = await store.viewConversation(user as UserId, device as DeviceId, conversation as ConversationId);
        expect(view).to.include({ head: log.length });
        expect(view!.lastNumber).to.equal(
          log.filter(({ sender }) => sender.device === device && sender.user === user).length,
        );
      }
      for (const line of printed) {
        const [conversation, , , sequence, id] = line.split(" ");
        expect(logs.get(conversation!)![Number(sequence) - 1]).to.include({ id });
      }
      await store.close();
      await folder.remove();
    });
  }
});
