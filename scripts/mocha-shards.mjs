// Runs the tests in two processes at once, one for each half of the machine that they are timed for, and adds up what they
// counted. What each says is printed whole, one after the other. Exit status: 0 when both passed.
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const slow = "test/{journeys,cli,packaging,server,gateway,docs}/**/*.test.ts";
const shards = [[slow], ["test/**/*.test.ts", "--ignore", slow]];
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
  return new Promise((resolve) => {
    child.on("close", (status) => {
      process.stdout.write(Buffer.concat(output));
      resolve({ status, summary: JSON.parse(readFileSync(file, "utf8")) });
    });
  });
}

const results = await Promise.all(shards.map(runShard));
const sum = (name) => results.reduce((total, { summary }) => total + summary[name], 0);
const skipped = results.flatMap(({ summary }) => summary.skipped);
const total = { passes: sum("passes"), failures: sum("failures"), skipped, vectors: sum("vectors") };
writeFileSync(summaryFile, JSON.stringify(total));
process.exitCode = results.every(({ status }) => status === 0) ? 0 : 1;
