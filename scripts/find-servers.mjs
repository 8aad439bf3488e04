// Finds the servers that the tests need (Redis and MariaDB, or MySQL), and installs what is missing where it may: on Debian and
// Ubuntu, as root or with sudo that asks nothing, unless SOTTO_TEST_INSTALL=0. Only programs: no daemon is started by it.
import { spawnSync } from "node:child_process";
import { existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/local/sbin", "/usr/local/bin"];
const find = (...names) =>
  names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));

const wanted = [
  {
    names: ["redis-server"],
    packages: ["redis-tools"],
    // The package of the tools holds the server's program under another name.
    finish: (sudo) => {
      const tool = find("redis-check-rdb");
      if (tool && !find("redis-server")) link(sudo, tool, "/usr/local/bin/redis-server");
    },
  },
  { names: ["mariadbd", "mysqld"], packages: ["mariadb-server-core"] },
];

const missing = () => wanted.filter(({ names }) => !find(...names));

function link(sudo, target, path) {
  if (sudo.length === 0) symlinkSync(target, path);
  else spawnSync(sudo[0], [...sudo.slice(1), "ln", "-s", target, path]);
}

/** How to run something as root without being asked; undefined where that is not possible. */
export function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  return spawnSync("sudo", ["-n", "true"]).status === 0 ? ["sudo", "-n"] : undefined;
}

/** Empty when all is there; otherwise what somebody has to do by hand. */
export function provideServers() {
  let lacking = missing();
  if (lacking.length === 0) return "";
  const packages = lacking.flatMap((one) => one.packages);
  const sudo = rootPrefix();
  if (process.env.SOTTO_TEST_INSTALL !== "0" && sudo !== undefined && find("apt-get")) {
    console.log(`installing for the tests: ${packages.join(" ")}`);
    const run = (...command) =>
      spawnSync([...sudo, ...command][0], [...sudo, ...command].slice(1), {
        stdio: ["ignore", "ignore", "inherit"],
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      });
    run("apt-get", "update", "-qq");
    run("apt-get", "install", "-y", "-qq", "--no-install-recommends", ...packages);
    for (const one of lacking) one.finish?.(sudo);
    lacking = missing();
    if (lacking.length === 0) return "";
  }
  const names = lacking.map(({ names: all }) => all[0]).join(" and ");
  return (
    `The tests need ${names}. On Debian or Ubuntu: sudo apt-get install ${lacking.flatMap((one) => one.packages).join(" ")}` +
    (lacking.some(({ names: all }) => all[0] === "redis-server")
      ? ", then sudo ln -s $(which redis-check-rdb) /usr/local/bin/redis-server"
      : "")
  );
}
