import { expect } from "chai";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { importFaults, importsOf, nameFaults, type SourceFile } from "./support/import-rules.ts";

const project = new URL("../", import.meta.url);

function paths(folder: string): string[] {
  const inside = new URL(`${folder}/`, project);
  if (!existsSync(inside)) return [];
  return readdirSync(inside, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(project.pathname.length).replaceAll("//", "/"));
}

function sources(): SourceFile[] {
  return ["src", "workers", "config"]
    .flatMap(paths)
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => ({ path, text: readFileSync(new URL(path, project), "utf8") }));
}

describe("the house", () => {
  it("is there to be looked at", () => {
    const seen = sources();
    for (const folder of [
      "src/protocol/",
      "src/crypto/",
      "src/client/",
      "src/web/",
      "src/gateway/",
      "src/store/",
      "workers/",
      "config/",
    ]) {
      expect(
        seen.some(({ path }) => path.startsWith(folder)),
        folder,
      ).to.equal(true);
    }
    expect(seen.flatMap(({ text }) => importsOf(text)).length).to.be.greaterThan(300);
  });

  it("imports only what each folder may import", () => {
    expect(importFaults(sources())).to.deep.equal([]);
  });

  it("names its files for what they are", () => {
    expect(nameFaults(["src", "workers", "config", "test", "scripts", "bench"].flatMap(paths))).to.deep.equal([]);
  });

  it("keeps Node's Buffer out of what runs in browsers", () => {
    const offenders = sources()
      .filter(({ path }) => /^src\/(?:client|crypto|identity|web)\//.test(path) && !path.includes("/file-store/"))
      .filter(({ text }) => /\bBuffer\b/.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")));
    expect(offenders.map(({ path }) => path)).to.deep.equal([]);
  });

  it("runs the SDK in the worker of the web client alone: its page takes types of it, and nothing that has keys", () => {
    const inPage = sources().filter(
      ({ path }) =>
        path.startsWith("src/web/") && !path.startsWith("src/web/worker/") && path !== "src/web/bridge/answering.ts",
    );
    expect(inPage.length).to.be.greaterThan(30);
    const running = /(?:^|\n)(?:import|export)\s(?!type\b)[^;]*?from\s*"[^"]*\/client\/|\bimport\("[^"]*\/client\//;
    expect(inPage.filter(({ text }) => running.test(text)).map(({ path }) => path)).to.deep.equal([]);
  });

  it("is where the README says it is", () => {
    const readme = readFileSync(new URL("README.md", project), "utf8");
    const named = [...readme.matchAll(/\b(?:src|workers|config|docs|test|scripts)\/[\w./-]*\w/g)].map(([path]) => path);
    expect(named.length).to.be.greaterThan(10);
    expect(named.filter((path) => !existsSync(new URL(path, project)))).to.deep.equal([]);
  });
});

describe("the rules of the house", () => {
  const planted = (path: string, text: string) => importFaults([{ path, text }]);

  for (const [path, text] of [
    ["src/gateway/planted.ts", `import { seal } from "../crypto/seal.ts";`],
    ["src/store/planted.ts", `import type { Client } from "../client/index.ts";`],
    ["src/server.ts", `const sdk = await import("./client/index.ts");`],
    ["workers/planted.ts", `export * from "../src/crypto/provider.ts";`],
    ["src/actors/planted.ts", `import { Store } from "../store/sqlite/sqlite-store.ts";`],
    ["src/cluster/planted.ts", `import { Actors } from "../actors/actors.ts";`],
    ["src/protocol/planted.ts", `import {\n  a,\n  b,\n} from "../identity/sodium.ts";`],
    ["src/web/planted.ts", `import "../protocol/errors.ts";`],
    ["src/web/planted.ts", `import { Connection } from "../client/connection/connection.ts";`],
    ["src/web/planted.tsx", `import { createHash } from "node:crypto";`],
    ["src/client/planted.ts", `import { render } from "preact";`],
    ["src/gateway/planted.ts", `import { settings } from "../../config/settings.ts";`],
    ["src/server.ts", `import "../workers/main.ts";`],
    ["src/planted.ts", `import "./protocol/errors.ts";`],
    ["src/actors/planted.ts", `import { Server } from "socket.io";`],
    ["src/gateway/planted.ts", `const sodium = require("libsodium-wrappers-sumo");`],
    ["src/crypto/planted.ts", `import { createHash } from "node:crypto";`],
    ["src/client/planted.ts", `export { readFile } from "node:fs/promises";`],
    ["src/store/planted.ts", `import leftPad from "left-pad";`],
  ] as const) {
    it(`finds a planted ${text.replaceAll("\n", " ")} in ${path}`, () => {
      expect(planted(path, text)).to.have.length(1);
    });
  }

  it("lets through what is allowed, and what only a comment says", () => {
    expect(planted("src/client/node.ts", `export { fileStore } from "./stores/file-store.ts";`)).to.deep.equal([]);
    expect(planted("src/store/sqlite/a.ts", `import type { Store } from "../../actors/ports/store.ts";`)).to.deep.equal(
      [],
    );
    expect(planted("src/gateway/a.ts", `/* import "../crypto/a.ts" */\n// import "../crypto/a.ts"`)).to.deep.equal([]);
    expect(planted("src/cli/a.ts", `import "../client/index.ts"; import "../crypto/a.ts";`)).to.deep.equal([]);
  });

  it("finds names that say nothing, or that are not kebab-case", () => {
    const bad = [
      "src/a/utils.ts",
      "src/store/types.ts",
      "src/session-manager.ts",
      "src/helpers/a.ts",
      "src/mailBox.ts",
    ];
    expect(nameFaults(bad)).to.have.length(bad.length);
    expect(nameFaults(["src/actors/mailbox.ts", "test/attacks/13-frames.test.ts"])).to.deep.equal([]);
  });
});
