import { expect } from "chai";
import { execFile } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { completeSettings } from "../../config/load-settings.ts";
import { signToken } from "../../src/accounts/tokens.ts";
import { startNode } from "../../src/index.ts";
import { userId } from "../../src/protocol/ids.ts";
import { tempFolder } from "../support/temp-folder.ts";

const run = promisify(execFile);
const root = new URL("../../", import.meta.url).pathname;
const secret = "a secret of at least thirty-two characters";

/** Two devices, one of them kept in a folder, and a message between them. */
const program = `
  import { createClient, memoryStore } from "sotto-client";
  import { fileStore } from "sotto-client/node";
  const [url, aliceToken, bobToken] = process.argv.slice(2);
  const store = fileStore("./alice", { passphrase: "p", kdf: { opslimit: 1, memlimitBytes: 8192 } });
  const keyPackages = { full: 4, low: 2 };
  const alice = await createClient({ url, user: "alice", token: async () => aliceToken, store, keyPackages });
  const bob = await createClient({ url, user: "bob", token: async () => bobToken, store: memoryStore(), keyPackages });
  await bob.connect();
  await alice.connect();
  const opened = new Promise((resolve) => bob.on("message", ({ message }) => resolve(message.text)));
  const message = (await alice.direct("bob")).send("from a package of its own");
  await message.reached("delivered", { timeout: 60_000 });
  console.log(await opened);
  await alice.close();
  await bob.close();
`;

describe("the client package", () => {
  it("stands alone: installed into an empty folder, it talks to a node and brings no server", async function () {
    this.timeout(120_000);
    const folder = await tempFolder();
    const node = await startNode({
      PORT: 0,
      OPS_PORT: 0,
      LOG_LEVEL: "silent",
      DATA_DIR: join(folder.path, "node"),
      DATABASE_URL: `sqlite:${join(folder.path, "node.db")}`,
      AUTH_JWT_SECRET: secret,
    });
    try {
      await installClientPackage(folder.path);
      const tokens = await Promise.all(["alice", "bob"].map(tokenFor));
      await writeFile(join(folder.path, "program.js"), program);
      const { stdout } = await run(process.execPath, ["program.js", node.url, ...tokens], { cwd: folder.path });
      expect(stdout.trim()).to.equal("from a package of its own");
      const installed = await readdir(join(folder.path, "node_modules"));
      expect(installed).to.include("sotto-client");
      for (const server of ["socket.io", "hono", "libsql", "jose", "pino", "sotto"]) {
        expect(installed).to.not.include(server);
      }
    } finally {
      await node.close();
      await folder.remove();
    }
  });
});

async function tokenFor(user: string): Promise<string> {
  const { AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = completeSettings({});
  return (await signToken(secret, { issuer, audience }, { user: userId.parse(user), ttlSeconds: 600 })).token;
}

async function installClientPackage(folder: string): Promise<void> {
  await run(process.execPath, ["scripts/build-if-stale.mjs"], { cwd: root });
  const { stdout } = await run("npm", ["run", "--silent", "pack:client"], { cwd: root });
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const tarball = join(root, stdout.trim().split("\n").at(-1)!);
  const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  await run("npm", ["install", ...quiet, tarball], { cwd: folder });
}
