// Takes out of a WebAssembly module what cannot be reached from the exports that are kept. The body of a function that is not reached becomes a
// trap; every other one stays as it is, byte for byte and under its number, and so does all else but the list of exports: what is left is
// the same code. Of WebAssembly it knows what libsodium is compiled to, and throws at anything else, so that no call is missed.
import { callsOf } from "./wasm-calls.mjs";
import { functionKind, readModule, sectionId } from "./wasm-module.mjs";
import { unsignedBytes } from "./wasm-reader.mjs";

/** The body of a function: no locals, `unreachable`, `end`. */
export const trap = Buffer.of(0x00, 0x00, 0x0b);

/** `kept`: names of the exported functions that stay. What is exported and no function, as the memory, always does. */
export function trimWasm(bytes, kept) {
  const module = readModule(bytes);
  const exports = module.exports.filter(({ kind, name }) => kind !== functionKind || kept.has(name));
  const reached = reachedFrom(exports, module);
  const bodies = module.bodies.map((body, at) => (reached.has(module.importedCount + at) ? body : trap));
  const contents = new Map([
    [sectionId.export, vector(exports.map((one) => one.bytes))],
    [sectionId.code, vector(bodies.map(sized))],
  ]);
  const sections = module.sections.flatMap(({ id, content }) => [
    Uint8Array.of(id),
    sized(contents.get(id) ?? content),
  ]);
  return Buffer.concat([bytes.subarray(0, 8), ...sections]);
}

/** The numbers of all functions that can be called. One in the table can be, once somebody calls its type through the table. */
function reachedFrom(exports, { types, functionTypes, importedCount, tableFunctions, bodies }) {
  const reached = new Set();
  const called = new Set();
  const waiting = exports.filter(({ kind }) => kind === functionKind).map(({ index }) => index);
  const reach = (index) => {
    if (reached.has(index)) return;
    reached.add(index);
    if (index < importedCount) return;
    const calls = callsOf(bodies[index - importedCount]);
    waiting.push(...calls.functions);
    for (const type of calls.types) called.add(types[type]);
  };
  while (waiting.length > 0) {
    while (waiting.length > 0) reach(waiting.pop());
    waiting.push(...tableFunctions.filter((index) => !reached.has(index) && called.has(types[functionTypes[index]])));
  }
  return reached;
}

const sized = (content) => Buffer.concat([unsignedBytes(content.length), content]);
const vector = (items) => Buffer.concat([unsignedBytes(items.length), ...items]);
