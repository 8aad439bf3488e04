// Runs the tests in processes of their own, a few at once, and adds up what they counted. What each says is printed whole, one after
// the other. One that has counted and does not end has left something open: that is a failure, and no reason to wait. Exit status: 0
// when all passed and all ended.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** For the servers of its own that a shard ends when its tests are over. */
const endWithinMs = 60_000;

const waiting = [
  "test/journeys/a-cluster-*.test.ts",
  "test/workers/pushes-*.test.ts",
  "test/workers/workers-whose-redis-fails.test.ts",
  "test/contracts/presence-redis.test.ts",
];
const long = [
  "test/attacks/13-mutated-*.test.ts",
  "test/attacks/24-a-crash-*.test.ts",
  "test/client/anything-may-*.test.ts",
  "test/client/two-admins-*.test.ts",
];
/** A part of its own, after these: `browserTests` in test.mjs. */
const elsewhere = "test/browser/**";
const folders = ["journeys", "client", "cli", "attacks", "contracts", "{packaging,server,docs}"];
const inFolders = folders.map((names) => `test/${names}/**/*.test.ts`);
// What mostly waits, for leases, for graces, for a Redis that is away, goes beside the others all the time; the longest begin first.
const shards = [
  { patterns: waiting, without: [] },
  { patterns: long, without: [] },
  { patterns: ["test/**/*.test.ts"], without: [...waiting, ...long, ...inFolders] },
  ...inFolders.map((folder) => ({ patterns: [folder], without: [...waiting, ...long] })),
];
const atOnce = 3;
const nothing = { passes: 0, failed: [], unsteady: [], skipped: [], vectors: 0 };
const summaryFile = process.env.SOTTO_TEST_SUMMARY;

function runShard({ patterns, without }, index) {
  const file = `${summaryFile}.${index}`;
  const env = { ...process.env, SOTTO_TEST_SUMMARY: file };
  const ignored = [...without, elsewhere].flatMap((pattern) => ["--ignore", pattern]);
  const child = spawn("mocha", ["--retries", "1", "--reporter", "scripts/mocha-summary.cjs", ...patterns, ...ignored], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => output.push(chunk));
  let countedAt;
  const watch = setInterval(() => {
    if (!existsSync(file)) return;
    countedAt ??= Date.now();
    if (Date.now() - countedAt < endWithinMs) return;
    output.push(Buffer.from(`✖ ${patterns[0]}, …: the tests are over, and their process does not end\n`));
    child.kill("SIGKILL");
    // What it has started may hold its pipes.
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
  }, 1000);
  return new Promise((resolve) => {
    child.on("close", (status) => {
      clearInterval(watch);
      process.stdout.write(Buffer.concat(output));
      // One that broke off has no summary: its status says so.
      const summary = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : nothing;
      resolve({ status, summary });
    });
  });
}

const results = [];
const left = [...shards.entries()];
async function work() {
  for (let next = left.shift(); next; next = left.shift()) results.push(await runShard(next[1], next[0]));
}
await Promise.all(Array.from({ length: atOnce }, work));
const sum = (name) => results.reduce((total, { summary }) => total + summary[name], 0);
const all = (name) => results.flatMap(({ summary }) => summary[name]);
const total = {
  passes: sum("passes"),
  failed: all("failed"),
  unsteady: all("unsteady"),
  skipped: all("skipped"),
  vectors: sum("vectors"),
};
writeFileSync(summaryFile, JSON.stringify(total));
process.exitCode = results.every(({ status }) => status === 0) ? 0 : 1;
