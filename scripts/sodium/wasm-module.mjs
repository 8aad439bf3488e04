import { WasmReader } from "./wasm-reader.mjs";

export const sectionId = { type: 1, import: 2, function: 3, export: 7, start: 8, element: 9, code: 10 };
export const functionKind = 0;
const magic = Buffer.from("0061736d01000000", "hex");

/** The parts of a WebAssembly module that calls go through. Throws at one that has more than libsodium's has. */
export function readModule(bytes) {
  const sections = readSections(bytes);
  const within = (id) => new WasmReader(sections.find((section) => section.id === id)?.content ?? Uint8Array.of(0));
  if (sections.some(({ id }) => id === sectionId.start))
    throw new Error("the WebAssembly has a function that starts it");
  const [types, imported, own] = [within(sectionId.type), within(sectionId.import), within(sectionId.function)];
  const typeBytes = types.vector(() => readFunctionType(types));
  const importedTypes = imported.vector(() => readFunctionImport(imported));
  const [exports, elements, code] = [within(sectionId.export), within(sectionId.element), within(sectionId.code)];
  return {
    sections,
    /** For each type that there is: its bytes, which are equal for equal types. */
    types: typeBytes,
    /** For each function, imported ones first: the number of its type. */
    functionTypes: [...importedTypes, ...own.vector(() => own.unsigned())],
    importedCount: importedTypes.length,
    exports: exports.vector(() => readExport(exports)),
    /** The functions that can be called through the table. */
    tableFunctions: elements.vector(() => readElements(elements)).flat(),
    bodies: code.vector(() => code.sized()),
  };
}

function readSections(bytes) {
  const reader = new WasmReader(bytes);
  if (Buffer.compare(reader.take(8), magic) !== 0) throw new Error("this is no WebAssembly");
  const sections = [];
  while (!reader.isAtEnd) sections.push({ id: reader.byte(), content: reader.sized() });
  return sections;
}

function readFunctionType(reader) {
  const start = reader.at;
  if (reader.byte() !== 0x60) throw new Error("the WebAssembly has types other than of functions");
  reader.sized();
  reader.sized();
  return Buffer.from(reader.bytes.subarray(start, reader.at)).toString("hex");
}

function readFunctionImport(reader) {
  reader.sized();
  reader.sized();
  if (reader.byte() !== functionKind) throw new Error("the WebAssembly imports other things than functions");
  return reader.unsigned();
}

function readExport(reader) {
  const start = reader.at;
  const name = Buffer.from(reader.sized()).toString();
  const kind = reader.byte();
  return { name, kind, index: reader.unsigned(), bytes: reader.bytes.subarray(start, reader.at) };
}

/** Of the one table, at a constant offset. */
function readElements(reader) {
  if (reader.unsigned() !== 0) throw new Error("the WebAssembly fills its table in another way");
  if (reader.byte() !== 0x41) throw new Error("the WebAssembly fills its table at an offset that is no constant");
  reader.skipNumber();
  if (reader.byte() !== 0x0b) throw new Error("the WebAssembly fills its table at an offset that is no constant");
  return reader.vector(() => reader.unsigned());
}
