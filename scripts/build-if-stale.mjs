// Builds dist/ unless it was made from exactly these sources. A build takes the place of the former one all at once, so that
// two of them at the same time, or one that is interrupted, leave a whole one.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const dist = join(root, "dist");
const stampFile = join(dist, ".built-from");
const isForced = process.argv.includes("--force");

function sources() {
  const inFolder = (folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
  const files = ["src", "workers", "config", "scripts/sodium"].flatMap(inFolder).sort();
  return [...files, "scripts/build-web.mjs", "tsconfig.json", "tsconfig.build.json", "package.json"];
}

function stamp() {
  const hash = createHash("sha256");
  for (const file of sources())
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update("\0");
  return hash.digest("hex");
}

async function build(wanted) {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  if (!existsSync(compiler)) {
    console.error("dist/ is stale, and the compiler is not installed. Run `npm ci`, then try again.");
    return 1;
  }
  const fresh = `${dist}.${process.pid}`;
  try {
    const outcome = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json", "--outDir", fresh], {
      cwd: root,
      stdio: ["ignore", 2, 2],
    });
    if (outcome.status !== 0) return outcome.status ?? 1;
    const { buildWeb } = await import("./build-web.mjs");
    await buildWeb(join(fresh, "web"));
    writeFileSync(join(fresh, ".built-from"), wanted);
    takePlace(fresh);
    return 0;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Another build may put its own there in between: then once more. */
function takePlace(fresh, triesLeft = 5) {
  rmSync(dist, { recursive: true, force: true });
  try {
    renameSync(fresh, dist);
  } catch (error) {
    if (triesLeft === 0) throw error;
    takePlace(fresh, triesLeft - 1);
  }
}

const wanted = stamp();
const isFresh = existsSync(stampFile) && readFileSync(stampFile, "utf8") === wanted;
process.exitCode = isFresh && !isForced ? 0 : await build(wanted);
