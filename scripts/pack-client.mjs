// `npm run pack:client`: the SDK alone, as the package `sotto-client`, into dist/. The same files as `sotto/client`, with the
// dependencies that they need and none of the server's. Needs a build. Prints where the tarball lies.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const folders = ["client", "crypto", "identity", "protocol"];
const dependencies = ["@noble/hashes", "libsodium-wrappers-sumo", "socket.io-client", "ts-mls", "zod"];

const root = new URL("../", import.meta.url).pathname;
const whole = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
const staging = `${root}dist/sotto-client`;
const entry = (name) => ({ types: `./dist/src/client/${name}.d.ts`, default: `./dist/src/client/${name}.js` });

rmSync(staging, { recursive: true, force: true });
mkdirSync(staging, { recursive: true });
for (const folder of folders) cpSync(`${root}dist/src/${folder}`, `${staging}/dist/src/${folder}`, { recursive: true });
cpSync(`${root}LICENSE`, `${staging}/LICENSE`);
writeFileSync(
  `${staging}/package.json`,
  JSON.stringify(
    {
      name: "sotto-client",
      version: whole.version,
      description: "The client SDK of Sotto: end-to-end-encrypted conversations from browsers and Node.",
      license: whole.license,
      type: "module",
      sideEffects: false,
      engines: whole.engines,
      exports: { ".": entry("index"), "./node": entry("node") },
      dependencies: Object.fromEntries(dependencies.map((name) => [name, whole.dependencies[name]])),
    },
    null,
    2,
  ),
);
const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", ".."], {
  cwd: staging,
  encoding: "utf8",
  shell: process.platform === "win32",
});
console.log(`dist/${JSON.parse(packed)[0].filename}`);
