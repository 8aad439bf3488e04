// Finds Chromium for the tests in browsers, and installs Debian's where it is missing and may: see find-servers.mjs. Without it those
// tests are skipped, and say so.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rootPrefix } from "./find-servers.mjs";

const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** The path of the browser; undefined where there is none. */
export function findChromium() {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/local/bin", "/usr/bin"];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => isBrowser(path));
}

/** Ubuntu's package of this name is a script that asks for a snap. */
function isBrowser(path) {
  return existsSync(path) && !readFileSync(path).subarray(0, 4096).includes("snap install");
}

/** Empty when there is a browser; otherwise why there is none, and what somebody can do. */
export function provideChromium() {
  if (findChromium()) return "";
  const byHand = "on Debian: sudo apt-get install chromium";
  if (process.env.SOTTO_TEST_INSTALL === "0") return `there is no Chromium, and SOTTO_TEST_INSTALL=0; ${byHand}`;
  const sudo = rootPrefix();
  if (sudo === undefined || spawnSync("apt-get", ["--version"]).status !== 0) return `there is no Chromium; ${byHand}`;
  console.log("installing for the tests: chromium");
  const apt = [...sudo, "apt-get"];
  const run = (...args) =>
    spawnSync(apt[0], [...apt.slice(1), ...args], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      timeout: 180_000,
    }).status === 0;
  const install = () => run("install", "-y", "-qq", "--no-install-recommends", "chromium");
  // The list of packages may never have been read on this machine.
  if (!install() && run("update", "-qq")) install();
  return findChromium() ? "" : `there is no Chromium, and apt-get could not install it; ${byHand}`;
}
