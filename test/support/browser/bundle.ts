import { isBuiltin } from "node:module";
import { build, type Plugin, type Rolldown } from "vite";

const root = new URL("../../../", import.meta.url).pathname;

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
  const output = (await build({
    configFile: false,
    root,
    logLevel: "error",
    plugins: [withoutNode],
    build: {
      write: false,
      target: "es2022",
      modulePreload: false,
      rollupOptions: { input: `${root}${entry}`, preserveEntrySignatures: "exports-only" },
    },
  })) as Rolldown.RolldownOutput;
  const [file, ...others] = output.output;
  if (others.length > 0)
    throw new Error(`there is more than one file: ${others.map((one) => one.fileName).join(", ")}`);
  return file.code;
}
