// Runs the tests in three processes at once, one of which mostly waits, and adds up what they counted. What each says is printed
// whole, one after the other. One that has counted and does not end has left something open: that is a failure, and no reason to
// wait. Exit status: 0 when all passed and all ended.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** For the servers of its own that a shard ends when its tests are over. */
const endWithinMs = 60_000;

const slow = "test/{journeys,cli,packaging,server,docs}/**/*.test.ts";
// What mostly waits: for leases, for graces, for a Redis that is away; and what is long by itself.
const long = [
  "test/journeys/a-cluster-*.test.ts",
  "test/workers/pushes-*.test.ts",
  "test/workers/workers-whose-redis-fails.test.ts",
  "test/contracts/presence-redis.test.ts",
  "test/attacks/13-mutated-*.test.ts",
  "test/attacks/24-a-crash-*.test.ts",
  "test/client/anything-may-*.test.ts",
  "test/client/two-admins-*.test.ts",
];
const without = (patterns) => patterns.flatMap((pattern) => ["--ignore", pattern]);
const shards = [long, [slow, ...without(long)], ["test/**/*.test.ts", ...without([slow, ...long])]];
const nothing = { passes: 0, failures: 0, skipped: [], vectors: 0 };
const summaryFile = process.env.SOTTO_TEST_SUMMARY;

function runShard(patterns, index) {
  const file = `${summaryFile}.${index}`;
  const env = { ...process.env, SOTTO_TEST_SUMMARY: file };
  const child = spawn("mocha", ["--reporter", "scripts/mocha-summary.cjs", ...patterns], {
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

const results = await Promise.all(shards.map(runShard));
const sum = (name) => results.reduce((total, { summary }) => total + summary[name], 0);
const skipped = results.flatMap(({ summary }) => summary.skipped);
const total = { passes: sum("passes"), failures: sum("failures"), skipped, vectors: sum("vectors") };
writeFileSync(summaryFile, JSON.stringify(total));
process.exitCode = results.every(({ status }) => status === 0) ? 0 : 1;
