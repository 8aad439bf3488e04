// What `npm test` runs, in this order; `--quick` (`npm run verify`) leaves out the build, the journeys, the browsers and the coverage.
// Uses the npm script `build`. Ends with `N passed, N failed`, where each step counts as one and each test as one. A test that fails is
// tried once more, as real servers share two cores here; one that needed it is named in the last lines, for somebody to look into.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { provideChromium } from "./find-chromium.mjs";
import { provideProxies } from "./find-proxies.mjs";
import { provideServers } from "./find-servers.mjs";

const isQuick = process.argv.includes("--quick");
const root = new URL("../", import.meta.url).pathname;
const scratch = mkdtempSync(join(tmpdir(), "sotto-test-"));
const summaryFile = join(scratch, "summary.json");
let passed = 0;
const skipped = [];
/** What passed only when it was tried again, and why it failed before. */
const unsteady = [];
/** What failed: a line, or more, for each. */
const failed = [];
let vectors = 0;

function run(command, args) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
    env: {
      ...process.env,
      SOTTO_TEST_SUMMARY: summaryFile,
      PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}`,
    },
  });
  return status === 0;
}

function step(name, command, ...args) {
  console.log(`\n── ${name}`);
  const isGood = run(command, args);
  if (isGood) passed++;
  else failed.push(`${name}: ${[command, ...args].join(" ")}`);
}

/** In one process, or without patterns in several at once, with the coverage of src. */
function tests(name, patterns) {
  console.log(`\n── ${name}`);
  const isGood =
    patterns.length > 0
      ? run("mocha", ["--reporter", "scripts/mocha-summary.cjs", ...patterns])
      : run("c8", ["--check-coverage=false", process.execPath, "scripts/mocha-shards.mjs"]);
  const summary = existsSync(summaryFile) ? JSON.parse(readFileSync(summaryFile, "utf8")) : undefined;
  rmSync(summaryFile, { force: true });
  passed += summary?.passes ?? 0;
  failed.push(...(summary?.failed ?? []));
  skipped.push(...(summary?.skipped ?? []));
  unsteady.push(...(summary?.unsteady ?? []));
  vectors += summary?.vectors ?? 0;
  if (!isGood && !summary?.failed.length) failed.push(`${name}: a process broke off, or did not end`);
}

function coverage() {
  const file = join(root, "coverage/coverage-summary.json");
  const lines = existsSync(file)
    ? JSON.parse(readFileSync(file, "utf8")).total.lines
    : { covered: 0, total: 0, pct: 0 };
  const least = JSON.parse(readFileSync(join(root, ".c8rc.json"), "utf8")).lines;
  console.log(`\ncoverage of src: ${lines.pct} % of lines (${lines.covered} of ${lines.total}), at least ${least} %`);
  if (lines.pct >= least) passed++;
  else failed.push(`coverage: less than ${least} % of lines`);
}

/** A part of their own, which nothing beside them slows down; what runs in a browser is not counted in the coverage. */
function browserTests() {
  const reason = provideChromium();
  if (reason === "")
    tests("tests in browsers", ["--retries", "1", "--timeout", "30000", "--exit", "test/browser/**/*.test.ts"]);
  else skipped.push(`the tests in browsers, as ${reason}`);
}

const toDo = provideServers();
if (toDo !== "") {
  console.error(toDo);
  console.log("0 passed, 1 failed");
  process.exit(1);
}
if (!isQuick) provideProxies();
step("types", "tsc", "--noEmit", "-p", "tsconfig.json");
step("lint", "oxlint", "--type-aware");
step("format", "prettier", "--check", "--log-level", "warn", ".");
step("unused code", process.execPath, "scripts/knip.mjs");
if (isQuick) {
  tests("tests without journeys", ["test/**/*.test.ts", "--ignore", "test/{browser,journeys,packaging,vectors}/**"]);
} else {
  step("build", "npm", "run", "--silent", "build");
  tests("tests", []);
  coverage();
  browserTests();
}
rmSync(scratch, { recursive: true, force: true });
if (!isQuick && process.env.SOTTO_VECTORS) {
  console.log(`published test vectors: ${vectors} ran`);
  if (vectors === 0) failed.push("published test vectors: none ran");
} else if (!isQuick) {
  console.log(
    "skipped: the published test vectors, as SOTTO_VECTORS names no folder that holds them (docs/operations.md)",
  );
}
for (const name of skipped) console.log(`skipped: ${name}`);
for (const failure of unsteady) console.log(`\nunsteady, tried again: ${failure}`);
// Once more at the end, where it is found.
for (const failure of failed) console.log(`\n✖ ${failure}`);
console.log(`${passed} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
