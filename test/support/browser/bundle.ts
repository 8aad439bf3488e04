import { isBuiltin } from "node:module";
import { build, type Plugin, type Rolldown } from "vite";
import { trimmedSodium } from "../../../scripts/sodium/trimmed-sodium.mjs";
import { tempFolder } from "../temp-folder.ts";

const root = new URL("../../../", import.meta.url).pathname;

/** What a page loads: its script, and files by the paths that the script asks for. */
export interface Bundle {
  script: string;
  files: Map<string, Uint8Array>;
}

/** libsodium looks for Node's randomness where it finds itself in Node: the one import that browsers never come to. */
const guarded = (importer: string, name: string) => importer.includes("/libsodium-sumo/") && name === "crypto";

const withoutNode: Plugin = {
  name: "without-node",
  enforce: "pre",
  resolveId(name, importer = "") {
    if (isBuiltin(name) && !guarded(importer, name)) throw new Error(`${importer} imports ${name}, of Node`);
  },
};

/** A module with all that it imports, as one file for browsers. `entry`: from the project's folder. Throws where something of Node is reached. */
export async function bundle(entry: string): Promise<string> {
  const { script, files } = await built(entry, []);
  if (files.size > 0) throw new Error(`there is more than one file: ${[...files.keys()].join(", ")}`);
  return script;
}

/** The same, with libsodium as the web client has it: what `src/` calls of it, in a file of its own. */
export async function bundleAsTheWebClient(entry: string): Promise<Bundle> {
  const folder = await tempFolder();
  try {
    return await built(entry, [trimmedSodium(folder.path)]);
  } finally {
    await folder.remove();
  }
}

async function built(entry: string, plugins: Plugin[]): Promise<Bundle> {
  const { output } = (await build({
    configFile: false,
    root,
    logLevel: "error",
    plugins: [withoutNode, ...plugins],
    build: {
      write: false,
      target: "es2022",
      modulePreload: false,
      assetsInlineLimit: 0,
      rollupOptions: {
        input: `${root}${entry}`,
        preserveEntrySignatures: "exports-only",
      },
    },
  })) as Rolldown.RolldownOutput;
  const [{ code }, ...others] = output;
  const files = others.map(
    (one) => [`/${one.fileName}`, "source" in one ? Buffer.from(one.source) : Buffer.from(one.code)] as const,
  );
  return { script: code, files: new Map(files) };
}
