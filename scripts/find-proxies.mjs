// Finds nginx and HAProxy, whose own parsers check what deploy/ ships. On Debian and Ubuntu their packages are unpacked into a
// folder of the project's, unless SOTTO_TEST_INSTALL=0: nothing is installed, no daemon is started. Without them the tests of
// deploy/ that need them are skipped, and say so.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

const cache = new URL("../node_modules/.cache/sotto-proxies/", import.meta.url).pathname;
const packages = ["nginx", "haproxy", "liblua5.3-0", "libopentracing-c-wrapper0", "libopentracing1"];

/** The program with the environment that it needs; undefined where it is not. */
export function findProxy(name) {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];
  const installed = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (installed) return { path: installed, env: {} };
  const unpacked = join(cache, "usr/sbin", name);
  if (!existsSync(unpacked)) return undefined;
  const libraries = readdirSync(join(cache, "usr/lib")).map((folder) => join(cache, "usr/lib", folder));
  return { path: unpacked, env: { LD_LIBRARY_PATH: libraries.join(":") } };
}

/** An nginx configuration that keeps to one folder, and needs none of the system's. */
export function keepingTo(folder, text) {
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const paths = kinds.map((kind) => `  ${kind}_temp_path ${folder}/${kind};`).join("\n");
  return `pid ${folder}/nginx.pid;\nerror_log stderr;\n${text.replace("http {", `http {\n${paths}`)}`;
}

export function provideProxies() {
  if (findProxy("nginx") && findProxy("haproxy")) return;
  if (process.env.SOTTO_TEST_INSTALL === "0") return;
  if (spawnSync("apt-get", ["--version"]).status !== 0 || spawnSync("dpkg", ["--version"]).status !== 0) return;
  mkdirSync(cache, { recursive: true });
  const download = () => spawnSync("apt-get", ["download", "-qq", ...packages], { cwd: cache, timeout: 60_000 }).status;
  // The list of packages may never have been read on this machine.
  if (download() !== 0 && spawnSync("apt-get", ["update", "-qq"], { timeout: 60_000 }).status === 0) download();
  for (const file of readdirSync(cache).filter((name) => name.endsWith(".deb"))) {
    spawnSync("dpkg", ["-x", file, "."], { cwd: cache });
  }
}
