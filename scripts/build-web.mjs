// Builds the web client of src/web into a folder: a page, and scripts and styles that are named by their hashes. The page names the
// hash of each, so that a browser takes no other; each file has itself compressed beside it, as the node sends it.
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";

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
    worker: { format: "es", plugins: () => [sodiumInItsOwnFile(scratch)] },
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

const decoding = /\(\w=>\{for\(var [^{}]*?new Uint8Array\([\s\S]{0,400}?return \w\}\)\("([A-Za-z0-9+/=]{10000,})"\)/;

/**
 * libsodium brings its WebAssembly as base64 in its script, which compresses badly: 40 kB more on the way. Here it is a file of its own, the very
 * bytes, whose hash the browser checks.
 */
function sodiumInItsOwnFile(scratch) {
  return {
    name: "sodium-in-its-own-file",
    enforce: "pre",
    transform(code, id) {
      if (!id.endsWith("/libsodium-sumo.mjs")) return null;
      const [found, base64] = decoding.exec(code) ?? [];
      if (found === undefined)
        throw new Error("libsodium brings its WebAssembly in another way now: look at build-web.mjs");
      const bytes = Buffer.from(base64, "base64");
      const file = join(scratch, "libsodium.wasm");
      writeFileSync(file, bytes);
      const integrity = `sha384-${createHash("sha384").update(bytes).digest("base64")}`;
      const load = `new Uint8Array(await (await fetch(sodiumUrl, { integrity: "${integrity}" })).arrayBuffer())`;
      return { code: `import sodiumUrl from "${file}?url";\n${code.replace(found, () => load)}`, map: null };
    },
  };
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
