import { expect } from "chai";
import { execFile } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { tempFolder } from "../support/temp-folder.ts";

const run = promisify(execFile);
const root = new URL("../../", import.meta.url).pathname;

/** Makes a device and writes to its store, without a node. */
const program = `
  import { createClient, memoryStore, SottoError } from "sotto-client";
  import { fileStore } from "sotto-client/node";
  const store = fileStore("./device", { passphrase: "p", kdf: { opslimit: 1, memlimitBytes: 8192 } });
  const options = { url: "http://127.0.0.1:9", user: "alice", token: async () => "none" };
  const alice = await createClient({ ...options, store });
  await alice.close();
  const other = await createClient({ ...options, store: memoryStore() });
  await other.close();
  console.log(new SottoError("offline").retryable);
`;

describe("the client package", () => {
  it("stands alone: installed into an empty folder, it makes devices and brings no server", async function () {
    this.timeout(120_000);
    const folder = await tempFolder();
    try {
      await run(process.execPath, ["scripts/build-if-stale.mjs"], { cwd: root });
      const { stdout } = await run("npm", ["run", "--silent", "pack:client"], { cwd: root });
      await writeFile(join(folder.path, "package.json"), JSON.stringify({ private: true, type: "module" }));
      const tarball = join(root, stdout.trim().split("\n").at(-1)!);
      const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
      await run("npm", ["install", ...quiet, tarball], { cwd: folder.path });
      await writeFile(join(folder.path, "program.js"), program);
      expect((await run(process.execPath, ["program.js"], { cwd: folder.path })).stdout.trim()).to.equal("true");
      const installed = await readdir(join(folder.path, "node_modules"));
      expect(installed).to.include("sotto-client");
      for (const server of ["socket.io", "hono", "libsql", "jose", "pino", "sotto"]) {
        expect(installed).to.not.include(server);
      }
    } finally {
      await folder.remove();
    }
  });
});
