// Builds the web client of src/web into a folder: a page, and scripts and styles that are named by their hashes. The page names the
// hash of each, so that a browser takes no other; each file has itself compressed beside it, as the node sends it.
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";
import { trimmedSodium } from "./sodium/trimmed-sodium.mjs";

const root = new URL("../", import.meta.url).pathname;
const compressed = [".html", ".js", ".css", ".svg", ".wasm", ".webmanifest"];

/** Throws where it cannot be built. */
export async function buildWeb(folder) {
  const scratch = mkdtempSync(join(tmpdir(), "sotto-web-"));
  try {
    await bundle(folder, scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  nameHashes(folder);
  compress(folder);
}

async function bundle(folder, scratch) {
  await build({
    configFile: false,
    root: join(root, "src/web"),
    logLevel: "warn",
    worker: { format: "es", plugins: () => [trimmedSodium(scratch)] },
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: "es2022",
      modulePreload: false,
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 1500,
    },
  });
}

/** Subresource integrity of what the page loads itself. A worker's script can carry none: its name has its hash. */
function nameHashes(folder) {
  const page = join(folder, "index.html");
  const html = readFileSync(page, "utf8").replace(
    /<(script|link)\b([^>]*?)\s(src|href)="(\/assets\/[^"]+)"/g,
    (_tag, element, before, attribute, path) => {
      const digest = createHash("sha384")
        .update(readFileSync(join(folder, path)))
        .digest("base64");
      return `<${element}${before} integrity="sha384-${digest}" ${attribute}="${path}"`;
    },
  );
  writeFileSync(page, html);
}

function compress(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !compressed.includes(extname(entry.name))) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = readFileSync(path);
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } }));
  }
}
