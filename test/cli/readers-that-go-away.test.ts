import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { bareEnvironment } from "../support/sotto-command.ts";
import { tempFolder } from "../support/temp-folder.ts";

const commandFile = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));

describe("a command whose output nobody reads", function () {
  this.timeout(120_000);
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  before(async () => {
    folder = await tempFolder();
  });
  after(() => folder.remove());

  const runUnread = async (args: string[], unread: "stdout" | "stderr", settings: Record<string, string> = {}) => {
    const env = bareEnvironment({ DATA_DIR: folder.path, PORT: "0", OPS_PORT: "0", ...settings });
    const child = spawn(process.execPath, [commandFile, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    child[unread].destroy();
    let said = "";
    const other = unread === "stdout" ? child.stderr : child.stdout;
    other.setEncoding("utf8").on("data", (text: string) => (said += text));
    const [status] = (await once(child, "close")) as [number | null];
    return { status, said };
  };

  for (const args of [
    ["--help"],
    ["config"],
    ["purge", "--dry-run"],
    ["migrate"],
    ["doctor"],
    ["token", "--user", "alice"],
  ]) {
    it(`ends quietly, with its own status: sotto ${args.join(" ")}`, async () => {
      expect(await runUnread(args, "stdout")).to.deep.equal({ status: 0, said: "" });
    });
  }

  it("ends with its own status when its complaints go unread", async () => {
    expect(await runUnread(["strat"], "stderr")).to.deep.equal({ status: 2, said: "" });
    expect(await runUnread(["config", "check"], "stderr", { PORT: "x" })).to.deep.equal({ status: 1, said: "" });
  });
});
