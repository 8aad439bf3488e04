import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { trimLoader, trimWrappers } from "./trim-scripts.mjs";
import { trimWasm } from "./trim-wasm.mjs";
import { wordsOfSources } from "./words-of-sources.mjs";

/**
 * A plugin of Vite: of libsodium, what the sources call and nothing more. Its WebAssembly becomes a file, whose hash the browser checks: as base64 in a
 * script it would compress badly. `folder`: where that file is written until Vite has taken it.
 */
export function trimmedSodium(folder) {
  let calls;
  return {
    name: "trimmed-sodium",
    enforce: "pre",
    transform(code, id) {
      if (id.endsWith("/libsodium-wrappers.mjs")) {
        const wrappers = trimWrappers(code, wordsOfSources());
        calls = wrappers.calls;
        return { code: wrappers.code, map: null };
      }
      if (!id.endsWith("/libsodium-sumo.mjs")) return null;
      if (!calls) throw new Error("libsodium is used without its wrappers: look at scripts/sodium");
      const file = join(folder, "libsodium.wasm");
      const loader = trimLoader(code, calls, (bytes, names) => loadFrom(file, trimWasm(bytes, names)));
      return { code: `import sodiumUrl from "${file}?url";\n${loader}`, map: null };
    },
  };
}

function loadFrom(file, bytes) {
  writeFileSync(file, bytes);
  const integrity = `sha384-${createHash("sha384").update(bytes).digest("base64")}`;
  return `new Uint8Array(await (await fetch(sodiumUrl, { integrity: "${integrity}" })).arrayBuffer())`;
}
