// The two scripts about libsodium's WebAssembly, without what is not used of them. They are as their makers have minified them: where something
// that is looked for is not found the build stops, so that another version of theirs is not taken for this one.
import { parseAst } from "vite";

const nameLists = /\["(?:SODIUM|crypto)_[^\]]*\]/g;
const functionLists = /(\["crypto_[^\]]*\]),\w+=\[([\w$,]+)\]/;
const decodedBase64 =
  /\(\w=>\{for\(var [^{}]*?new Uint8Array\([\s\S]{0,400}?return \w\}\)\("([A-Za-z0-9+/=]{10000,})"\)/;
const exported = /\w\.(_\w+)=\w\.([\w$]+),/g;

/**
 * The script of `libsodium-wrappers-sumo` with those functions and constants that `words` has or that it needs itself, and no others; `calls`: all that
 * it then calls in libsodium, as `_crypto_hash_sha256`.
 */
export function trimWrappers(code, words) {
  const [, names, functions] = foundBy(functionLists, code);
  // It tests itself by some of its functions.
  const needed = new Set([...words, ...(code.match(/(?<=\.)\w+/g) ?? [])]);
  const kept = (list) => JSON.parse(list).filter((name) => needed.has(name));
  const isDropped = JSON.parse(names).map((name) => !needed.has(name));
  const [ofNames, calls] = [functions.split(","), new Set()];
  const trimmed = withoutFunctions(code, new Set(ofNames.filter((_, at) => isDropped[at])))
    .replace(functions, () => ofNames.filter((_, at) => !isDropped[at]).join())
    .replace(nameLists, (list) => {
      for (const name of kept(list)) calls.add(`_${name.toLowerCase()}`);
      return JSON.stringify(kept(list));
    });
  for (const call of trimmed.match(/(?<=\.)_[a-z]\w+/g) ?? []) calls.add(call);
  return { code: trimmed, calls };
}

/**
 * The script of `libsodium-sumo` without its WebAssembly, which it brings as base64, and with the `calls` alone; `names`: what these are called in the
 * WebAssembly. `load`: the script that takes the place of the bytes, for the bytes and these names.
 */
export function trimLoader(code, calls, load) {
  const [decoding, base64] = foundBy(decodedBase64, code);
  const names = new Set();
  const missing = new Set(calls);
  const trimmed = code.replace(exported, (assignment, call, name) => {
    if (!calls.has(call)) return "";
    missing.delete(call);
    names.add(name);
    return assignment;
  });
  if (missing.size > 0) throw new Error(`libsodium has no ${[...missing].join(", ")}: look at scripts/sodium`);
  return trimmed.replace(decoding, () => load(Buffer.from(base64, "base64"), names));
}

function withoutFunctions(code, dropped) {
  const spans = parseAst(code).body.filter((one) => one.type === "FunctionDeclaration" && dropped.has(one.id.name));
  if (spans.length !== dropped.size)
    throw new Error("functions of libsodium's wrappers were not found: look at scripts/sodium");
  return spans.reduceRight((text, { start, end }) => text.slice(0, start) + text.slice(end), code);
}

function foundBy(pattern, code) {
  const found = pattern.exec(code);
  if (!found) throw new Error("libsodium's scripts are made in another way now: look at scripts/sodium");
  return found;
}
