import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const sources = new URL("../../src/", import.meta.url).pathname;
/** What a bundle for browsers is made of. */
const folders = ["protocol", "identity", "crypto", "client", "web"];

/** Every word in the sources of what runs in browsers: among them each function of libsodium that is called. */
export function wordsOfSources() {
  const entries = folders.flatMap((folder) =>
    readdirSync(join(sources, folder), { recursive: true, withFileTypes: true }),
  );
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Set(files.flatMap((file) => readFileSync(file, "utf8").match(/\w+/g) ?? []));
}
